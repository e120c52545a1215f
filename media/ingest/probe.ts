/**
 * Steps 1 and 2: what a file really is, and the identity of its sound.
 *
 * The identity is a digest of the coded audio packets: it survives a new name, a new place and new tags.
 */
import { open, stat } from 'node:fs/promises';
import {
  INGEST_FILE_BYTES_MAX,
  INGEST_PROBE_MS_MAX,
  INGEST_SONG_MS_MAX,
  INGEST_SONG_MS_MIN,
} from '../../config/limits.ts';
import { RefusedError } from '../files/refusal.ts';
import { id3Bytes, SNIFFED_BYTES, type Sniffed, sniff } from '../files/sniff.ts';
import { assertWhole } from '../files/whole.ts';
import { type Ffmpeg, inputArgs, runFfmpeg } from './ffmpeg.ts';

export interface Probed extends Sniffed {
  readonly path: string;
  readonly codec: string;
  readonly sampleRate: number;
  /** As the container declares it; absent when it does not. */
  readonly durationMs?: number;
  /** SHA-256 over the coded audio packets, hex. */
  readonly audioDigest: string;
}

const CODECS: Readonly<Record<Sniffed['format'], RegExp>> = {
  flac: /^flac$/,
  mp3: /^mp3(float)?$/,
  ogg: /^(vorbis|opus|flac)$/,
  m4a: /^(aac|alac)$/,
  wav: /^(pcm_\w+|adpcm_\w+)$/,
  aiff: /^pcm_\w+$/,
};

/** @throws RefusedError */
export async function probe(path: string, ffmpeg: Ffmpeg, signal?: AbortSignal): Promise<Probed> {
  const sniffed = await sniffFile(path);
  await assertWhole(path, sniffed.format);
  const run = await runFfmpeg(
    ffmpeg,
    [
      ...inputArgs(path, sniffed.demuxer),
      ...['-map', '0:a:0', '-c', 'copy', '-f', 'hash', '-hash', 'sha256', 'pipe:1'],
    ],
    INGEST_PROBE_MS_MAX,
    signal,
  );
  if (run.timedOut) throw new RefusedError('TOO_SLOW');
  // What stands before the output is about the input.
  const input = run.stderr.split(/^Output #0/m)[0] ?? '';
  if (/^ *Stream #0:.*: Video: (?!.*\(attached pic\))/m.test(input)) throw new RefusedError('IS_VIDEO');
  const audio = /^ *Stream #0:.*: Audio: ([a-z0-9_]+).*?, (\d+) Hz/m.exec(input);
  if (!audio?.[1] || !audio[2]) {
    throw new RefusedError(/Stream #0:.*Audio/.test(input) ? 'DAMAGED' : 'NOT_MUSIC');
  }
  if (!CODECS[sniffed.format].test(audio[1])) throw new RefusedError('UNSUPPORTED_CODEC', audio[1]);
  const audioDigest = /SHA256=([0-9a-f]{64})/i.exec(run.stdout)?.[1]?.toLowerCase();
  if (run.exitCode !== 0 || !audioDigest) throw new RefusedError('DAMAGED');
  const durationMs = declaredDurationMs(input);
  if (durationMs !== undefined) assertLength(durationMs);
  return {
    ...sniffed,
    path,
    codec: audio[1],
    sampleRate: Number(audio[2]),
    audioDigest,
    ...(durationMs !== undefined && { durationMs }),
  };
}

/** @throws RefusedError `TOO_SHORT`, `TOO_LONG` */
export function assertLength(durationMs: number): void {
  if (durationMs < INGEST_SONG_MS_MIN) throw new RefusedError('TOO_SHORT');
  if (durationMs > INGEST_SONG_MS_MAX) throw new RefusedError('TOO_LONG');
}

/** @throws RefusedError `EMPTY`, `TOO_LARGE`, `NOT_MUSIC` */
export async function sniffFile(path: string): Promise<Sniffed> {
  const { size } = await stat(path);
  if (size === 0) throw new RefusedError('EMPTY');
  if (size > INGEST_FILE_BYTES_MAX) throw new RefusedError('TOO_LARGE');
  const file = await open(path, 'r');
  try {
    const read = async (at: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFFED_BYTES), 0, SNIFFED_BYTES, at);
      return buffer.subarray(0, bytesRead);
    };
    const start = await read(0);
    const tagBytes = id3Bytes(start);
    const sniffed = sniff(tagBytes > 0 ? await read(tagBytes) : start);
    if (!sniffed) throw new RefusedError('NOT_MUSIC');
    return sniffed;
  } finally {
    await file.close();
  }
}

function declaredDurationMs(input: string): number | undefined {
  const match = /^ *Duration: (\d+):(\d+):(\d+\.\d+)/m.exec(input);
  if (!match) return undefined;
  const [hours, minutes, seconds] = match.slice(1).map(Number) as [number, number, number];
  return Math.round((hours * 3600 + minutes * 60 + seconds) * 1000);
}
