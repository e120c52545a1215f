/**
 * Turns one encoded file into a rendition: the same frames behind our own boxes, so that every ffmpeg gives
 * the same layout, and a segment can be served as it lies there.
 */
import type { Rung } from '../../actors/catalog/contract.ts';
import { UnsupportedError } from '../../kit/errors.ts';
import { encryptedBytes } from './encrypt.ts';
import { type AudioTrack, type CodedFragment, type ReadRange, readEncoded } from './mp4/read.ts';
import { initSection, segmentHead } from './mp4/write.ts';
import { CODEC, FRAME_SAMPLES, type Rendition, type SegmentEntry } from './types.ts';

const LAST_SEGMENT_SECONDS_MIN = 1;

export interface EncodedRendition {
  readonly rendition: Rendition;
  readonly sampleRate: number;
  readonly priming: number;
  /** Samples that sound. */
  readonly samples: number;
  /** The file to store, `rendition.fileBytes` in all. */
  content(): AsyncGenerator<Buffer>;
}

/**
 * Reads the boxes of `<rung>.mp4` as ffmpeg wrote it; the audio itself is read when the content is.
 * @throws UnsupportedError `NO_AUDIO`
 * @throws BadRequestError `MALFORMED_MP4`
 */
export async function renditionFrom(
  read: ReadRange,
  encodedBytes: number,
  rung: Rung,
): Promise<EncodedRendition> {
  const { track, fragments: written } = await readEncoded(read, encodedBytes);
  const fragments = withLastWhole(written, track.sampleRate);
  const samples = fragments.reduce((total, fragment) => total + fragment.samples, 0) - track.priming;
  if (samples <= 0) throw new UnsupportedError('NO_AUDIO', 'Nothing in the file could be decoded to sound.');
  const init = initSection(track, samples);
  const heads = headsOf(fragments);
  const segments = layOut(init.length, heads, fragments);
  return {
    rendition: renditionOf(rung, track, init.length, segments),
    sampleRate: track.sampleRate,
    priming: track.priming,
    samples,
    async *content() {
      yield init;
      for (const [i, fragment] of fragments.entries()) {
        yield heads[i] as Buffer;
        for (const { start, end } of fragment.data) yield await read(start, end);
      }
    },
  };
}

/**
 * A last segment of a few frames goes to the one before: hls.js looks for segments with a tolerance of 250 ms,
 * and takes a shorter one at the end for missing, so that the song never ends.
 */
function withLastWhole(fragments: CodedFragment[], sampleRate: number): CodedFragment[] {
  const [before, last] = fragments.slice(-2);
  if (!before || !last || last.frameBytes.length * FRAME_SAMPLES >= LAST_SEGMENT_SECONDS_MIN * sampleRate) {
    return fragments;
  }
  const merged = {
    frameBytes: [...before.frameBytes, ...last.frameBytes],
    samples: before.samples + last.samples,
    data: [...before.data, ...last.data],
  };
  return [...fragments.slice(0, -2), merged];
}

function headsOf(fragments: readonly CodedFragment[]): Buffer[] {
  let startSample = 0;
  return fragments.map((fragment, i) => {
    const head = segmentHead(i, startSample, fragment.frameBytes);
    startSample += fragment.frameBytes.length * FRAME_SAMPLES;
    return head;
  });
}

function layOut(
  initBytes: number,
  heads: readonly Buffer[],
  fragments: readonly CodedFragment[],
): SegmentEntry[] {
  let offset = initBytes;
  return fragments.map((fragment, i) => {
    const headBytes = heads[i]?.length ?? 0;
    const bytes = headBytes + fragment.data.reduce((total, { start, end }) => total + end - start, 0);
    const entry = { offset, headBytes, bytes, samples: fragment.frameBytes.length * FRAME_SAMPLES };
    offset += bytes;
    return entry;
  });
}

function renditionOf(
  rung: Rung,
  track: AudioTrack,
  initBytes: number,
  segments: readonly SegmentEntry[],
): Rendition {
  const bitsPerSecond = (bytes: number, samples: number): number =>
    Math.ceil((bytes * 8 * track.sampleRate) / samples);
  const served = segments.map((segment) => encryptedBytes(segment.bytes));
  // A short last segment is all header and says nothing about the link that is needed.
  const whole = segments.length > 1 ? segments.slice(0, -1) : segments;
  return {
    rung,
    codec: CODEC,
    channels: track.channels,
    bandwidthBps: Math.max(
      rung * 1000,
      ...whole.map((segment, i) => bitsPerSecond(served[i] ?? 0, segment.samples)),
    ),
    averageBps: bitsPerSecond(
      served.reduce((total, bytes) => total + bytes, 0),
      segments.reduce((total, segment) => total + segment.samples, 0),
    ),
    initBytes,
    fileBytes: segments.reduce((total, segment) => total + segment.bytes, initBytes),
    segments,
  };
}
