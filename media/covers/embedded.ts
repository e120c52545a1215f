/** Pictures in the tags of sound files, the front cover first. */
import { readMusic } from '../files/read-file.ts';

/** @throws whatever is wrong with the file */
export const embeddedPictures = (path: string): readonly Uint8Array[] =>
  readMusic(path, ({ tags }) =>
    tags.pictures.toSorted((a, b) => Number(b.isFront) - Number(a.isFront)).map((picture) => picture.read()),
  );
