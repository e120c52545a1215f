/** FLAC (RFC 9639): the stream's own facts, its tags, and whether its end is there. */
import {
  COVER_BYTES_MAX,
  FLAC_BLOCKS_MAX,
  FLAC_TAILS_BYTES,
  TAG_BLOCK_BYTES_MAX,
} from '../../../config/limits.ts';
import type { FileReader } from '../reader.ts';
import { RefusedError } from '../refusal.ts';
import { audioAt, type ReadSound } from '../sound.ts';
import type { Tags } from '../tags/tags.ts';
import { flacPicture, readVorbisComment } from '../tags/vorbis-comment.ts';

const BLOCK = { streamInfo: 0, vorbisComment: 4, picture: 6 } as const;
const STREAM_INFO_BYTES = 34;
const PICTURE_HEAD_BYTES = 4096;
const NO_MD5 = '0'.repeat(32);

interface StreamInfo {
  readonly sampleRate: number;
  readonly channels: number;
  readonly bitDepth: number;
  /** 0 when the encoder did not know. */
  readonly samples: number;
  readonly blockSamplesMin: number;
  readonly blockSamplesMax: number;
  readonly md5: string;
}

/** @param start behind an ID3 tag that has no business there, but is found */
export function readFlac(file: FileReader, start: number, tags: Tags): ReadSound {
  let at = start + 4;
  let info: StreamInfo | undefined;
  for (let blocks = 0; ; blocks++) {
    const head = file.read(at, 4);
    if (head.length < 4 || blocks > FLAC_BLOCKS_MAX) throw new RefusedError('DAMAGED');
    const type = (head[0] as number) & 0x7f;
    const isLast = ((head[0] as number) & 0x80) !== 0;
    const bytes = head.readUIntBE(1, 3);
    const body = at + 4;
    at = body + bytes;
    if (type === BLOCK.streamInfo) info = streamInfo(file.read(body, STREAM_INFO_BYTES));
    if (type === BLOCK.vorbisComment && bytes <= TAG_BLOCK_BYTES_MAX) {
      readVorbisComment(file.read(body, bytes), tags);
    }
    if (type === BLOCK.picture && bytes <= COVER_BYTES_MAX) {
      const picture = flacPicture(file.read(body, Math.min(bytes, PICTURE_HEAD_BYTES)), bytes);
      if (picture) tags.addPicture({ ...picture, read: () => file.copy(body + picture.at, picture.bytes) });
    }
    if (isLast) break;
  }
  if (!info || info.sampleRate === 0) throw new RefusedError('DAMAGED');
  if (at >= file.size) throw new RefusedError('TRUNCATED');
  const end = endOf(file, at, info);
  if (info.samples > 0 && end !== info.samples) throw new RefusedError('TRUNCATED');
  const { sampleRate, channels, bitDepth, samples, md5 } = info;
  return {
    sound: {
      format: 'flac',
      codec: 'flac',
      lossless: true,
      sampleRate,
      channels,
      bitDepth,
      ...(samples > 0 && { samples }),
      durationMs: Math.round(((samples || (end ?? 0)) * 1000) / sampleRate),
    },
    audio: audioAt(file, at, file.size),
    ...(samples > 0 && md5 !== NO_MD5 && { decodedDigest: md5 }),
  };
}

export function streamInfo(block: Buffer): StreamInfo {
  if (block.length < STREAM_INFO_BYTES) throw new RefusedError('DAMAGED');
  const rateAndMore = block.readUInt32BE(10);
  return {
    blockSamplesMin: block.readUInt16BE(0),
    blockSamplesMax: block.readUInt16BE(2),
    sampleRate: rateAndMore >>> 12,
    channels: ((rateAndMore >>> 9) & 7) + 1,
    bitDepth: ((rateAndMore >>> 4) & 31) + 1,
    samples: (rateAndMore & 15) * 2 ** 32 + block.readUInt32BE(14),
    md5: block.toString('hex', 18, 34),
  };
}

/** The last frame's header says which samples it holds; they must be the last that the stream declares. */
function endOf(file: FileReader, audioStart: number, info: StreamInfo): number | undefined {
  for (const bytes of FLAC_TAILS_BYTES) {
    const end = endIn(file.read(Math.max(audioStart, file.size - bytes), bytes), info);
    if (end !== undefined) return end;
  }
  return undefined;
}

function endIn(tail: Buffer, info: StreamInfo): number | undefined {
  for (let at = tail.lastIndexOf(0xff); at >= 0; at = at === 0 ? -1 : tail.lastIndexOf(0xff, at - 1)) {
    const frame = frameAt(tail, at, info);
    // A header may turn up by chance in the frame that it ends; the true one is further ahead.
    if (frame && (info.samples === 0 || frame.end === info.samples)) return frame.end;
  }
  return undefined;
}

const BLOCK_SAMPLES = [0, 192, 576, 1152, 2304, 4608, 0, 0, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768];

/** The samples of the frame whose header is at `at`: its end, or undefined when there is none. */
function frameAt(bytes: Buffer, at: number, info: StreamInfo): { readonly end: number } | undefined {
  if (at + 16 > bytes.length || ((bytes[at + 1] as number) & 0xfc) !== 0xf8) return undefined;
  const isVariable = ((bytes[at + 1] as number) & 1) !== 0;
  const sizeCode = (bytes[at + 2] as number) >>> 4;
  const rateCode = (bytes[at + 2] as number) & 15;
  const coded = codedNumber(bytes, at + 4);
  if (!coded || rateCode === 15) return undefined;
  let next = coded.next;
  let blockSamples = BLOCK_SAMPLES[sizeCode] ?? 0;
  if (sizeCode === 6) blockSamples = (bytes[next++] as number) + 1;
  if (sizeCode === 7) {
    blockSamples = bytes.readUInt16BE(next) + 1;
    next += 2;
  }
  next += rateCode === 12 ? 1 : rateCode >= 13 ? 2 : 0;
  if (blockSamples === 0 || next >= bytes.length || crc8(bytes, at, next) !== bytes[next]) return undefined;
  const first = isVariable ? coded.value : coded.value * info.blockSamplesMax;
  return { end: first + blockSamples };
}

/** A number coded as UTF-8 codes characters, of up to 36 bits. */
function codedNumber(bytes: Buffer, at: number): { value: number; next: number } | undefined {
  const lead = bytes[at] as number;
  const extra = lead < 0x80 ? 0 : Math.clz32(~(lead << 24)) - 1;
  if (extra < 0 || extra > 6 || (lead >= 0x80 && extra === 0) || at + extra + 1 > bytes.length)
    return undefined;
  let value = extra === 0 ? lead : lead & (0x3f >>> extra);
  for (let i = 1; i <= extra; i++) value = value * 64 + ((bytes[at + i] as number) & 0x3f);
  return { value, next: at + extra + 1 };
}

/** Polynomial 0x07 (RFC 9639 9.1.8). */
function crc8(bytes: Buffer, start: number, end: number): number {
  let crc = 0;
  for (let at = start; at < end; at++) {
    crc ^= bytes[at] as number;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : crc << 1;
  }
  return crc;
}
