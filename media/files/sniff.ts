/** Tells music by its first bytes; names and extensions are not believed. */

export type MusicFormat = 'flac' | 'mp3' | 'ogg' | 'm4a' | 'wav' | 'aiff';

export interface Sniffed {
  readonly format: MusicFormat;
  /** The ffmpeg demuxer that reads it. */
  readonly demuxer: string;
  /** For the reader of tags, which else goes by the extension. */
  readonly mimeType: string;
}

const FORMATS: Readonly<Record<MusicFormat, Sniffed>> = {
  flac: { format: 'flac', demuxer: 'flac', mimeType: 'audio/flac' },
  mp3: { format: 'mp3', demuxer: 'mp3', mimeType: 'audio/mpeg' },
  ogg: { format: 'ogg', demuxer: 'ogg', mimeType: 'audio/ogg' },
  m4a: { format: 'm4a', demuxer: 'mov', mimeType: 'audio/mp4' },
  wav: { format: 'wav', demuxer: 'wav', mimeType: 'audio/wav' },
  aiff: { format: 'aiff', demuxer: 'aiff', mimeType: 'audio/aiff' },
};

/** As much of what follows an ID3 tag as `sniff` looks at. */
export const SNIFFED_BYTES = 64 * 1024;
const ID3_HEADER_BYTES = 10;

/** Length of the ID3v2 tag at the start, 0 when there is none. */
export function id3Bytes(head: Buffer): number {
  if (head.length < ID3_HEADER_BYTES || head.toString('latin1', 0, 3) !== 'ID3') return 0;
  const sizes = [...head.subarray(6, ID3_HEADER_BYTES)];
  const hasFooter = ((head[5] ?? 0) & 0x10) !== 0;
  return sizes.reduce((size, byte) => size * 128 + (byte & 0x7f), 0) + ID3_HEADER_BYTES * (hasFooter ? 2 : 1);
}

/** @param head the file's first bytes, behind the ID3v2 tag if it has one */
export function sniff(head: Buffer): Sniffed | undefined {
  const at = (offset: number, length = 4): string => head.toString('latin1', offset, offset + length);
  if (at(0) === 'fLaC') return FORMATS.flac;
  if (at(0) === 'OggS') return FORMATS.ogg;
  if (at(4) === 'ftyp') return FORMATS.m4a;
  if ((at(0) === 'RIFF' || at(0) === 'RF64') && at(8) === 'WAVE') return FORMATS.wav;
  if (at(0) === 'FORM' && (at(8) === 'AIFF' || at(8) === 'AIFC')) return FORMATS.aiff;
  return startsWithMp3Frames(head) ? FORMATS.mp3 : undefined;
}

/** Two frame headers in a row: one alone turns up by chance in any file. */
function startsWithMp3Frames(head: Buffer): boolean {
  for (let at = head.indexOf(0xff); at >= 0 && at < head.length - 4; at = head.indexOf(0xff, at + 1)) {
    const bytes = mp3FrameBytes(head, at);
    if (bytes > 0 && mp3FrameBytes(head, at + bytes) > 0) return true;
  }
  return false;
}

const MPEG1_KBPS = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0];
const MPEG2_KBPS = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0];
const MPEG1_RATES_HZ = [44100, 48000, 32000, 0];

/** Length of the MPEG layer III frame at `at`, 0 when there is none. */
function mp3FrameBytes(head: Buffer, at: number): number {
  if (at + 4 > head.length) return 0;
  const header = head.readUInt32BE(at);
  const version = (header >>> 19) & 3; // 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5
  const layer = (header >>> 17) & 3;
  if (header >>> 21 !== 0x7ff || version === 1 || layer !== 1) return 0;
  const kbps = (version === 3 ? MPEG1_KBPS : MPEG2_KBPS)[(header >>> 12) & 15] ?? 0;
  const mpeg1Rate = MPEG1_RATES_HZ[(header >>> 10) & 3] ?? 0;
  const rate = version === 3 ? mpeg1Rate : mpeg1Rate / (version === 2 ? 2 : 4);
  if (kbps === 0 || rate === 0) return 0;
  const padding = (header >>> 9) & 1;
  return Math.floor(((version === 3 ? 144 : 72) * kbps * 1000) / rate) + padding;
}
