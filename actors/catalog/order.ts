/** How the catalogue's lists are ordered and cut into buckets. Pure. */
import { HOUR_MS } from '../../config/limits.ts';
import { newestFirst } from '../../kit/bucketed-list.ts';
import type { AlbumView, ArtistView } from './contract.ts';
import type { Mark, SongRow } from './tables.ts';

const KEY_CHARS_MAX = 100;
const YEAR_MAX = 9999;

type AlbumSort = 'added' | 'title' | 'year';

export const SONGS = 'songs/added';
export const ARTISTS = 'artists/name';
const ARTIST_PREFIX = 'artist/';
export const albumsOf = (artistId: string): string => ARTIST_PREFIX + artistId;
/** The artist whose albums a list holds, for lists of that kind. */
export const artistOf = (list: string): string | undefined =>
  list.startsWith(ARTIST_PREFIX) ? list.slice(ARTIST_PREFIX.length) : undefined;
export const albumsBy = (sort: AlbumSort, genre?: string): string =>
  genre === undefined ? `albums/${sort}` : `albums/${sort}/${genreKey(genre)}`;

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

/** Newest year first, within a year by title; albums without a year come last. */
const byYear = (year: number | undefined, title: string) => {
  const {
    bucket: [first = ''],
    sort,
  } = byName(title);
  return { bucket: `${String(YEAR_MAX - (year ?? 0)).padStart(4, '0')}${first}`, sort };
};

export const songMark = ({ release, addedAtMs }: Pick<SongRow, 'release' | 'addedAtMs'>): Mark => ({
  list: SONGS,
  id: release.songId,
  ...byAdded(addedAtMs),
});

export function albumMarks(view: AlbumView, artistIds: readonly string[]): Mark[] {
  const { albumId: id, year, addedAtMs, genres } = view;
  const title = view.sortTitle ?? view.title;
  const orders = {
    added: byAdded(addedAtMs),
    title: byName(title),
    year: byYear(year, title),
  };
  const sorts = ['added', 'title', 'year'] as const;
  const { bucket, sort } = orders.year;
  return [
    ...[undefined, ...genres].flatMap((genre) =>
      sorts.map((by) => ({ list: albumsBy(by, genre), id, ...orders[by] })),
    ),
    // One artist's albums fit one partition.
    ...artistIds.map((artistId) => ({ list: albumsOf(artistId), id, bucket: '', sort: bucket + sort })),
  ];
}

export const artistMarks = ({ artistId, name, sortName }: ArtistView): Mark[] => [
  { list: ARTISTS, id: artistId, ...byName(sortName ?? name) },
];

export const sameMark = (a: Mark, b: Mark): boolean =>
  a.list === b.list && a.bucket === b.bucket && a.sort === b.sort && a.id === b.id;
