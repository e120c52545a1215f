/** What is told of what is not in the catalogue. */
import { NotFoundError } from '../../kit/errors.ts';

export const songGone = () =>
  new NotFoundError('SONG_NOT_FOUND', 'There is no such song; search for it again.');
export const albumGone = () =>
  new NotFoundError('ALBUM_NOT_FOUND', 'There is no such album; search for it again.');
export const artistGone = () =>
  new NotFoundError('ARTIST_NOT_FOUND', 'There is no such artist; search for it again.');
