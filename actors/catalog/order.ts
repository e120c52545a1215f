/** How the catalogue's lists are ordered and cut into buckets. Pure. */
import { HOUR_MS } from '../../config/limits.ts';
import { type ListKey, newestFirst } from '../../kit/bucketed-list.ts';
import type { AlbumView, ArtistView } from './contract.ts';
import type { Mark, SongRow } from './tables.ts';

const KEY_CHARS_MAX = 100;
const YEAR_MAX = 9999;
const TRACK_UNKNOWN = 99_999;

const padded = (n: number, digits: number): string => String(n).padStart(digits, '0');

export const ALBUM_SORTS = ['added', 'title', 'artist', 'year'] as const;
type AlbumSort = (typeof ALBUM_SORTS)[number];
/** Which albums a list holds: all, or those that one thing is true of. */
export type AlbumFilter =
  | { readonly genre: string }
  | { readonly decade: number }
  | { readonly type: AlbumView['type'] };

export const SONGS = 'songs/added';
export const SONGS_BY_TITLE = 'songs/title';
export const ARTISTS = 'artists/name';
/** Those with an album of their own. */
export const ALBUM_ARTISTS = 'artists/albums';
const ARTIST_PREFIX = 'artist/';
const albumsOf = (artistId: string): string => ARTIST_PREFIX + artistId;
/** The artist whose albums a list holds, for lists of that kind: they have a table of their own. */
export const artistOf = (list: string): string | undefined =>
  list.startsWith(ARTIST_PREFIX) ? list.slice(ARTIST_PREFIX.length) : undefined;
export const songsBy = (artistId: string): string => `songs/artist/${artistId}`;

export function albumsBy(sort: AlbumSort, filter?: AlbumFilter): string {
  if (!filter) return `albums/${sort}`;
  if ('genre' in filter) return `albums/${sort}/${genreKey(filter.genre)}`;
  return 'decade' in filter
    ? `albums/${sort}//decade/${filter.decade}`
    : `albums/${sort}//type/${filter.type}`;
}

/** When the music first came out, as far as anybody has said. */
export const yearOf = ({
  originalYear,
  year,
}: Pick<AlbumView, 'originalYear' | 'year'>): number | undefined => originalYear ?? year;
export const decadeOf = (view: AlbumView): number | undefined => {
  const year = yearOf(view);
  return year === undefined ? undefined : Math.floor(year / 10) * 10;
};

/** Short and free of what a store could not give back as it got it: half a surrogate pair, control signs. */
const keyText = (text: string): string =>
  text.replaceAll(/\p{C}/gu, '').trim().slice(0, KEY_CHARS_MAX).toWellFormed();

/** Genres that differ by case, blanks or slashes only are one genre. */
export const genreKey = (genre: string): string => keyText(genre.toLowerCase().replaceAll(/[\s/|]+/g, ' '));

/** As a record shop sorts: no case, no accents, no leading article. */
export const sortKey = (name: string): string =>
  keyText(
    name
      .normalize('NFKD')
      .replaceAll(/\p{M}/gu, '')
      .toLowerCase()
      .replace(/^the\s+/, ''),
  );

/** Two letters of a Latin name, one sign of any other script: enough buckets for millions of names. */
function nameBucket(key: string): string {
  const [first = '', second = ''] = key;
  return first < '\u0080' && second < '\u0080' ? first + second : first;
}

const byAdded = (addedAtMs: number) => ({
  bucket: newestFirst(Math.floor(addedAtMs / HOUR_MS)),
  sort: newestFirst(addedAtMs),
});

const byName = (name: string) => {
  const sort = sortKey(name);
  return { bucket: nameBucket(sort), sort };
};

/** Before all artists that are sorted by this name. */
export const beforeName = (name: string): ListKey => ({ ...byName(name), id: '' });

/** Newest year first, within a year by title; albums without a year come last. */
const byYear = (year: number | undefined, title: string) => {
  const {
    bucket: [first = ''],
    sort,
  } = byName(title);
  return { bucket: `${padded(YEAR_MAX - (year ?? 0), 4)}${first}`, sort };
};

/** Where a song stands; removed ones stand nowhere. */
export function songMarks(row: SongRow): Mark[] {
  if (row.removed) return [];
  const { release, addedAtMs } = row;
  const shown = row.shown ?? release;
  const { songId: id, title, sortTitle, artists, album, discNumber, trackNumber } = shown;
  // Of the song's own facts alone, so that nothing moves when its album learns a year.
  const home = byYear(album.originalYear ?? shown.year, album.sortTitle ?? album.title);
  const place = `${album.albumId} ${padded(discNumber, 4)}${padded(trackNumber || TRACK_UNKNOWN, 5)}`;
  return [
    { list: SONGS, id, ...byAdded(addedAtMs) },
    { list: SONGS_BY_TITLE, id, ...byName(sortTitle ?? title) },
    ...[...new Set(artists.map(({ artistId }) => artistId))].map((artistId) => ({
      list: songsBy(artistId),
      id,
      bucket: home.bucket,
      sort: `${home.sort} ${place}`,
    })),
  ];
}

export function albumMarks(view: AlbumView, artistIds: readonly string[]): Mark[] {
  const { albumId: id, addedAtMs, genres, artists, type } = view;
  const title = view.sortTitle ?? view.title;
  const [first] = artists;
  const year = byYear(yearOf(view), title);
  const artist = byName(first?.sortName ?? first?.name ?? '');
  const orders = {
    added: byAdded(addedAtMs),
    title: byName(title),
    artist: { bucket: artist.bucket, sort: `${artist.sort} ${year.bucket}${year.sort}` },
    year,
  };
  const decade = decadeOf(view);
  const filters: (AlbumFilter | undefined)[] = [
    undefined,
    { type },
    ...(decade === undefined ? [] : [{ decade }]),
    ...genres.map((genre) => ({ genre })),
  ];
  return [
    ...filters.flatMap((filter) =>
      ALBUM_SORTS.map((by) => ({ list: albumsBy(by, filter), id, ...orders[by] })),
    ),
    // One artist's albums fit one partition.
    ...artistIds.map((artistId) => ({
      list: albumsOf(artistId),
      id,
      bucket: '',
      sort: year.bucket + year.sort,
    })),
  ];
}

export function artistMarks({ artistId, name, sortName, albumCount, appearsOnCount }: ArtistView): Mark[] {
  const place = { id: artistId, ...byName(sortName ?? name) };
  const lists = albumCount > 0 ? [ARTISTS, ALBUM_ARTISTS] : appearsOnCount > 0 ? [ARTISTS] : [];
  return lists.map((list) => ({ list, ...place }));
}

export const sameMark = (a: Mark, b: Mark): boolean =>
  a.list === b.list && a.bucket === b.bucket && a.sort === b.sort && a.id === b.id;
