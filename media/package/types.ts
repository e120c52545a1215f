/**
 * What a packaged song is: the files that ingest writes and the edge serves.
 *
 * `tracks/<songId>/<encodingId>/<rung>.mp4` is one clear CMAF file a rendition: an init section of `initBytes`,
 * then one moof + mdat a segment, cut at the same sample in every rendition. Nothing else is stored of the
 * audio: HLS, DASH and the progressive file are all made from it. `index.json` is written last and once: a song
 * whose index is there is whole, and of two who encode it at the same time the index names one.
 */
import type { Rung } from '../../actors/catalog/contract.ts';

export const PACKAGE_VERSION = 1;
/** MPEG-4 AAC-LC in RFC 6381's words. */
export const CODEC = 'mp4a.40.2';
/** PCM samples that one AAC-LC frame decodes to. */
export const FRAME_SAMPLES = 1024;

/** One segment as bytes [offset, offset + bytes) of the rendition's file. */
export interface SegmentEntry {
  readonly offset: number;
  /** moof and the mdat's header; the coded frames lie behind them up to `bytes`. */
  readonly headBytes: number;
  readonly bytes: number;
  /** Decoded samples, always whole frames: the first segment's hold the priming, the last one's the padding. */
  readonly samples: number;
}

/** What players are told of a rendition. */
export interface RenditionLayout {
  /** Nominal bit rate in kbit/s. */
  readonly rung: Rung;
  readonly codec: typeof CODEC;
  readonly channels: 1 | 2;
  /**
   * The largest segment's bit rate, as served (encrypted), and never below the nominal one: players sort by
   * this, and a simple song must not turn the ladder around.
   */
  readonly bandwidthBps: number;
  readonly averageBps: number;
  readonly segments: readonly Pick<SegmentEntry, 'samples'>[];
}

/** A rendition as it lies in its file. */
export interface Rendition extends RenditionLayout {
  readonly initBytes: number;
  readonly fileBytes: number;
  readonly segments: readonly SegmentEntry[];
}

export interface LoudnessMeasure {
  readonly integratedLufs: number;
  readonly truePeakDbtp: number;
}

/** What players are told of a song. */
export interface TrackLayout {
  readonly songId: string;
  /** `samples` in milliseconds, rounded. */
  readonly durationMs: number;
  readonly sampleRate: number;
  /** Samples that sound. Decoding gives `priming` samples before them and padding after. */
  readonly samples: number;
  readonly priming: number;
  /** Lowest rung first; every rendition is cut at the same samples. */
  readonly renditions: readonly RenditionLayout[];
}

export interface PackagedTrack extends TrackLayout {
  readonly version: typeof PACKAGE_VERSION;
  /** Where its renditions lie; absent where they lie beside the index. */
  readonly encodingId?: string;
  readonly renditions: readonly Rendition[];
  /** Absent for silence, which has no loudness. */
  readonly loudness?: LoudnessMeasure;
  readonly preview?: { readonly startMs: number; readonly durationMs: number; readonly bytes: number };
  readonly waveform?: { readonly bins: number };
}

/** `tracks/<songId>/waveform.json`: the peak of each of `peaks.length` equal parts of the song, 0 to 100. */
export interface Waveform {
  readonly version: 1;
  readonly durationMs: number;
  readonly peaks: readonly number[];
}
