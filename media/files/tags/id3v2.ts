/** ID3v2.2 to 2.4 (id3.org): frames into fields. A tag is read once, front to back, within its declared size. */
import {
  COVER_BYTES_MAX,
  ID3_FRAMES_MAX,
  TAG_BLOCK_BYTES_MAX,
  TAG_TEXT_BYTES_MAX,
} from '../../../config/limits.ts';
import type { FileReader } from '../reader.ts';
import { id3Bytes } from '../sniff.ts';
import { genresIn } from './genres.ts';
import { FRAMES_OF_V22, PEOPLE, TEXT_FIELDS } from './id3-names.ts';
import { splitSlashes } from './split.ts';
import { Tags } from './tags.ts';

const HEADER_BYTES = 10;
const FRONT_COVER = 3;

interface Tag {
  readonly version: number;
  readonly tags: Tags;
}

/** Reads the ID3v2 tags one behind the other from `at` on; returns where they end. */
export function readId3v2(file: FileReader, at: number, tags: Tags): number {
  let end = at;
  for (let bytes = id3Bytes(file.read(end, HEADER_BYTES)); bytes > 0; ) {
    const found = new Tags();
    readTag(file, end, Math.min(bytes, file.size - end), found);
    tags.fill(found);
    end += bytes;
    bytes = id3Bytes(file.read(end, HEADER_BYTES));
  }
  return end;
}

function readTag(file: FileReader, start: number, bytes: number, tags: Tags): void {
  const head = file.read(start, HEADER_BYTES);
  const version = head[3] as number;
  const flags = head[5] as number;
  // Version 2.2 had a flag for compression and never said how.
  const isCompressed = version === 2 && (flags & 0x40) !== 0;
  if (version < 2 || version > 4 || isCompressed || bytes <= HEADER_BYTES) return;
  const isUnsynchronised = (flags & 0x80) !== 0;
  // Version 2.4 marks it at each frame, and often wrongly at the tag as well.
  if (isUnsynchronised && version < 4) {
    if (bytes > TAG_BLOCK_BYTES_MAX) return;
    const whole = synchronised(file.copy(start + HEADER_BYTES, bytes - HEADER_BYTES));
    frames(sourceOf(whole), extendedBytes(whole, version, flags), whole.length, { version, tags });
  } else {
    const body = start + HEADER_BYTES;
    const skip = extendedBytes(file.read(body, 4), version, flags);
    frames(file, body + skip, start + bytes, { version, tags });
  }
}

type Source = Pick<FileReader, 'read' | 'copy'>;

const sourceOf = (buffer: Buffer): Source => {
  const read = (at: number, length: number): Buffer => buffer.subarray(at, at + length);
  return { read, copy: read };
};

function extendedBytes(head: Buffer, version: number, flags: number): number {
  if (version < 3 || (flags & 0x40) === 0 || head.length < 4) return 0;
  return version === 4 ? synchsafe(head, 0) : head.readUInt32BE(0) + 4;
}

function frames(source: Source, start: number, end: number, tag: Tag): void {
  const isV22 = tag.version === 2;
  const headerBytes = isV22 ? 6 : 10;
  let at = start;
  for (let count = 0; count < ID3_FRAMES_MAX && at + headerBytes < end; count++) {
    const head = source.read(at, headerBytes);
    const id = head.toString('latin1', 0, isV22 ? 3 : 4);
    if (head.length < headerBytes || !/^[A-Z][A-Z0-9 ]{2,3}$/.test(id)) return;
    const bytes = isV22 ? head.readUIntBE(3, 3) : frameBytes(source, at, end, tag.version);
    const flags = isV22 ? 0 : (head[9] as number);
    const body = at + headerBytes;
    if (body + bytes > end) return;
    at = body + bytes;
    frame(source, (isV22 && FRAMES_OF_V22[id]) || id, { body, bytes, flags }, tag);
  }
}

/** iTunes wrote 2.4 tags with plain sizes; whichever leads to another frame or the end is meant. */
function frameBytes(source: Source, at: number, end: number, version: number): number {
  const head = source.read(at + 4, 4);
  const plain = head.readUInt32BE(0);
  if (version < 4) return plain;
  const safe = synchsafe(head, 0);
  if (safe === plain || leadsOn(source, at + HEADER_BYTES + safe, end)) return safe;
  return leadsOn(source, at + HEADER_BYTES + plain, end) ? plain : safe;
}

function leadsOn(source: Source, at: number, end: number): boolean {
  if (at >= end) return at === end;
  const id = source.read(at, Math.min(4, end - at)).toString('latin1');
  return /^[A-Z][A-Z0-9]{3}$/.test(id) || /^\0+$/.test(id);
}

interface FrameAt {
  readonly body: number;
  readonly bytes: number;
  readonly flags: number;
}

function frame(source: Source, id: string, at: FrameAt, { version, tags }: Tag): void {
  // Compressed and encrypted frames are rare; nothing is unpacked that could be a bomb.
  if (version === 4 ? (at.flags & 0x0c) !== 0 : (at.flags & 0xc0) !== 0) return;
  const isPicture = id === 'APIC' || id === 'PIC';
  if (at.bytes === 0 || (isPicture && at.bytes > COVER_BYTES_MAX)) return;
  const skip =
    version === 4 ? ((at.flags & 0x40) >>> 6) + ((at.flags & 1) !== 0 ? 4 : 0) : (at.flags & 0x20) >>> 5;
  const isUnsynchronised = version === 4 && (at.flags & 2) !== 0;
  // A longer text is cut: nobody reads it to its end.
  const bytesMax = isPicture ? COVER_BYTES_MAX : TAG_TEXT_BYTES_MAX;
  const [start, bytes] = [at.body + skip, Math.min(at.bytes - skip, bytesMax)];
  const body = isUnsynchronised ? synchronised(source.read(start, bytes)) : undefined;
  if (!isPicture) textFrame(id, body ?? source.read(start, bytes), { version, tags });
  else if (body) picture(sourceOf(body), id, 0, body.length, tags);
  else picture(source, id, start, bytes, tags);
}

function textFrame(id: string, body: Buffer, { version, tags }: Tag): void {
  const field = TEXT_FIELDS[id];
  if (field !== undefined) {
    const values = textsOf(body, 1, body[0] as number);
    if (id === 'TDAT') addDay(values[0] ?? '', tags);
    else tags.add(field, ...valuesOf(field, values, version));
  } else if (id === 'TXXX') {
    const [name = '', ...values] = textsOf(body, 1, body[0] as number);
    tags.add(name, ...valuesOf(name.toUpperCase(), values, version));
  } else if (id === 'UFID') {
    const owner = body.indexOf(0);
    if (body.toString('latin1', 0, owner) === 'http://musicbrainz.org') {
      tags.add('MUSICBRAINZ_TRACKID', body.toString('latin1', owner + 1));
    }
  } else if (id === 'TIPL' || id === 'TMCL' || id === 'IPLS') {
    addPeople(textsOf(body, 1, body[0] as number), id === 'TMCL', tags);
  } else if (id === 'USLT') {
    tags.add(
      'LYRICS',
      textsOf(body, 4, body[0] as number)
        .slice(1)
        .join('\n'),
    );
  } else if (id === 'SYLT') {
    tags.add('SYNCEDLYRICS', timedLines(body));
  }
}

/** Version 2.3 has no list: its writers put a slash between values. Version 2.4 puts a zero between them. */
function valuesOf(field: string, values: readonly string[], version: number): string[] {
  if (field === 'GENRE') return values.flatMap(genresIn);
  return version < 4 && PEOPLE.has(field) ? values.flatMap(splitSlashes) : [...values];
}

/** `DDMM` beside the year. */
function addDay(day: string, tags: Tags): void {
  const match = /^(\d\d)(\d\d)$/.exec(day);
  if (match) tags.add('DAYANDMONTH', `${match[2]}-${match[1]}`);
}

/** Pairs of a function and a name; of musicians the function is the instrument. */
function addPeople(pairs: readonly string[], areMusicians: boolean, tags: Tags): void {
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const [role, name] = [pairs[i] as string, pairs[i + 1] as string];
    if (areMusicians) tags.add('PERFORMER', `${name} (${role})`);
    else
      tags.add(
        INVOLVED[role.toLowerCase()] ?? 'PERFORMER',
        INVOLVED[role.toLowerCase()] ? name : `${name} (${role})`,
      );
  }
}

const INVOLVED: Readonly<Record<string, string>> = {
  arranger: 'ARRANGER',
  engineer: 'ENGINEER',
  producer: 'PRODUCER',
  'dj-mix': 'DJMIXER',
  mix: 'MIXER',
};

/** Milliseconds and words, as lines of LRC. Other units of time and other contents are passed over. */
function timedLines(body: Buffer): string {
  if (body.length < 6 || body[4] !== 2 || body[5] !== 1) return '';
  const encoding = body[0] as number;
  let at = textEnd(body, 6, encoding).next;
  const lines: string[] = [];
  while (at < body.length) {
    const { end, next } = textEnd(body, at, encoding);
    if (next + 4 > body.length) break;
    const ms = body.readUInt32BE(next);
    const text = decode(body.subarray(at, end), encoding)
      .replace(/[\r\n]+/g, ' ')
      .trim();
    lines.push(`[${Math.floor(ms / 60_000)}:${((ms % 60_000) / 1000).toFixed(3)}]${text}`);
    at = next + 4;
  }
  return lines.join('\n');
}

function picture(source: Source, id: string, start: number, bytes: number, tags: Tags): void {
  const head = source.read(start, Math.min(bytes, PICTURE_HEAD_BYTES));
  const typeAt = id === 'PIC' ? 4 : head.indexOf(0, 1) + 1;
  if (typeAt === 0 || typeAt >= head.length) return;
  const mime = head.toString('latin1', 1, typeAt);
  const { next } = textEnd(head, typeAt + 1, head[0] as number);
  if (mime.startsWith('-->') || next >= bytes) return;
  tags.addPicture({
    isFront: head[typeAt] === FRONT_COVER,
    bytes: bytes - next,
    read: () => source.copy(start + next, bytes - next),
  });
}

const PICTURE_HEAD_BYTES = 4096;

/** Texts with zeros between them. */
function textsOf(body: Buffer, start: number, encoding: number): string[] {
  const texts: string[] = [];
  for (let at = start; at < body.length; ) {
    const { end, next } = textEnd(body, at, encoding);
    texts.push(decode(body.subarray(at, end), encoding));
    at = next;
  }
  return texts;
}

function textEnd(body: Buffer, start: number, encoding: number): { end: number; next: number } {
  const isWide = encoding === 1 || encoding === 2;
  let end = body.indexOf(0, start);
  if (isWide) {
    for (end = start; end + 1 < body.length && (body[end] !== 0 || body[end + 1] !== 0); ) end += 2;
    return { end: Math.min(end, body.length), next: Math.min(end + 2, body.length) };
  }
  if (end < 0) end = body.length;
  return { end, next: Math.min(end + 1, body.length) };
}

function decode(bytes: Buffer, encoding: number): string {
  switch (encoding) {
    case 1:
      return bytes[0] === 0xfe && bytes[1] === 0xff ? wide(bytes.subarray(2), true) : wide(bytes, false);
    case 2:
      return wide(bytes, true);
    case 3:
      return bytes.toString('utf8');
    default:
      return latin.decode(bytes);
  }
}

/** Says Latin-1 and means what Windows wrote. */
const latin = new TextDecoder('windows-1252');

function wide(bytes: Buffer, isBigEndian: boolean): string {
  const even = bytes.subarray(0, bytes.length & ~1);
  const text = (isBigEndian ? Buffer.from(even).swap16() : even).toString('utf16le');
  return text.replace(/^\ufeff/, '');
}

const synchsafe = (bytes: Buffer, at: number): number =>
  [0, 1, 2, 3].reduce((size, i) => size * 128 + ((bytes[at + i] ?? 0) & 0x7f), 0);

/** Takes out the zero that keeps an 0xff from looking like sound. */
function synchronised(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    out[length++] = bytes[at] as number;
    if (bytes[at] === 0xff && bytes[at + 1] === 0) at++;
  }
  return out.subarray(0, length);
}
