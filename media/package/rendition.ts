/**
 * Turns one encoded file into a rendition: the same frames behind our own boxes, so that every ffmpeg gives
 * the same layout, and a segment can be served as it lies there.
 */
import type { Rung } from '../../actors/catalog/contract.ts';
import { UnsupportedError } from '../../kit/errors.ts';
import { encryptedBytes } from './encrypt.ts';
import { initOf, PRIMING_SAMPLES, segmentFrames } from './layout.ts';
import { malformed } from './mp4/boxes.ts';
import { type AudioTrack, type CodedFragment, type ReadRange, readEncoded } from './mp4/read.ts';
import { segmentHead } from './mp4/write.ts';
import type { ByteRange } from './segment.ts';
import { CODEC, FRAME_SAMPLES, type Rendition, type SegmentEntry } from './types.ts';

interface CutSegment {
  readonly frameBytes: readonly number[];
  /** Where they lie in the encoded file, in order. */
  readonly data: readonly ByteRange[];
}

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
  const { track, fragments } = await readEncoded(read, encodedBytes);
  if (track.priming !== PRIMING_SAMPLES) throw malformed(`its priming is ${track.priming} samples`);
  const cut = cutAsPlanned(fragments, track.sampleRate);
  const samples = fragments.reduce((total, fragment) => total + fragment.samples, 0) - track.priming;
  if (samples <= 0) throw new UnsupportedError('NO_AUDIO', 'Nothing in the file could be decoded to sound.');
  const init = initOf({ ...track, samples }, { rung, channels: track.channels });
  const heads = headsOf(cut);
  const segments = layOut(init.length, heads, cut);
  return {
    rendition: renditionOf(rung, track, init.length, segments),
    sampleRate: track.sampleRate,
    priming: track.priming,
    samples,
    async *content() {
      yield init;
      for (const [i, { data }] of cut.entries()) {
        yield heads[i] as Buffer;
        for (const { start, end } of data) yield await read(start, end);
      }
    },
  };
}

/** The same frames, cut where the layout says, however the encoder's fragments lie. */
function cutAsPlanned(fragments: readonly CodedFragment[], sampleRate: number): CutSegment[] {
  const frames = fragments.flatMap(({ frameBytes, start }) => {
    let at = start;
    return frameBytes.map((bytes) => {
      at += bytes;
      return { start: at - bytes, end: at };
    });
  });
  let first = 0;
  return segmentFrames(frames.length, sampleRate).map((count) => {
    const own = frames.slice(first, first + count);
    first += count;
    const data: ByteRange[] = [];
    for (const { start, end } of own) {
      const last = data.at(-1);
      if (last?.end === start) data[data.length - 1] = { start: last.start, end };
      else data.push({ start, end });
    }
    return { frameBytes: own.map(({ start, end }) => end - start), data };
  });
}

function headsOf(segments: readonly CutSegment[]): Buffer[] {
  let startSample = 0;
  return segments.map(({ frameBytes }, i) => {
    const head = segmentHead(i, startSample, frameBytes);
    startSample += frameBytes.length * FRAME_SAMPLES;
    return head;
  });
}

function layOut(
  initBytes: number,
  heads: readonly Buffer[],
  segments: readonly CutSegment[],
): SegmentEntry[] {
  let offset = initBytes;
  return segments.map(({ frameBytes, data }, i) => {
    const headBytes = heads[i]?.length ?? 0;
    const bytes = headBytes + data.reduce((total, { start, end }) => total + end - start, 0);
    const entry = { offset, headBytes, bytes, samples: frameBytes.length * FRAME_SAMPLES };
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
