/** iTunes' tags: atoms of `moov/udta/meta/ilst`, each with its values in `data` boxes. */
import { COVER_BYTES_MAX, TAG_TEXT_BYTES_MAX } from '../../../config/limits.ts';
import { type Box, boxAt, boxesIn, boxIn } from '../formats/boxes.ts';
import type { FileReader } from '../reader.ts';
import { genreOf } from './genres.ts';
import type { Tags } from './tags.ts';

const TEXTS: Readonly<Record<string, string>> = {
  '\xa9nam': 'TITLE',
  '\xa9ART': 'ARTIST',
  aART: 'ALBUMARTIST',
  '\xa9alb': 'ALBUM',
  '\xa9gen': 'GENRE',
  '\xa9day': 'DATE',
  '\xa9wrt': 'COMPOSER',
  '\xa9lyr': 'LYRICS',
  '\xa9wrk': 'WORK',
  '\xa9mvn': 'MOVEMENTNAME',
  '\xa9grp': 'GROUPING',
  '\xa9pub': 'PUBLISHER',
  '\xa9con': 'CONDUCTOR',
  '\xa9arg': 'ARRANGER',
  '\xa9prd': 'PRODUCER',
  '\xa9sne': 'ENGINEER',
  soar: 'ARTISTSORT',
  soaa: 'ALBUMARTISTSORT',
  soal: 'ALBUMSORT',
  sonm: 'TITLESORT',
  soco: 'COMPOSERSORT',
};
const NUMBERS: Readonly<Record<string, string>> = {
  cpil: 'COMPILATION',
  rtng: 'ITUNESADVISORY',
  stik: 'MEDIAKIND',
  '\xa9mvi': 'MOVEMENT',
  '\xa9mvc': 'MOVEMENTTOTAL',
};
const PAIRS: Readonly<Record<string, string>> = { trkn: 'TRACKNUMBER', disk: 'DISCNUMBER' };
/** Of the type and the locale before the value. */
const DATA_HEAD_BYTES = 8;

export function readMp4Tags(file: FileReader, moov: Box, tags: Tags): void {
  const meta = boxAt(file, moov, 'udta/meta') ?? boxIn(file, moov, 'meta');
  if (!meta) return;
  // QuickTime's has no version in front.
  const isFull = file.read(meta.start, 8).toString('latin1', 4) !== 'hdlr';
  const ilst = boxIn(file, { ...meta, start: meta.start + (isFull ? 4 : 0) }, 'ilst');
  if (!ilst) return;
  for (const atom of boxesIn(file, ilst)) if (atom.end <= ilst.end) readAtom(file, atom, tags);
}

function readAtom(file: FileReader, atom: Box, tags: Tags): void {
  const name = atom.type === '----' ? freeName(file, atom) : TEXTS[atom.type];
  const data = (box: Box): Buffer => {
    const start = box.start + DATA_HEAD_BYTES;
    const isText = box.end - start <= TAG_TEXT_BYTES_MAX && box.end > start && box.end <= atom.end;
    return isText ? file.read(start, box.end - start) : Buffer.alloc(0);
  };
  for (const box of boxesIn(file, atom)) {
    if (box.type !== 'data' || box.end > atom.end) continue;
    if (atom.type === 'covr') addCover(file, box, tags);
    else if (name !== undefined) tags.add(name, data(box).toString('utf8'));
    else if (atom.type === 'gnre') tags.add('GENRE', genreOf(integerOf(data(box)) - 1) ?? '');
    else if (NUMBERS[atom.type]) tags.add(NUMBERS[atom.type] as string, String(integerOf(data(box))));
    else if (PAIRS[atom.type]) addPair(PAIRS[atom.type] as string, data(box), tags);
  }
}

function freeName(file: FileReader, atom: Box): string | undefined {
  const name = boxIn(file, atom, 'name');
  return name && file.read(name.start + 4, Math.min(100, name.end - name.start - 4)).toString('utf8');
}

function addCover(file: FileReader, box: Box, tags: Tags): void {
  const start = box.start + DATA_HEAD_BYTES;
  const bytes = box.end - start;
  if (bytes <= 0 || bytes > COVER_BYTES_MAX) return;
  // The first one is shown everywhere.
  tags.addPicture({ isFront: tags.pictures.length === 0, bytes, read: () => file.copy(start, bytes) });
}

function addPair(name: string, value: Buffer, tags: Tags): void {
  if (value.length < 6) return;
  const [number, total] = [value.readUInt16BE(2), value.readUInt16BE(4)];
  tags.add(name, total > 0 ? `${number}/${total}` : String(number));
}

const integerOf = (value: Buffer): number =>
  value.length === 0 ? 0 : value.readUIntBE(0, Math.min(value.length, 6));
