/** AAC and ALAC in MP4: what the one track of sound holds, by its sample tables. */
import { MP4_TABLE_BYTES_MAX } from '../../../config/limits.ts';
import type { FileReader } from '../reader.ts';
import { RefusedError } from '../refusal.ts';
import { Pieces, type ReadSound, type Sound } from '../sound.ts';
import { readMp4Tags } from '../tags/mp4-tags.ts';
import type { Tags } from '../tags/tags.ts';
import { type Box, boxAt, boxesIn, boxIn } from './boxes.ts';

export function readM4a(file: FileReader, tags: Tags): ReadSound {
  const moov = movieOf(file);
  readMp4Tags(file, moov, tags);
  const track = soundTrack(file, moov);
  const stbl = boxAt(file, track, 'mdia/minf/stbl');
  const entry = sampleEntry(file, boxIn(file, stbl, 'stsd'));
  const { timescale, units: declared } = mediaHeader(file, boxAt(file, track, 'mdia/mdhd'));
  const units = unitsIn(file, boxIn(file, stbl, 'stts'));
  if (units === 0) {
    const isFragmented = boxIn(file, moov, 'mvex') !== undefined;
    throw isFragmented
      ? new RefusedError(
          'UNSUPPORTED_CODEC',
          'MP4 in fragments; put it into one piece: ffmpeg -i in -c copy out',
        )
      : new RefusedError(declared > 0 ? 'DAMAGED' : 'TOO_SHORT');
  }
  const audio = audioOf(file, stbl as Box);
  const edited = editedUnits(file, moov, boxAt(file, track, 'edts/elst'), timescale, units);
  const music = gapless(tags.first('ITUNSMPB'), units) ?? edited;
  const samples = Math.round((music * entry.sampleRate) / timescale);
  if (samples <= 0) throw new RefusedError('TOO_SHORT');
  const durationMs = Math.round((music * 1000) / timescale);
  return { sound: { format: 'm4a', ...entry, samples, durationMs }, audio };
}

function movieOf(file: FileReader): Box {
  let moov: Box | undefined;
  let hasData = false;
  for (const box of boxesIn(file, { start: 0, end: file.size })) {
    if (box.end > file.size) throw new RefusedError('TRUNCATED');
    if (box.type === 'moov') moov ??= box;
    hasData ||= box.type === 'mdat';
  }
  // Many writers put the index last, where a cut takes it.
  if (!moov) throw new RefusedError(hasData ? 'TRUNCATED' : 'NOT_MUSIC');
  return moov;
}

function soundTrack(file: FileReader, moov: Box): Box {
  let track: Box | undefined;
  for (const box of boxesIn(file, moov)) {
    if (box.type !== 'trak') continue;
    const handler = boxAt(file, box, 'mdia/hdlr');
    const kind = handler && file.read(handler.start + 8, 4).toString('latin1');
    if (kind === 'soun') track ??= box;
    // Chapters have pictures, as still images.
    if (kind === 'vide' && !/^(jpeg|png |mjp[ab2])$/.test(entryType(file, box)))
      throw new RefusedError('IS_VIDEO');
  }
  if (!track) throw new RefusedError('NOT_MUSIC');
  return track;
}

function entryType(file: FileReader, track: Box): string {
  const stsd = boxAt(file, track, 'mdia/minf/stbl/stsd');
  return stsd ? file.read(stsd.start + 12, 4).toString('latin1') : '';
}

function mediaHeader(file: FileReader, mdhd: Box | undefined): { timescale: number; units: number } {
  if (!mdhd) throw new RefusedError('DAMAGED');
  const body = file.read(mdhd.start, 36);
  const isLong = body[0] === 1;
  const timescale = body.readUInt32BE(isLong ? 20 : 12);
  if (timescale === 0) throw new RefusedError('DAMAGED');
  return { timescale, units: isLong ? Number(body.readBigUInt64BE(24)) : body.readUInt32BE(16) };
}

type Entry = Pick<Sound, 'codec' | 'lossless' | 'sampleRate' | 'channels' | 'bitDepth'>;
/** Bytes of a sound entry's own fields, by the version QuickTime gave them. */
const ENTRY_BYTES: Readonly<Record<number, number>> = { 0: 28, 1: 44, 2: 64 };

function sampleEntry(file: FileReader, stsd: Box | undefined): Entry {
  if (!stsd) throw new RefusedError('DAMAGED');
  const [entry] = boxesIn(file, { start: stsd.start + 8, end: stsd.end });
  if (!entry) throw new RefusedError('DAMAGED');
  const head = file.read(entry.start, 28);
  const version = head.readUInt16BE(8);
  const [channels, sampleRate] = [head.readUInt16BE(16), head.readUInt32BE(24) >>> 16];
  const inner = { ...entry, start: entry.start + (ENTRY_BYTES[version] ?? 28) };
  const find = (type: string): Box | undefined =>
    boxIn(file, inner, type) ?? boxAt(file, inner, `wave/${type}`);
  if (entry.type === 'alac') return alac(file, find('alac'));
  if (entry.type !== 'mp4a') {
    throw new RefusedError(
      'UNSUPPORTED_CODEC',
      entry.type === 'drms' ? 'it is protected' : entry.type.trim(),
    );
  }
  const esds = find('esds');
  return aac(esds ? file.read(esds.start + 4, Math.min(esds.end - esds.start, 256)) : undefined, {
    channels,
    sampleRate,
  });
}

function alac(file: FileReader, box: Box | undefined): Entry {
  if (!box) throw new RefusedError('DAMAGED');
  const config = file.read(box.start + 4, 24);
  const [bitDepth, channels, sampleRate] = [
    config[5] as number,
    config[9] as number,
    config.readUInt32BE(20),
  ];
  if (channels === 0 || sampleRate === 0) throw new RefusedError('DAMAGED');
  return { codec: 'alac', lossless: true, sampleRate, channels, bitDepth };
}

const AAC_RATES_HZ = [96e3, 88200, 64e3, 48e3, 44100, 32e3, 24e3, 22050, 16e3, 12e3, 11025, 8e3, 7350];
const OBJECT_AAC = [0x40, 0x66, 0x67, 0x68];
const [TYPE_SBR, TYPE_PS, TYPE_ESCAPE] = [5, 29, 31];

function aac(descriptors: Buffer | undefined, given: { channels: number; sampleRate: number }): Entry {
  const entry: Entry = { codec: 'aac', lossless: false, ...given };
  const config = descriptors && decoderConfig(descriptors);
  if (!config) {
    if (given.channels === 0 || given.sampleRate === 0) throw new RefusedError('DAMAGED');
    return entry;
  }
  let bit = 0;
  const take = (bits: number): number => {
    let value = 0;
    for (let i = 0; i < bits; i++, bit++)
      value = value * 2 + (((config[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1);
    return value;
  };
  const takeRate = (): number => {
    const index = take(4);
    return index === 15 ? take(24) : (AAC_RATES_HZ[index] ?? 0);
  };
  const type = take(5);
  if (type === TYPE_ESCAPE) take(6);
  const rate = takeRate();
  const channels = take(4);
  // Spectral band replication doubles the rate; parametric stereo makes two channels of one.
  const outRate = type === TYPE_SBR || type === TYPE_PS ? takeRate() : rate;
  const outChannels = type === TYPE_PS ? 2 : channels === 7 ? 8 : channels || given.channels;
  if (outRate === 0 || outChannels === 0) throw new RefusedError('DAMAGED');
  return { ...entry, sampleRate: outRate, channels: outChannels };
}

/** Descriptors lie in one another (ISO 14496-1): a stream's, its decoder's, the decoder's own bytes. */
function decoderConfig(bytes: Buffer): Buffer | undefined {
  let at = 0;
  const open = (tag: number): number | undefined => {
    if (bytes[at] !== tag) return undefined;
    let size = 0;
    at += 1;
    for (let i = 0; i < 4; i++) {
      const byte = bytes[at++] ?? 0;
      size = size * 128 + (byte & 0x7f);
      if ((byte & 0x80) === 0) break;
    }
    return size;
  };
  if (open(3) === undefined) return undefined;
  const flags = bytes[at + 2] ?? 0;
  at += 3 + (flags & 0x80 ? 2 : 0) + (flags & 0x20 ? 2 : 0);
  if (flags & 0x40) at += 1 + (bytes[at] ?? 0);
  if (open(4) === undefined) return undefined;
  const object = bytes[at] ?? 0;
  if (!OBJECT_AAC.includes(object)) throw new RefusedError('UNSUPPORTED_CODEC', `MPEG object ${object}`);
  at += 13;
  const size = open(5);
  return size === undefined ? undefined : bytes.subarray(at, at + size);
}

function tableOf(file: FileReader, box: Box | undefined, headBytes: number): Buffer {
  if (!box || box.end - box.start < headBytes) throw new RefusedError('DAMAGED');
  if (box.end - box.start > MP4_TABLE_BYTES_MAX) throw new RefusedError('DAMAGED', 'its index is too large');
  return file.copy(box.start, box.end - box.start);
}

/** How many entries of `bytes` each the table really holds. */
const entriesOf = (table: Buffer, headBytes: number, bytes: number): number =>
  Math.min(table.readUInt32BE(headBytes - 4), Math.floor((table.length - headBytes) / bytes));

function unitsIn(file: FileReader, stts: Box | undefined): number {
  const table = tableOf(file, stts, 8);
  let units = 0;
  for (let i = 0; i < entriesOf(table, 8, 8); i++) {
    units += table.readUInt32BE(8 + 8 * i) * table.readUInt32BE(12 + 8 * i);
  }
  return units;
}

/** What the edit list leaves of the track: it skips the encoder's start, and sometimes its end. */
function editedUnits(
  file: FileReader,
  moov: Box,
  elst: Box | undefined,
  timescale: number,
  units: number,
): number {
  if (!elst) return units;
  const mvhd = boxIn(file, moov, 'mvhd');
  const movieTimescale = mvhd
    ? file.read(mvhd.start + (file.read(mvhd.start, 1)[0] === 1 ? 20 : 12), 4).readUInt32BE(0)
    : 0;
  const table = tableOf(file, elst, 8);
  const isLong = table[0] === 1;
  for (let i = 0; i < entriesOf(table, 8, isLong ? 20 : 12); i++) {
    const at = 8 + i * (isLong ? 20 : 12);
    const lasts = isLong ? Number(table.readBigUInt64BE(at)) : table.readUInt32BE(at);
    const from = isLong ? Number(table.readBigInt64BE(at + 8)) : table.readInt32BE(at + 4);
    if (from < 0) continue;
    const left = Math.max(0, units - from);
    if (lasts === 0 || movieTimescale === 0) return left;
    // The movie counts in coarser units: only what is shorter by more than one of them was meant.
    const meant = (lasts * timescale) / movieTimescale;
    return meant + timescale / movieTimescale < left ? Math.round(meant) : left;
  }
  return units;
}

/** iTunes: hexadecimal numbers, of which the second to fourth are start, end and length of the music. */
function gapless(text: string | undefined, units: number): number | undefined {
  const match = /^\s*[0-9a-f]{8} ([0-9a-f]{8}) ([0-9a-f]{8}) ([0-9a-f]{16})/i.exec(text ?? '');
  if (!match) return undefined;
  const [start, end, length] = match.slice(1).map((hex) => Number.parseInt(hex, 16)) as [
    number,
    number,
    number,
  ];
  return length > 0 && start + end + length <= units + 1024 ? length : undefined;
}

/** The coded samples in order, wherever the chunks that hold them lie. */
function audioOf(file: FileReader, stbl: Box): Pieces {
  const sizes = tableOf(file, boxIn(file, stbl, 'stsz'), 12);
  const uniform = sizes.readUInt32BE(4);
  const count = uniform > 0 ? sizes.readUInt32BE(8) : entriesOf(sizes, 12, 4);
  const groups = tableOf(file, boxIn(file, stbl, 'stsc'), 8);
  const groupCount = entriesOf(groups, 8, 12);
  const large = boxIn(file, stbl, 'co64');
  const chunks = tableOf(file, large ?? boxIn(file, stbl, 'stco'), 8);
  const chunkCount = entriesOf(chunks, 8, large ? 8 : 4);
  const audio = new Pieces(file);
  let sample = 0;
  let group = 0;
  for (let chunk = 0; chunk < chunkCount && sample < count; chunk++) {
    while (group + 1 < groupCount && groups.readUInt32BE(8 + 12 * (group + 1)) <= chunk + 1) group++;
    const inChunk = Math.min(count - sample, group < groupCount ? groups.readUInt32BE(12 + 12 * group) : 1);
    const start = large ? Number(chunks.readBigUInt64BE(8 + 8 * chunk)) : chunks.readUInt32BE(8 + 4 * chunk);
    let bytes = uniform * inChunk;
    if (uniform === 0) for (let i = 0; i < inChunk; i++) bytes += sizes.readUInt32BE(12 + 4 * (sample + i));
    if (start + bytes > file.size) throw new RefusedError('TRUNCATED');
    audio.add(start, bytes);
    sample += inChunk;
  }
  if (audio.bytes === 0) throw new RefusedError('TOO_SHORT');
  return audio;
}
