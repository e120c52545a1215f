/** Reads what ffmpeg encoded: one AAC track in a fragmented MP4. */
import { FRAME_SAMPLES } from '../types.ts';
import { boxesIn, boxHeader, findBox, malformed, needBox } from './boxes.ts';

/** Bytes [start, end) of the file; fewer only where the file ends. */
export type ReadRange = (start: number, end: number) => Promise<Buffer>;

export interface AudioTrack {
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  /** The sample description box: it holds the decoder's configuration. */
  readonly stsd: Buffer;
  /** Samples that the encoder put before the music (ISO 14496-12 edit list). */
  readonly priming: number;
}

/** The frames of one fragment: their sizes, and where the first begins in the file; the others follow it. */
export interface CodedFragment {
  readonly frameBytes: readonly number[];
  /** Samples the fragment says to hold; the last one's final frame is shorter than a full frame. */
  readonly samples: number;
  readonly start: number;
}

const HEADER_BYTES_MAX = 64 * 1024;
const TRUN_DATA_OFFSET = 0x1;
const TRUN_FIRST_FLAGS = 0x4;
const TRUN_DURATION = 0x100;
const TRUN_SIZE = 0x200;
const TRUN_FLAGS = 0x400;
const TRUN_COMPOSITION = 0x800;
const TFHD_BASE_DATA_OFFSET = 0x1;
const TFHD_DESCRIPTION_INDEX = 0x2;
const TFHD_DURATION = 0x8;
const TFHD_SIZE = 0x10;

/** @throws BadRequestError `MALFORMED_MP4`. */
export async function readEncoded(
  read: ReadRange,
  fileBytes: number,
): Promise<{ track: AudioTrack; fragments: CodedFragment[] }> {
  let track: AudioTrack | undefined;
  const fragments: CodedFragment[] = [];
  let moof: { bytes: Buffer; at: number } | undefined;
  for (let at = 0; at < fileBytes; ) {
    const header = boxHeader(await read(at, Math.min(at + 16, fileBytes)));
    const end = at + header.bytes;
    if (end > fileBytes) throw malformed(`box ${header.type} is cut short`);
    if (header.type === 'moov' || header.type === 'moof') {
      if (header.bytes > HEADER_BYTES_MAX) throw malformed(`box ${header.type} is too large`);
      const bytes = await read(at, end);
      if (header.type === 'moov') track = trackOf(bytes);
      else moof = { bytes, at };
    } else if (header.type === 'mdat') {
      if (!moof) throw malformed('it is not fragmented');
      const { frameBytes, samples } = framesOf(moof.bytes);
      const start = at + header.headerBytes;
      if (start + sum(frameBytes) !== end) throw malformed('a fragment holds more or less than its frames');
      if (frameBytes.length > 0) fragments.push({ frameBytes, samples, start });
      moof = undefined;
    }
    at = end;
  }
  if (!track) throw malformed('it has no moov');
  return { track, fragments };
}

export function trackOf(moov: Buffer): AudioTrack {
  const mdia = needBox(moov, 'moov/trak/mdia');
  const mdhd = needBox(moov, 'mdhd', mdia.bodyStart, mdia.end);
  const stsd = needBox(moov, 'minf/stbl/stsd', mdia.bodyStart, mdia.end);
  const entry = boxesIn(moov, stsd.bodyStart + 8, stsd.end)[0];
  if (entry?.type !== 'mp4a') throw malformed('its track is not AAC');
  const channels = channelsOf(moov.subarray(entry.bodyStart, entry.end));
  const description = Buffer.from(moov.subarray(stsd.start, stsd.end));
  // ffmpeg writes 2 here whatever it encoded; the decoder's configuration is right.
  description.writeUInt16BE(channels, entry.bodyStart + CHANNEL_COUNT_AT - stsd.start);
  const elst = findBox(moov, 'moov/trak/edts/elst');
  return {
    sampleRate: moov.readUInt32BE(mdhd.bodyStart + (moov[mdhd.bodyStart] === 1 ? 20 : 12)),
    channels,
    stsd: description,
    priming: elst ? moov.readUInt32BE(elst.bodyStart + 12) : 0,
  };
}

/** An audio sample entry (ISO 14496-12, 12.2.3): where its channel count stands and where its boxes begin. */
const CHANNEL_COUNT_AT = 16;
const AUDIO_ENTRY_BYTES = 28;
/** Descriptors of ISO 14496-1 on the way to the decoder's configuration, with what precedes the next one. */
const DESCRIPTORS = [
  { tag: 3, skipBytes: 3 },
  { tag: 4, skipBytes: 13 },
  { tag: 5, skipBytes: 0 },
];

/** The channel configuration of the AudioSpecificConfig (ISO 14496-3, 1.6.2.1) in an mp4a entry. */
function channelsOf(entry: Buffer): 1 | 2 {
  let at = needBox(entry, 'esds', AUDIO_ENTRY_BYTES).bodyStart + 4;
  for (const { tag, skipBytes } of DESCRIPTORS) {
    if (entry[at++] !== tag) throw malformed('its decoder configuration is not AAC');
    while ((entry[at++] ?? 0) & 0x80);
    at += skipBytes;
  }
  const channels = (entry.readUInt16BE(at) >> 3) & 0xf;
  if (channels !== 1 && channels !== 2) throw malformed(`it has channel configuration ${channels}`);
  return channels;
}

/** Sizes of the frames of a moof with one track, and the samples that it says they last. */
export function framesOf(moof: Buffer): { frameBytes: number[]; samples: number } {
  const traf = needBox(moof, 'moof/traf');
  const defaults = defaultsOf(moof, needBox(moof, 'tfhd', traf.bodyStart, traf.end).bodyStart);
  const frameBytes: number[] = [];
  let samples = 0;
  for (const trun of boxesIn(moof, traf.bodyStart, traf.end).filter((child) => child.type === 'trun')) {
    const flags = moof.readUInt32BE(trun.bodyStart) & 0xffffff;
    const count = moof.readUInt32BE(trun.bodyStart + 4);
    let at = trun.bodyStart + 8;
    if (flags & TRUN_DATA_OFFSET) at += 4;
    if (flags & TRUN_FIRST_FLAGS) at += 4;
    for (let i = 0; i < count; i++) {
      if (at > trun.end) throw malformed('a trun is cut short');
      const fields = { duration: defaults.duration, size: defaults.size };
      if (flags & TRUN_DURATION) {
        fields.duration = moof.readUInt32BE(at);
        at += 4;
      }
      if (flags & TRUN_SIZE) {
        fields.size = moof.readUInt32BE(at);
        at += 4;
      }
      if (flags & TRUN_FLAGS) at += 4;
      if (flags & TRUN_COMPOSITION) at += 4;
      frameBytes.push(fields.size);
      samples += fields.duration;
    }
  }
  return { frameBytes, samples };
}

function defaultsOf(moof: Buffer, tfhdBody: number): { duration: number; size: number } {
  const flags = moof.readUInt32BE(tfhdBody) & 0xffffff;
  let at = tfhdBody + 8;
  if (flags & TFHD_BASE_DATA_OFFSET) at += 8;
  if (flags & TFHD_DESCRIPTION_INDEX) at += 4;
  let duration = FRAME_SAMPLES;
  if (flags & TFHD_DURATION) {
    duration = moof.readUInt32BE(at);
    at += 4;
  }
  return { duration, size: flags & TFHD_SIZE ? moof.readUInt32BE(at) : 0 };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
