/** Pictures in the tags of sound files. */
import { COVER_BYTES_MAX } from '../../config/limits.ts';
import { readTags } from '../files/read-file.ts';

/** The first that `isWanted`, of which the front cover is asked first. @throws whatever is wrong with the file */
export const embeddedPicture = (
  path: string,
  isWanted: (image: Uint8Array) => boolean,
): Uint8Array | undefined =>
  readTags(path, ({ pictures }) => {
    for (const picture of pictures.toSorted((a, b) => Number(b.isFront) - Number(a.isFront))) {
      if (picture.bytes > COVER_BYTES_MAX) continue;
      const image = picture.read();
      if (isWanted(image)) return image;
    }
    return undefined;
  });
