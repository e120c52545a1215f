/** What the index holds of songs, albums and artists. Pure. */
import { SEARCH_LYRICS_CHARS_MAX } from '../../config/limits.ts';
import type { CollectionSpec, SearchDocument } from '../../kit/ports/search-index.ts';
import type { AlbumView, ArtistView, Lyrics, SongView } from '../catalog/contract.ts';

const textOnly = { facets: [], sortable: [] };

export const SONGS: CollectionSpec = {
  name: 'songs',
  text: { title: 10, artists: 6, composers: 4, work: 4, album: 4, genres: 2, lyrics: 1 },
  ...textOnly,
};
export const ALBUMS: CollectionSpec = {
  name: 'albums',
  text: { title: 10, artists: 6, genres: 2, label: 1 },
  ...textOnly,
};
export const ARTISTS: CollectionSpec = {
  name: 'artists',
  text: { name: 10, sortName: 4, genres: 2 },
  ...textOnly,
};
/** Of a shared index: one document a fill, see `follow` in actor.ts. */
export const FILLS: CollectionSpec = { name: 'fills', text: { name: 1 }, ...textOnly };

const namesOf = (refs: readonly { readonly name: string }[]): string =>
  refs.map(({ name }) => name).join(' ');

const wordsOf = (lyrics: Lyrics): string =>
  lyrics.lines
    .map(({ text }) => text)
    .join(' ')
    .slice(0, SEARCH_LYRICS_CHARS_MAX);

export const songDocument = (song: SongView, lyrics: Lyrics | undefined): SearchDocument => ({
  id: song.songId,
  title: song.title,
  artists: [...new Set([namesOf(song.artists), song.displayArtist ?? ''])].join(' ').trim(),
  ...(song.work !== undefined && { work: `${song.work} ${song.movement?.name ?? ''}`.trim() }),
  ...(song.composers && { composers: song.composers.join(' ') }),
  album: song.album.title,
  genres: song.genres.join(' '),
  ...(lyrics && { lyrics: wordsOf(lyrics) }),
});

export const albumDocument = (album: AlbumView): SearchDocument => ({
  id: album.albumId,
  title: album.title,
  artists: namesOf(album.artists),
  genres: album.genres.join(' '),
  ...(album.label !== undefined && { label: album.label }),
});

export const artistDocument = (artist: ArtistView): SearchDocument => ({
  id: artist.artistId,
  name: artist.name,
  ...(artist.sortName !== undefined && { sortName: artist.sortName }),
  genres: artist.genres.join(' '),
});
