/** Ogg (RFC 3533) with Vorbis, Opus (RFC 7845) or FLAC: pages, the headers in them, and where the music ends. */
import {
  OGG_PAGES_MAX,
  OGG_STREAMS_MAX,
  OGG_TRAILER_BYTES_MAX,
  TAG_BLOCK_BYTES_MAX,
} from '../../../config/limits.ts';
import type { FileReader } from '../reader.ts';
import { RefusedError } from '../refusal.ts';
import { Pieces, type ReadSound, type Sound } from '../sound.ts';
import type { Tags } from '../tags/tags.ts';
import { readVorbisComment } from '../tags/vorbis-comment.ts';
import { streamInfo } from './flac.ts';

const PAGE_HEADER_BYTES = 27;
/** What streams of pictures are called, behind the type of the packet or in place of it. */
const VIDEO = /^(theora|video|BCD)/;
const OPUS_RATE_HZ = 48_000;
const NO_GRANULE = 2n ** 64n - 1n;

interface Page {
  readonly serial: number;
  readonly granule: bigint;
  readonly isFirst: boolean;
  readonly bodyAt: number;
  readonly bodyBytes: number;
  /** Good until the next read. */
  readonly lacing: Buffer;
  readonly end: number;
}

interface Stream {
  readonly serial: number;
  readonly sound: Omit<Sound, 'durationMs' | 'samples'>;
  readonly preSkip: number;
  /** Packets before the music, the first among them. */
  headers: number;
  /** What stands before the comments in their packet. */
  readonly commentPrefix: string;
  readonly decodedDigest?: string;
}

/** @param start of the first page */
export function readOgg(file: FileReader, start: number, tags: Tags): ReadSound {
  const { stream, next } = findStream(file, start);
  const audio = new Pieces(file);
  const headers = new Headers(stream, tags);
  let granule = NO_GRANULE;
  let at = next;
  for (let pages = 0; at < file.size; pages++) {
    if (pages > OGG_PAGES_MAX) throw new RefusedError('DAMAGED');
    const page = pageAt(file, at);
    if (!page) {
      // Tags of other schemes are sometimes hung on behind.
      if (file.size - at > OGG_TRAILER_BYTES_MAX) throw new RefusedError('DAMAGED');
      break;
    }
    if (page.end > file.size) throw new RefusedError('TRUNCATED');
    at = page.end;
    if (page.serial !== stream.serial) continue;
    if (!headers.areRead) headers.take(file, page);
    else audio.add(page.bodyAt, page.bodyBytes);
    if (page.granule !== NO_GRANULE) granule = page.granule;
  }
  const samples = granule === NO_GRANULE ? 0 : Number(granule) - stream.preSkip;
  if (!headers.areRead || audio.bytes === 0) throw new RefusedError('TRUNCATED');
  if (samples <= 0) throw new RefusedError('TOO_SHORT');
  const durationMs = Math.round((samples * 1000) / stream.sound.sampleRate);
  return {
    sound: { ...stream.sound, samples, durationMs },
    audio,
    ...(stream.decodedDigest !== undefined && { decodedDigest: stream.decodedDigest }),
  };
}

/** The first pages announce the streams, one each. */
function findStream(file: FileReader, start: number): { stream: Stream; next: number } {
  let found: { stream: Stream; next: number } | undefined;
  let at = start;
  for (let streams = 0; streams < OGG_STREAMS_MAX; streams++) {
    const page = pageAt(file, at);
    if (!page?.isFirst) break;
    at = page.end;
    const packet = file.read(page.bodyAt, page.bodyBytes);
    if (VIDEO.test(packet.toString('latin1', 1, 8))) {
      throw new RefusedError('IS_VIDEO');
    }
    const stream = streamOf(packet, page.serial);
    if (stream) found ??= { stream, next: page.end };
  }
  if (!found) throw new RefusedError(at > start ? 'UNSUPPORTED_CODEC' : 'NOT_MUSIC');
  return found;
}

function streamOf(packet: Buffer, serial: number): Stream | undefined {
  const startsWith = (text: string): boolean => packet.toString('latin1', 0, text.length) === text;
  if (startsWith('\x01vorbis') && packet.length >= 28) {
    const [channels, sampleRate] = [packet[11] as number, packet.readUInt32LE(12)];
    if (channels === 0 || sampleRate === 0) return undefined;
    const sound = { format: 'ogg', codec: 'vorbis', lossless: false, sampleRate, channels } as const;
    return { serial, sound, preSkip: 0, headers: 3, commentPrefix: '\x03vorbis' };
  }
  if (startsWith('OpusHead') && packet.length >= 19) {
    const channels = packet[9] as number;
    const sound = {
      format: 'opus',
      codec: 'opus',
      lossless: false,
      sampleRate: OPUS_RATE_HZ,
      channels,
    } as const;
    return { serial, sound, preSkip: packet.readUInt16LE(10), headers: 2, commentPrefix: 'OpusTags' };
  }
  if (startsWith('\x7fFLAC') && packet.length >= 51) {
    const info = streamInfo(packet.subarray(17));
    const { sampleRate, channels, bitDepth, md5, samples } = info;
    if (sampleRate === 0) return undefined;
    const sound = { format: 'ogg', codec: 'flac', lossless: true, sampleRate, channels, bitDepth } as const;
    return {
      serial,
      sound,
      preSkip: 0,
      headers: 1 + packet.readUInt16BE(7),
      commentPrefix: '',
      ...(samples > 0 && !/^0+$/.test(md5) && { decodedDigest: md5 }),
    };
  }
  return undefined;
}

/** Packets before the music: they may lie over many pages, and the music begins on a page of its own. */
class Headers {
  readonly #stream: Stream;
  readonly #tags: Tags;
  /** The first one was on the page that announced the stream. */
  #left: number;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(stream: Stream, tags: Tags) {
    this.#stream = stream;
    this.#tags = tags;
    this.#left = stream.headers - 1;
  }

  get areRead(): boolean {
    return this.#left <= 0;
  }

  take(file: FileReader, page: Page): void {
    let at = page.bodyAt;
    let bytes = 0;
    for (const segment of page.lacing) {
      bytes += segment;
      if (segment === 255) continue;
      this.#add(file, at, bytes);
      this.#packet();
      at += bytes;
      bytes = 0;
    }
    this.#add(file, at, bytes);
  }

  #add(file: FileReader, at: number, bytes: number): void {
    this.#bytes += bytes;
    if (bytes > 0 && this.#bytes <= TAG_BLOCK_BYTES_MAX) this.#parts.push(file.copy(at, bytes));
  }

  #packet(): void {
    const isWhole = this.#bytes <= TAG_BLOCK_BYTES_MAX;
    const packet = isWhole ? Buffer.concat(this.#parts) : Buffer.alloc(0);
    this.#parts = [];
    this.#bytes = 0;
    this.#left -= 1;
    const { commentPrefix, sound } = this.#stream;
    if (sound.codec === 'flac') {
      if (((packet[0] ?? 0) & 0x7f) === 4) readVorbisComment(packet.subarray(4), this.#tags);
    } else if (packet.toString('latin1', 0, commentPrefix.length) === commentPrefix) {
      readVorbisComment(packet.subarray(commentPrefix.length), this.#tags);
    }
  }
}

function pageAt(file: FileReader, at: number): Page | undefined {
  const head = file.read(at, PAGE_HEADER_BYTES + 255);
  if (head.length < PAGE_HEADER_BYTES || head.readUInt32BE(0) !== 0x4f676753) return undefined;
  const segments = head[26] as number;
  const lacing = head.subarray(PAGE_HEADER_BYTES, PAGE_HEADER_BYTES + segments);
  let bodyBytes = 0;
  for (const segment of lacing) bodyBytes += segment;
  const bodyAt = at + PAGE_HEADER_BYTES + segments;
  return {
    serial: head.readUInt32LE(14),
    granule: head.readBigUInt64LE(6),
    isFirst: ((head[5] as number) & 2) !== 0,
    bodyAt,
    bodyBytes,
    lacing,
    end: lacing.length < segments ? file.size + 1 : bodyAt + bodyBytes,
  };
}
