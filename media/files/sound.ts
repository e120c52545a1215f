/** What a file's headers say of its sound, and the parts of it by which it is known again. */
import { createHash } from 'node:crypto';
import { IDENTITY_BLOCK_BYTES, IDENTITY_BLOCKS } from '../../config/limits.ts';
import type { FileReader } from './reader.ts';

export type SoundFormat = 'flac' | 'mp3' | 'ogg' | 'opus' | 'm4a' | 'wav' | 'aiff';

export interface Sound {
  readonly format: SoundFormat;
  /** As ffmpeg names it. */
  readonly codec: string;
  readonly lossless: boolean;
  readonly sampleRate: number;
  readonly channels: number;
  readonly bitDepth?: number;
  /** Exact, at `sampleRate`, without what encoders add before and after; absent when only decoding would tell. */
  readonly samples?: number;
  readonly durationMs: number;
}

/** Coded audio as one run of bytes, wherever in the file its parts lie. */
export interface CodedAudio {
  readonly bytes: number;
  /** Good until the next read. */
  read(at: number, length: number): Buffer;
}

export interface ReadSound {
  readonly sound: Sound;
  readonly audio: CodedAudio;
  /** A digest over the decoded sound that the encoder left behind: better than any of ours. */
  readonly decodedDigest?: string;
}

export const audioAt = (file: FileReader, start: number, end: number): CodedAudio => ({
  bytes: Math.max(0, end - start),
  read: (at, length) => file.read(start + at, Math.min(length, end - start - at)),
});

/**
 * The identity of a sound: its length in coded bytes and blocks sampled over them. Nothing of it changes when
 * the file is renamed, moved or retagged, or put into the same container by another program.
 */
export function identityOf({ sound, audio, decodedDigest }: ReadSound): string {
  const hash = createHash('sha256');
  const { codec, sampleRate, channels, samples } = sound;
  if (decodedDigest !== undefined) {
    return hash.update(JSON.stringify([codec, sampleRate, channels, samples, decodedDigest])).digest('hex');
  }
  hash.update(JSON.stringify([codec, sampleRate, channels, audio.bytes]));
  const last = Math.max(0, audio.bytes - IDENTITY_BLOCK_BYTES);
  const blocks = audio.bytes <= IDENTITY_BLOCK_BYTES ? 1 : IDENTITY_BLOCKS;
  for (let block = 0; block < blocks; block++) {
    const at = Math.floor((last * block) / Math.max(1, blocks - 1));
    hash.update(audio.read(at, IDENTITY_BLOCK_BYTES));
  }
  return hash.digest('hex');
}

/** Audio that lies in pieces, in order. */
export class Pieces implements CodedAudio {
  bytes = 0;
  readonly #file: FileReader;
  /** Where each piece begins, in the file and in the audio. */
  readonly #starts: number[] = [];
  readonly #offsets: number[] = [];

  constructor(file: FileReader) {
    this.#file = file;
  }

  add(start: number, bytes: number): void {
    const last = this.#starts.length - 1;
    const end = (this.#starts[last] as number) + this.bytes - (this.#offsets[last] as number);
    if (last < 0 || start !== end) {
      this.#starts.push(start);
      this.#offsets.push(this.bytes);
    }
    this.bytes += bytes;
  }

  read(at: number, length: number): Buffer {
    const parts: Buffer[] = [];
    const end = Math.min(at + length, this.bytes);
    for (let next = at, piece = this.#pieceAt(at); next < end; piece++) {
      const pieceEnd = this.#offsets[piece + 1] ?? this.bytes;
      const bytes = Math.min(end, pieceEnd) - next;
      const start = (this.#starts[piece] as number) + next - (this.#offsets[piece] as number);
      parts.push(Buffer.from(this.#file.read(start, bytes)));
      next += bytes;
    }
    return Buffer.concat(parts);
  }

  #pieceAt(at: number): number {
    let low = 0;
    for (let high = this.#offsets.length - 1; low < high; ) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#offsets[middle] as number) <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
