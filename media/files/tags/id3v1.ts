import { genreOf } from './genres.ts';
import { Tags } from './tags.ts';

/** The 128 bytes at a file's end that old players understand: texts cut short, so all else is believed first. */
export function readId3v1(tag: Buffer, tags: Tags): void {
  const text = (start: number, end: number): string =>
    (tag.toString('latin1', start, end).split('\0')[0] ?? '').trim();
  const found = new Tags();
  found.add('TITLE', text(3, 33));
  found.add('ARTIST', text(33, 63));
  found.add('ALBUM', text(63, 93));
  found.add('DATE', text(93, 97));
  if (tag[125] === 0 && tag[126] !== 0) found.add('TRACKNUMBER', String(tag[126]));
  found.add('GENRE', genreOf(tag[127] as number) ?? '');
  tags.fill(found);
}
