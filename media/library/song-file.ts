/** The files that hold a song, and which of them is served. */
import { stat } from 'node:fs/promises';
import { LIBRARY_FILES_PER_SONG_MAX } from '../../config/limits.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import { librarySongFiles } from './tables.ts';

export interface SongFile {
  /** Absolute. */
  readonly path: string;
  readonly format: 'flac' | 'mp3' | 'ogg' | 'opus' | 'm4a' | 'wav' | 'aiff';
  /** The ffmpeg demuxer that reads it. */
  readonly demuxer: string;
  readonly mimeType: string;
  /** As ffmpeg names it. */
  readonly codec: string;
  readonly lossless: boolean;
  readonly sampleRate: number;
  readonly bitDepth?: number;
  readonly channels: number;
  /** Exact, at `sampleRate`, without what encoders add before and after; absent when only decoding would tell. */
  readonly samples?: number;
  readonly durationMs: number;
  readonly bytes: number;
  readonly kbps: number;
}

/** Best first: lossless, then the finer sound, then the smaller file; the path makes it the same for everyone. */
export function byQuality(a: SongFile, b: SongFile): number {
  if (a.lossless !== b.lossless) return a.lossless ? -1 : 1;
  const finer = a.lossless
    ? (b.bitDepth ?? 0) - (a.bitDepth ?? 0) || b.sampleRate - a.sampleRate
    : b.kbps - a.kbps || b.sampleRate - a.sampleRate;
  return finer || a.bytes - b.bytes || (a.path < b.path ? -1 : 1);
}

/** The file that a song is served from: the best of those that are there. */
export type BestFile = (songId: string) => Promise<SongFile | undefined>;

export function createBestFile(tables: Tables): BestFile {
  const files = tables.open(librarySongFiles);
  return async (songId) => {
    const { rows } = await files.scan(songId, { limit: LIBRARY_FILES_PER_SONG_MAX });
    const best = rows.map(({ row }) => row).sort(byQuality);
    for (const file of best) if (await isThere(file)) return file;
    return undefined;
  };
}

/** A file that has become another one since it was read is not served before it has been read again. */
async function isThere({ path, bytes }: SongFile): Promise<boolean> {
  try {
    const found = await stat(path);
    return found.isFile() && found.size === bytes;
  } catch {
    return false;
  }
}
