/** Tells music by its first bytes; names and extensions are not believed. */
import { SNIFFED_BYTES } from '../../config/limits.ts';

/** Which reader of `formats/` understands it. */
export type Container = 'flac' | 'mp3' | 'ogg' | 'm4a' | 'wav' | 'aiff';

const ID3_HEADER_BYTES = 10;

/** Length of the ID3v2 tag at the start, 0 when there is none. */
export function id3Bytes(head: Buffer): number {
  if (head.length < ID3_HEADER_BYTES || head.toString('latin1', 0, 3) !== 'ID3') return 0;
  const sizes = [...head.subarray(6, ID3_HEADER_BYTES)];
  const hasFooter = ((head[5] ?? 0) & 0x10) !== 0;
  return sizes.reduce((size, byte) => size * 128 + (byte & 0x7f), 0) + ID3_HEADER_BYTES * (hasFooter ? 2 : 1);
}

/** @param head the file's first SNIFFED_BYTES, behind the ID3v2 tag if it has one */
export function sniff(head: Buffer): Container | undefined {
  const at = (offset: number, length = 4): string => head.toString('latin1', offset, offset + length);
  if (at(0) === 'fLaC') return 'flac';
  if (at(0) === 'OggS') return 'ogg';
  if (at(4) === 'ftyp') return 'm4a';
  if ((at(0) === 'RIFF' || at(0) === 'RF64') && at(8) === 'WAVE') return 'wav';
  if (at(0) === 'FORM' && (at(8) === 'AIFF' || at(8) === 'AIFC')) return 'aiff';
  return startsWithMp3Frames(head.subarray(0, SNIFFED_BYTES)) ? 'mp3' : undefined;
}

/** Two frame headers in a row: one alone turns up by chance in any file. */
function startsWithMp3Frames(head: Buffer): boolean {
  for (let at = head.indexOf(0xff); at >= 0 && at < head.length - 4; at = head.indexOf(0xff, at + 1)) {
    const frame = mp3Frame(head, at);
    if (frame && mp3Frame(head, at + frame.bytes)) return true;
  }
  return false;
}

const MPEG1_KBPS = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0];
const MPEG2_KBPS = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0];
const MPEG1_RATES_HZ = [44100, 48000, 32000, 0];

export interface Mp3Frame {
  readonly bytes: number;
  readonly samples: number;
  readonly sampleRate: number;
  readonly channels: number;
  readonly isCrcProtected: boolean;
  readonly sideInfoBytes: number;
}

/** The MPEG layer III frame whose header is at `at`. */
export function mp3Frame(head: Buffer, at: number): Mp3Frame | undefined {
  if (at + 4 > head.length) return undefined;
  const header = head.readUInt32BE(at);
  const version = (header >>> 19) & 3; // 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5
  const layer = (header >>> 17) & 3;
  if (header >>> 21 !== 0x7ff || version === 1 || layer !== 1) return undefined;
  const isMpeg1 = version === 3;
  const kbps = (isMpeg1 ? MPEG1_KBPS : MPEG2_KBPS)[(header >>> 12) & 15] ?? 0;
  const mpeg1Rate = MPEG1_RATES_HZ[(header >>> 10) & 3] ?? 0;
  const sampleRate = isMpeg1 ? mpeg1Rate : mpeg1Rate / (version === 2 ? 2 : 4);
  if (kbps === 0 || sampleRate === 0) return undefined;
  const padding = (header >>> 9) & 1;
  const isMono = ((header >>> 6) & 3) === 3;
  return {
    bytes: Math.floor(((isMpeg1 ? 144 : 72) * kbps * 1000) / sampleRate) + padding,
    samples: isMpeg1 ? 1152 : 576,
    sampleRate,
    channels: isMono ? 1 : 2,
    isCrcProtected: ((header >>> 16) & 1) === 0,
    sideInfoBytes: isMpeg1 ? (isMono ? 17 : 32) : isMono ? 9 : 17,
  };
}
