/** WAV and AIFF: chunks one behind the other, one of which is the sound. */
import { CHUNKS_MAX, TAG_TEXT_BYTES_MAX } from '../../../config/limits.ts';
import type { FileReader } from '../reader.ts';
import { RefusedError } from '../refusal.ts';
import { audioAt, type ReadSound, type Sound } from '../sound.ts';
import { readId3v2 } from '../tags/id3v2.ts';
import { Tags } from '../tags/tags.ts';

interface Chunk {
  readonly id: string;
  readonly at: number;
  readonly bytes: number;
}

const RIFF_HEADER_BYTES = 12;
/** Writers to a pipe cannot know the size. */
const SIZE_UNKNOWN = 0xffffffff;
/** Some writers round the sizes of their chunks. */
const SLACK_BYTES = 1024;

function* chunksOf(file: FileReader, isBigEndian: boolean): Generator<Chunk> {
  let at = RIFF_HEADER_BYTES;
  for (let count = 0; count < CHUNKS_MAX && at + 8 <= file.size; count++) {
    const head = file.read(at, 8);
    const id = head.toString('latin1', 0, 4);
    const bytes = isBigEndian ? head.readUInt32BE(4) : head.readUInt32LE(4);
    yield { id, at: at + 8, bytes };
    at += 8 + bytes + (bytes & 1);
  }
}

const INFO_FIELDS: Readonly<Record<string, string>> = {
  INAM: 'TITLE',
  IART: 'ARTIST',
  IPRD: 'ALBUM',
  ICRD: 'DATE',
  IGNR: 'GENRE',
  ITRK: 'TRACKNUMBER',
  IPRT: 'TRACKNUMBER',
  ICMS: 'PUBLISHER',
  IMUS: 'COMPOSER',
  IWRI: 'LYRICIST',
  ILNG: 'LANGUAGE',
};

/** By format tag; the bit depth tells which of several codecs it is. */
const WAV_CODECS: Readonly<Record<number, (bits: number) => string>> = {
  1: (bits) => (bits <= 8 ? 'pcm_u8' : `pcm_s${bits}le`),
  2: () => 'adpcm_ms',
  3: (bits) => `pcm_f${bits}le`,
  6: () => 'pcm_alaw',
  7: () => 'pcm_mulaw',
  17: () => 'adpcm_ima_wav',
};
const EXTENSIBLE = 0xfffe;

export function readWav(file: FileReader, tags: Tags): ReadSound {
  let format: WavFormat | undefined;
  let data: Chunk | undefined;
  let dataBytes64: number | undefined;
  const info = new Tags();
  for (const chunk of chunksOf(file, false)) {
    if (chunk.id === 'fmt ') format = wavFormat(file.read(chunk.at, Math.min(chunk.bytes, 40)));
    if (chunk.id === 'ds64') dataBytes64 = Number(file.read(chunk.at, 28).readBigUInt64LE(8));
    if (chunk.id === 'LIST') readInfo(file, chunk, info);
    if (chunk.id.toLowerCase() === 'id3 ') readId3v2(file, chunk.at, tags);
    if (chunk.id === 'data') {
      data ??= chunk;
      if (chunk.bytes === SIZE_UNKNOWN) break;
    }
  }
  tags.fill(info);
  if (!format || !data) throw new RefusedError(file.size > SLACK_BYTES ? 'NOT_MUSIC' : 'TRUNCATED');
  const there = file.size - data.at;
  const isUnknown = data.bytes === SIZE_UNKNOWN || (data.bytes === 0 && there > SLACK_BYTES);
  const declared = isUnknown ? (dataBytes64 ?? there) : data.bytes;
  if (declared > there + SLACK_BYTES) throw new RefusedError('TRUNCATED');
  return pcmOf('wav', format, file, data.at, Math.min(declared, there));
}

interface WavFormat extends Pick<Sound, 'codec' | 'sampleRate' | 'channels'> {
  readonly bitDepth: number;
  /** Of one block of all channels, and the samples in it. */
  readonly blockBytes: number;
  readonly blockSamples: number;
  readonly isPcm: boolean;
}

function wavFormat(chunk: Buffer): WavFormat {
  if (chunk.length < 16) throw new RefusedError('DAMAGED');
  const tag = chunk.readUInt16LE(0);
  const kind = tag === EXTENSIBLE && chunk.length >= 26 ? chunk.readUInt16LE(24) : tag;
  const [channels, sampleRate] = [chunk.readUInt16LE(2), chunk.readUInt32LE(4)];
  const [blockBytes, bitDepth] = [chunk.readUInt16LE(12), chunk.readUInt16LE(14)];
  const codec = WAV_CODECS[kind]?.(bitDepth);
  if (!codec) throw new RefusedError('UNSUPPORTED_CODEC', `WAV format ${kind}`);
  if (channels === 0 || sampleRate === 0 || blockBytes === 0) throw new RefusedError('DAMAGED');
  const isPcm = codec.startsWith('pcm');
  const blockSamples = isPcm ? 1 : chunk.length >= 20 ? chunk.readUInt16LE(18) : 0;
  if (blockSamples === 0) throw new RefusedError('DAMAGED');
  return { codec, sampleRate, channels, bitDepth, blockBytes, blockSamples, isPcm };
}

function pcmOf(
  name: 'wav' | 'aiff',
  format: WavFormat,
  file: FileReader,
  at: number,
  bytes: number,
): ReadSound {
  const { codec, sampleRate, channels, bitDepth, blockBytes, blockSamples, isPcm } = format;
  const samples = Math.floor(bytes / blockBytes) * blockSamples;
  if (samples === 0) throw new RefusedError('TOO_SHORT');
  return {
    sound: {
      format: name,
      codec,
      lossless: isPcm && !/law$/.test(codec),
      sampleRate,
      channels,
      ...(isPcm && bitDepth > 0 && { bitDepth }),
      samples,
      durationMs: Math.round((samples * 1000) / sampleRate),
    },
    audio: audioAt(file, at, at + bytes),
  };
}

function readInfo(file: FileReader, list: Chunk, tags: Tags): void {
  if (list.bytes < 4 || list.bytes > TAG_TEXT_BYTES_MAX) return;
  const body = file.copy(list.at, list.bytes);
  if (body.toString('latin1', 0, 4) !== 'INFO') return;
  for (let at = 4; at + 8 <= body.length; ) {
    const bytes = body.readUInt32LE(at + 4);
    const field = INFO_FIELDS[body.toString('latin1', at, at + 4)];
    if (field) tags.add(field, textOf(body.subarray(at + 8, at + 8 + bytes)));
    at += 8 + bytes + (bytes & 1);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const latin = new TextDecoder('windows-1252');

function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  const text = end < 0 ? bytes : bytes.subarray(0, end);
  try {
    return utf8.decode(text);
  } catch {
    return latin.decode(text);
  }
}

const AIFF_TEXTS: Readonly<Record<string, string>> = { NAME: 'TITLE', AUTH: 'ARTIST' };
/** Compressions of AIFC that are none. */
const AIFC_CODECS: Readonly<Record<string, (bits: number) => string>> = {
  NONE: (bits) => `pcm_s${bits}be`,
  twos: (bits) => `pcm_s${bits}be`,
  sowt: (bits) => `pcm_s${bits}le`,
  in24: () => 'pcm_s24be',
  in32: () => 'pcm_s32be',
  fl32: () => 'pcm_f32be',
  FL32: () => 'pcm_f32be',
  fl64: () => 'pcm_f64be',
  FL64: () => 'pcm_f64be',
  'raw ': () => 'pcm_u8',
  alaw: () => 'pcm_alaw',
  ALAW: () => 'pcm_alaw',
  ulaw: () => 'pcm_mulaw',
  ULAW: () => 'pcm_mulaw',
};

export function readAiff(file: FileReader, tags: Tags): ReadSound {
  const isAifc = file.read(8, 4).toString('latin1') === 'AIFC';
  let format: (WavFormat & { readonly frames: number }) | undefined;
  let data: Chunk | undefined;
  const texts = new Tags();
  for (const chunk of chunksOf(file, true)) {
    if (chunk.id === 'COMM') format = aiffFormat(file.read(chunk.at, Math.min(chunk.bytes, 64)), isAifc);
    if (chunk.id === 'SSND') data ??= chunk;
    if (chunk.id === 'ID3 ') readId3v2(file, chunk.at, tags);
    const field = AIFF_TEXTS[chunk.id];
    if (field && chunk.bytes <= TAG_TEXT_BYTES_MAX)
      texts.add(field, textOf(file.copy(chunk.at, chunk.bytes)));
  }
  tags.fill(texts);
  if (!format || !data) throw new RefusedError(file.size > SLACK_BYTES ? 'NOT_MUSIC' : 'TRUNCATED');
  const at = data.at + 8 + file.read(data.at, 4).readUInt32BE(0);
  const bytes = format.frames * format.blockBytes;
  if (at + bytes > file.size + SLACK_BYTES) throw new RefusedError('TRUNCATED');
  return pcmOf('aiff', format, file, at, Math.min(bytes, file.size - at));
}

function aiffFormat(chunk: Buffer, isAifc: boolean) {
  if (chunk.length < (isAifc ? 22 : 18)) throw new RefusedError('DAMAGED');
  const [channels, frames, bitDepth] = [chunk.readUInt16BE(0), chunk.readUInt32BE(2), chunk.readUInt16BE(6)];
  const sampleRate = Math.round(extended(chunk, 8));
  const compression = isAifc ? chunk.toString('latin1', 18, 22) : 'NONE';
  const wholeBytes = Math.ceil(bitDepth / 8);
  const codec = AIFC_CODECS[compression]?.(wholeBytes * 8);
  if (!codec) throw new RefusedError('UNSUPPORTED_CODEC', `AIFC ${compression.trim()}`);
  if (channels === 0 || sampleRate < 1 || sampleRate > 1e6 || wholeBytes === 0)
    throw new RefusedError('DAMAGED');
  const sampleBytes = /law$/.test(codec) ? 1 : wholeBytes;
  const blockBytes = channels * sampleBytes;
  return { codec, sampleRate, channels, bitDepth, blockBytes, blockSamples: 1, isPcm: true, frames };
}

/** Ten bytes of IEEE 754 extended precision. */
function extended(bytes: Buffer, at: number): number {
  const exponent = (bytes.readUInt16BE(at) & 0x7fff) - 16383;
  return (bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6)) * 2 ** (exponent - 63);
}
