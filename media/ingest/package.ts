/**
 * Step 4: stores what was encoded. The index goes last and once: a song whose index is there is whole, and who
 * comes second with an encoding of the same song takes the first one's.
 */
import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, readFile, stat } from 'node:fs/promises';
import { PREVIEW_MS } from '../../config/limits.ts';
import { ConflictError } from '../../kit/errors.ts';
import type { Objects } from '../../kit/ports/objects.ts';
import { assertLength } from '../files/read-file.ts';
import { RefusedError } from '../files/refusal.ts';
import type { ReadRange } from '../package/mp4/read.ts';
import { trackKeys } from '../package/names.ts';
import { type EncodedRendition, renditionFrom } from '../package/rendition.ts';
import { PACKAGE_VERSION, type PackagedTrack } from '../package/types.ts';
import type { Transcoded } from './transcode.ts';
import { PCM_SAMPLE_BYTES, waveformOf } from './waveform.ts';

/** What decoding may fall short of the declared length: encoders pad, and containers round. */
const SHORTFALL_MS_MAX = 250;
const SHORTFALL_MAX = 0.002;

/**
 * @param declaredMs what the source says to last
 * @param encodingId of this encoding alone, so that no other one's files are ever written over
 * @throws RefusedError `TRUNCATED`, `TOO_SHORT`, `TOO_LONG`
 */
export async function storePackage(
  songId: string,
  transcoded: Transcoded,
  declaredMs: number | undefined,
  objects: Objects,
  encodingId: string,
): Promise<PackagedTrack> {
  const files: FileHandle[] = [];
  try {
    const encoded: EncodedRendition[] = [];
    for (const { rung, path } of transcoded.renditions) {
      const file = await open(path, 'r');
      files.push(file);
      encoded.push(await renditionFrom(readRangeOf(file), (await file.stat()).size, rung));
    }
    const track = await trackOf(songId, encoded, transcoded, declaredMs);
    for (const { rendition, content } of encoded) {
      await objects.put(trackKeys.rendition(songId, rendition.rung, encodingId), content());
    }
    const pcmSamples = (await stat(transcoded.pcmPath)).size / PCM_SAMPLE_BYTES;
    const waveform = await waveformOf(createReadStream(transcoded.pcmPath), pcmSamples, track.durationMs);
    await putOnce(trackKeys.waveform(songId), json(waveform), objects);
    await putOnce(trackKeys.preview(songId), await readFile(transcoded.previewPath), objects);
    const whole: PackagedTrack = { ...track, encodingId, waveform: { bins: waveform.peaks.length } };
    return await publishIndex(whole, objects);
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}

/** Whether it is ours; what another one has put there, of the same sound, stays. */
async function putOnce(key: string, content: Uint8Array, objects: Objects): Promise<boolean> {
  try {
    await objects.put(key, content, { ifAbsent: true });
    return true;
  } catch (error) {
    if (error instanceof ConflictError && error.code === 'OBJECT_EXISTS') return false;
    throw error;
  }
}

/** The track as it is from now on for everyone: this one, or that of whoever was first. */
async function publishIndex(track: PackagedTrack, objects: Objects): Promise<PackagedTrack> {
  const { songId, encodingId } = track;
  if (await putOnce(trackKeys.index(songId), json(track), objects)) return track;
  const first = await packagedTrack(songId, objects);
  if (!first) throw new Error(`${songId} has an index of another version under this version's name`);
  // The engine may have repeated our own put after a lost answer.
  if (first.encodingId !== encodingId) await deleteAll(trackKeys.encoding(songId, encodingId), objects);
  return first;
}

/** Removes encodings of a song that never became it: their workers died, or came second. */
export async function sweepEncodings({ songId, encodingId }: PackagedTrack, objects: Objects): Promise<void> {
  const kept = trackKeys.encoding(songId, encodingId);
  for await (const key of objects.list(trackKeys.prefix(songId))) {
    const isRendition = /^\d+\.mp4$/.test(key.slice(key.lastIndexOf('/') + 1));
    if (isRendition && key.slice(0, key.lastIndexOf('/') + 1) !== kept) await objects.delete(key);
  }
}

export async function deleteAll(prefix: string, objects: Objects): Promise<void> {
  for await (const key of objects.list(prefix)) await objects.delete(key);
}

/** The index of a song that is packaged in this version, or undefined. */
export async function packagedTrack(songId: string, objects: Objects): Promise<PackagedTrack | undefined> {
  const index = await objects.get(trackKeys.index(songId));
  if (!index) return undefined;
  const track = JSON.parse(index.toString('utf8')) as PackagedTrack;
  return track.version === PACKAGE_VERSION ? track : undefined;
}

async function trackOf(
  songId: string,
  encoded: readonly EncodedRendition[],
  transcoded: Transcoded,
  declaredMs: number | undefined,
): Promise<PackagedTrack> {
  const [first] = encoded;
  if (!first) throw new Error('a song has at least one rendition');
  const { sampleRate, priming, samples } = first;
  const shape = shapeOf(first);
  for (const other of encoded) {
    if (shapeOf(other) !== shape) throw new Error(`renditions of ${songId} are cut at different samples`);
  }
  const durationMs = Math.round((samples * 1000) / sampleRate);
  assertLength(durationMs);
  if (declaredMs !== undefined && durationMs < declaredMs * (1 - SHORTFALL_MAX) - SHORTFALL_MS_MAX) {
    const seconds = (ms: number): string => (ms / 1000).toFixed(1);
    throw new RefusedError('TRUNCATED', `${seconds(durationMs)} s of ${seconds(declaredMs)} s are there`);
  }
  return {
    version: PACKAGE_VERSION,
    songId,
    durationMs,
    sampleRate,
    samples,
    priming,
    renditions: encoded.map(({ rendition }) => rendition),
    ...(transcoded.loudness && { loudness: transcoded.loudness }),
    preview: {
      startMs: transcoded.previewStartMs,
      durationMs: Math.min(PREVIEW_MS, durationMs - transcoded.previewStartMs),
      bytes: (await stat(transcoded.previewPath)).size,
    },
  };
}

const shapeOf = ({ sampleRate, priming, samples, rendition }: EncodedRendition): string =>
  JSON.stringify([sampleRate, priming, samples, rendition.segments.map((segment) => segment.samples)]);

const readRangeOf =
  (file: FileHandle): ReadRange =>
  async (start, end) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    return buffer.subarray(0, bytesRead);
  };

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
