/** What the edge asks of whoever makes a song's files at the moment they are asked for (media/jit). */
import type { Rung } from '../../actors/catalog/contract.ts';
import type { ReadRange } from '../package/mp4/read.ts';
import type { Rendition, TrackLayout, Waveform } from '../package/types.ts';

/** A song's own file. */
export interface OriginalFile {
  readonly path: string;
  readonly mimeType: string;
  readonly bytes: number;
}

/** Undefined stands for a song of which no file is there. */
export interface JustInTime {
  layout(songId: string): Promise<TrackLayout | undefined>;
  /** Clear. */
  segment(songId: string, rung: Rung, index: number): Promise<Buffer | undefined>;
  /** A whole rendition; `id` names its bytes. */
  file(
    songId: string,
    rung: Rung,
  ): Promise<{ readonly rendition: Rendition; readonly read: ReadRange; readonly id: string } | undefined>;
  waveform(songId: string): Promise<Waveform | undefined>;
  preview(songId: string): Promise<Buffer | undefined>;
  original(songId: string): Promise<OriginalFile | undefined>;
}
