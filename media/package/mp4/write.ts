/** Writes the boxes of a song's renditions: CMAF init section and segments, and the progressive file's head. */
import { FRAME_SAMPLES } from '../types.ts';
import { BOX_HEADER_BYTES, box, fullBox, u16, u32, u64 } from './boxes.ts';
import type { AudioTrack } from './read.ts';

const TRACK_ID = 1;
const IDENTITY_MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
/** Language `und` in ISO 639-2/T, packed. */
const UNDETERMINED = 0x55c4;
/** Every frame of AAC-LC can be decoded by itself: sample_depends_on = 2. */
const SYNC_SAMPLE_FLAGS = 0x02000000;

const ftyp = (major: string, ...compatible: readonly string[]): Buffer =>
  box('ftyp', Buffer.from(major), u32(0), Buffer.from([major, ...compatible].join('')));

interface MovieTimes {
  /** Samples that sound; the movie's timescale is the sample rate, so that edits are exact. */
  readonly samples: number;
  /** Media samples with priming and padding; 0 in a fragmented file, whose fragments tell. */
  readonly mediaSamples: number;
}

/** The sample table after stsd: empty in a fragmented file. */
type SampleTable = readonly Buffer[];

const EMPTY_SAMPLE_TABLE: SampleTable = [
  fullBox('stts', 0, 0, u32(0)),
  fullBox('stsc', 0, 0, u32(0)),
  fullBox('stsz', 0, 0, u32(0, 0)),
  fullBox('stco', 0, 0, u32(0)),
];

function moov(track: AudioTrack, times: MovieTimes, table: SampleTable, ...tail: readonly Buffer[]): Buffer {
  const mvhd = fullBox(
    'mvhd',
    0,
    0,
    u32(0, 0, track.sampleRate, times.mediaSamples === 0 ? 0 : times.samples, 0x10000),
    u16(0x100),
    Buffer.alloc(10),
    IDENTITY_MATRIX,
    Buffer.alloc(24),
    u32(TRACK_ID + 1),
  );
  const tkhd = fullBox(
    'tkhd',
    0,
    3,
    u32(0, 0, TRACK_ID, 0, times.mediaSamples === 0 ? 0 : times.samples),
    Buffer.alloc(8),
    u16(0),
    u16(0),
    u16(0x100),
    u16(0),
    IDENTITY_MATRIX,
    u32(0, 0),
  );
  // The edit is what makes the song gapless: it starts after the priming and ends before the padding.
  const edts = box('edts', fullBox('elst', 0, 0, u32(1, times.samples, track.priming, 0x10000)));
  const mdhd = fullBox(
    'mdhd',
    0,
    0,
    u32(0, 0, track.sampleRate, times.mediaSamples),
    u16(UNDETERMINED),
    u16(0),
  );
  const hdlr = fullBox(
    'hdlr',
    0,
    0,
    u32(0),
    Buffer.from('soun'),
    Buffer.alloc(12),
    Buffer.from('Antiphon\0'),
  );
  const minf = box(
    'minf',
    fullBox('smhd', 0, 0, u32(0)),
    box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1))),
    box('stbl', track.stsd, ...table),
  );
  return box('moov', mvhd, box('trak', tkhd, edts, box('mdia', mdhd, hdlr, minf)), ...tail);
}

/** ISO 14496-3, table 1.18. */
const SAMPLING_FREQUENCY_INDEX: Readonly<Record<number, number>> = { 48000: 3, 44100: 4 };
const AAC_LC = 2;

/**
 * The stsd box of AAC-LC: what a decoder must know, and the same for every encoding of a rung, so that
 * segments of different encodings play behind one init section.
 */
export function sampleDescription({
  sampleRate,
  channels,
  rung,
}: {
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  /** kbit/s. */
  readonly rung: number;
}): Buffer {
  const frequencyIndex = SAMPLING_FREQUENCY_INDEX[sampleRate];
  if (frequencyIndex === undefined) throw new Error(`no rendition has ${sampleRate} Hz`);
  // AudioSpecificConfig, with the word that there is no spectral band replication (1.6.6.1).
  const config = Buffer.concat([
    u16((AAC_LC << 11) | (frequencyIndex << 7) | (channels << 3)),
    Buffer.from([0x56, 0xe5, 0x00]),
  ]);
  const descriptor = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
    const body = Buffer.concat(parts);
    return Buffer.concat([Buffer.from([tag, body.length]), body]);
  };
  const bitRate = rung * 1000;
  const decoderConfig = descriptor(
    4,
    // MPEG-4 audio, an audio stream, no buffer size told.
    Buffer.from([0x40, 0x15, 0, 0, 0]),
    u32(bitRate, bitRate),
    descriptor(5, config),
  );
  const esds = fullBox(
    'esds',
    0,
    0,
    descriptor(3, u16(TRACK_ID), Buffer.from([0]), decoderConfig, descriptor(6, Buffer.from([2]))),
  );
  const entry = box(
    'mp4a',
    Buffer.alloc(6),
    u16(1),
    Buffer.alloc(8),
    u16(channels),
    u16(16),
    Buffer.alloc(4),
    u16(sampleRate),
    u16(0),
    esds,
  );
  return fullBox('stsd', 0, 0, u32(1), entry);
}

/** ftyp + moov before the segments; its size does not depend on `samples`. */
export const initSection = (track: AudioTrack, samples: number): Buffer =>
  Buffer.concat([
    ftyp('iso6', 'cmfc', 'mp41'),
    moov(
      track,
      { samples, mediaSamples: 0 },
      EMPTY_SAMPLE_TABLE,
      box(
        'mvex',
        fullBox('mehd', 0, 0, u32(samples)),
        fullBox('trex', 0, 0, u32(TRACK_ID, 1, FRAME_SAMPLES, 0, SYNC_SAMPLE_FLAGS)),
      ),
    ),
  ]);

/** moof and the header of the mdat that follows it; every frame lasts a full 1024 samples. */
export function segmentHead(index: number, startSample: number, frameBytes: readonly number[]): Buffer {
  const moofOf = (dataOffset: number): Buffer =>
    box(
      'moof',
      fullBox('mfhd', 0, 0, u32(index + 1)),
      box(
        'traf',
        // default-base-is-moof, with the default duration and flags of a frame.
        fullBox('tfhd', 0, 0x020028, u32(TRACK_ID, FRAME_SAMPLES, SYNC_SAMPLE_FLAGS)),
        fullBox('tfdt', 1, 0, u64(startSample)),
        fullBox('trun', 0, 0x201, u32(frameBytes.length, dataOffset), u32(...frameBytes)),
      ),
    );
  const moof = moofOf(moofOf(0).length + BOX_HEADER_BYTES);
  const dataBytes = frameBytes.reduce((total, bytes) => total + bytes, 0);
  return Buffer.concat([moof, u32(BOX_HEADER_BYTES + dataBytes), Buffer.from('mdat')]);
}

/**
 * ftyp + moov + the mdat's header of a progressive file whose chunks are the segments, in order.
 * @param chunks sizes of the frames of each segment
 */
export function progressiveHead(
  track: AudioTrack,
  samples: number,
  chunks: readonly (readonly number[])[],
): Buffer {
  const frames = chunks.flat();
  const brand = ftyp('M4A ', 'isom', 'mp42');
  const chunkBytes = chunks.map((chunk) => chunk.reduce((total, bytes) => total + bytes, 0));
  const moovAt = (firstChunkAt: number): Buffer => {
    let at = firstChunkAt;
    const offsets = chunkBytes.map((bytes) => {
      at += bytes;
      return at - bytes;
    });
    return moov(track, { samples, mediaSamples: frames.length * FRAME_SAMPLES }, [
      fullBox('stts', 0, 0, u32(1, frames.length, FRAME_SAMPLES)),
      fullBox('stsc', 0, 0, framesPerChunk(chunks)),
      fullBox('stsz', 0, 0, u32(0, frames.length, ...frames)),
      fullBox('stco', 0, 0, u32(offsets.length, ...offsets)),
    ]);
  };
  const headBytes = brand.length + moovAt(0).length + BOX_HEADER_BYTES;
  const dataBytes = chunkBytes.reduce((total, bytes) => total + bytes, 0);
  return Buffer.concat([
    brand,
    moovAt(headBytes),
    u32(BOX_HEADER_BYTES + dataBytes),
    Buffer.from('mdat', 'latin1'),
  ]);
}

/** The stsc box: one run for each change in the number of frames. */
function framesPerChunk(chunks: readonly (readonly number[])[]): Buffer {
  const runs = chunks.flatMap((chunk, i) =>
    chunk.length === chunks[i - 1]?.length ? [] : [[i + 1, chunk.length, 1]],
  );
  return u32(runs.length, ...runs.flat());
}
