/** The least that just-in-time packaging needs from outside. */

/** A file that holds a song, as its headers describe it. */
export interface AudioFile {
  /** Absolute. */
  readonly path: string;
  /** The ffmpeg demuxer that reads it. */
  readonly demuxer: string;
  /** As ffmpeg names it. */
  readonly codec: string;
  readonly mimeType: string;
  readonly sampleRate: number;
  /** Exact, at `sampleRate`; absent when only decoding would tell. */
  readonly samples?: number;
  readonly durationMs: number;
  readonly bytes: number;
}

export interface Files {
  /** The file that a song is served from; undefined when none is there as it was read. */
  bestFile(songId: string): Promise<AudioFile | undefined>;
}
