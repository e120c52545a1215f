/** What a release does to a song's row, and what albums and artists make of their songs. Pure. */
import { createHash } from 'node:crypto';
import {
  ALBUM_GENRES_MAX,
  ARTIST_ALBUMS_SHOWN_MAX,
  ARTIST_GENRES_MAX,
  LYRICS_BYTES_MAX,
} from '../../config/limits.ts';
import { type AntiphonError, BadRequestError, TooLargeError } from '../../kit/errors.ts';
import type { AlbumView, ArtistView, CatalogEvent, Lyrics, SongRelease, SongView } from './contract.ts';
import { albumMarks, artistMarks, genreKey, sameMark, sortKey } from './order.ts';
import type { AlbumArtist, AlbumRow, ArtistRow, Mark, Packaged, SongRow } from './tables.ts';

const SHARES_SUM_BP = 10_000;

/** What the journal holds: the public event and what came with it. */
export interface CatalogRecord extends CatalogEvent {
  readonly release?: SongRelease;
  readonly packaged?: Packaged;
}

/** Why a release is refused (rules C2 to C4). */
export function problemOf({ credits, rights, lyrics, songId }: SongRelease): AntiphonError | undefined {
  const sumBp = credits.reduce((sum, { shareBp }) => sum + shareBp, 0);
  if (credits.length > 0 && sumBp !== SHARES_SUM_BP) {
    return new BadRequestError(
      'CREDITS_DO_NOT_SUM',
      `The shares of all credits must sum to ${SHARES_SUM_BP} basis points (100 %); these sum to ${sumBp}.`,
      { sumBp },
    );
  }
  if (rights.some(({ fromMs, untilMs }) => untilMs !== undefined && untilMs <= (fromMs ?? 0))) {
    return new BadRequestError('RIGHTS_WINDOW_EMPTY', 'A rights window must end after it begins.');
  }
  if (lyrics && lyrics.songId !== songId) {
    return new BadRequestError('LYRICS_OF_ANOTHER_SONG', 'The lyrics must name the song they come with.');
  }
  if (lyrics && Buffer.byteLength(JSON.stringify(lyrics)) > LYRICS_BYTES_MAX) {
    return new TooLargeError('LYRICS_TOO_LARGE', `Lyrics may take ${LYRICS_BYTES_MAX} bytes at most.`);
  }
  return undefined;
}

export const digestOf = (lyrics: Lyrics): string =>
  createHash('sha256').update(JSON.stringify(lyrics)).digest('base64url');

const unique = (ids: Iterable<string>): string[] => [...new Set(ids)];

const artistIdsOf = ({ artists, album }: Pick<SongRelease, 'artists' | 'album'>): string[] =>
  unique([...artists, ...album.artists].map(({ artistId }) => artistId));

/** The event that takes a song from its row as it is (undefined: new) to what is released. */
export function releaseEvent(before: SongRow | undefined, release: SongRelease): CatalogRecord {
  const { songId, album } = release;
  const previous = before?.release;
  return {
    type: 'songReleased',
    songId,
    albumId: album.albumId,
    ...(previous && previous.album.albumId !== album.albumId && { previousAlbumId: previous.album.albumId }),
    artistIds: unique([...artistIdsOf(release), ...(previous ? artistIdsOf(previous) : [])]),
    release,
  };
}

const eventOf = (type: CatalogEvent['type'], { release }: SongRow): CatalogRecord => ({
  type,
  songId: release.songId,
  albumId: release.album.albumId,
  artistIds: artistIdsOf(release),
});

export const removalEvent = (row: SongRow): CatalogRecord => eventOf('songRemoved', row);
export const packagedEvent = (row: SongRow, packaged: Packaged): CatalogRecord => ({
  ...eventOf('songPackaged', row),
  packaged,
});

/** The row after a journaled event, or undefined when there is no song that it could change. */
export function rowAfter(
  before: SongRow | undefined,
  { type, release: released, packaged }: CatalogRecord,
  { seq, atMs }: { readonly seq: number; readonly atMs: number },
): SongRow | undefined {
  if (type === 'songRemoved') return before && { ...before, seq, removed: true, settled: false };
  if (type === 'songPackaged') return before && packaged && { ...before, seq, packaged };
  if (!released) return undefined;
  const { lyrics, ...release } = released;
  return {
    seq,
    release,
    ...(lyrics && { lyrics: { synced: lyrics.synced, digest: digestOf(lyrics) } }),
    ...(before?.packaged && { packaged: before.packaged }),
    addedAtMs: before?.addedAtMs ?? atMs,
    removed: false,
    settled: false,
    staleAlbumIds: unique([
      ...(before?.staleAlbumIds ?? []),
      ...(before ? [before.release.album.albumId] : []),
    ]),
  };
}

const COMPOSING_ROLES: ReadonlySet<string> = new Set(['composer', 'songwriter']);

export function songView({ release, lyrics, packaged }: SongRow): Omit<SongView, 'unavailable'> {
  const { album, artistAbout: _about, credits, rights: _rights, rungs: _rungs, ...rest } = release;
  const composers = unique(credits.filter(({ role }) => COMPOSING_ROLES.has(role)).map(({ name }) => name));
  return {
    ...rest,
    ...packaged,
    ...(composers.length > 0 && { composers }),
    album: {
      albumId: album.albumId,
      title: album.title,
      ...(album.coverId !== undefined && { coverId: album.coverId }),
      ...(album.loudness && { loudness: album.loudness }),
    },
    lyrics: lyrics ? (lyrics.synced ? 'synced' : 'plain') : 'none',
  };
}

/** Disc, track (unknown tracks last), title, id. */
function inAlbumOrder(a: SongRow, b: SongRow): number {
  const [x, y] = [a.release, b.release];
  const track = (n: number) => (n === 0 ? Number.MAX_SAFE_INTEGER : n);
  return (
    x.discNumber - y.discNumber ||
    track(x.trackNumber) - track(y.trackNumber) ||
    compare(sortKey(x.sortTitle ?? x.title), sortKey(y.sortTitle ?? y.title)) ||
    compare(x.songId, y.songId)
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Counts by genre key, with the way of writing met first. */
function genreTally(lists: readonly (readonly string[])[]): Record<string, number> {
  const tally = new Map<string, { name: string; count: number }>();
  for (const name of lists.flatMap((genres) => uniqueGenres(genres))) {
    const entry = tally.get(genreKey(name)) ?? { name, count: 0 };
    entry.count += 1;
    tally.set(genreKey(name), entry);
  }
  return Object.fromEntries([...tally.values()].map(({ name, count }) => [name, count]));
}

const uniqueGenres = (genres: readonly string[]): string[] => [
  ...new Map(genres.map((name) => [genreKey(name), name] as const)).values(),
];

const commonest = (tally: Readonly<Record<string, number>>, max: number): string[] =>
  Object.entries(tally)
    .sort(([a, x], [b, y]) => y - x || compare(a, b))
    .slice(0, max)
    .map(([name]) => name);

/** What the songs of one album make of it; `songs` is not empty. */
export function albumRowOf(songs: readonly SongRow[], before?: AlbumRow): AlbumRow {
  const ordered = [...songs].sort(inAlbumOrder);
  const latest = songs.reduce((a, b) => (b.seq > a.seq ? b : a));
  const { album } = latest.release;
  const years = songs.flatMap(({ release }) => release.year ?? []);
  const artists = albumArtists(songs, new Set(album.artists.map(({ artistId }) => artistId)));
  const view: AlbumView = {
    ...album,
    genres: commonest(genreTally(songs.map(({ release }) => release.genres)), ALBUM_GENRES_MAX),
    ...(years.length > 0 && { year: Math.max(...years) }),
    songCount: songs.length,
    durationMs: songs.reduce((sum, { release }) => sum + release.durationMs, 0),
    addedAtMs: songs.reduce((min, { addedAtMs }) => Math.min(min, addedAtMs), Number.MAX_SAFE_INTEGER),
  };
  return {
    view,
    songIds: ordered.map(({ release }) => release.songId),
    artists,
    ...marked(albumMarks(view, Object.keys(artists)), before),
  };
}

/** What is left of an album whose last song went: it is on no list. */
export const emptiedAlbum = (before: AlbumRow): AlbumRow => ({
  view: { ...before.view, genres: [], songCount: 0, durationMs: 0 },
  songIds: [],
  artists: {},
  ...marked([], before),
});

const marked = (
  marks: readonly Mark[],
  before: { readonly marks: readonly Mark[]; readonly staleMarks: readonly Mark[] } | undefined,
): { marks: readonly Mark[]; staleMarks: readonly Mark[] } => ({
  marks,
  staleMarks: [...(before?.marks ?? []), ...(before?.staleMarks ?? [])].filter(
    (old) => !marks.some((mark) => sameMark(mark, old)),
  ),
});

/** Each artist of the album's songs, and the album's own artists even without a song of theirs. */
function albumArtists(songs: readonly SongRow[], ownIds: ReadonlySet<string>): Record<string, AlbumArtist> {
  const artists: Record<string, AlbumArtist> = {};
  for (const { release, seq } of [...songs].sort((a, b) => a.seq - b.seq)) {
    const own = release.album.artists.filter(({ artistId }) => ownIds.has(artistId));
    for (const { artistId, ...names } of [...own, ...release.artists]) {
      const about = release.artistAbout?.[artistId] ?? artists[artistId]?.about;
      artists[artistId] = { ...names, songCount: 0, genres: {}, seq, ...(about !== undefined && { about }) };
    }
  }
  for (const [artistId, artist] of Object.entries(artists)) {
    const theirs = songs.filter(({ release }) => release.artists.some((ref) => ref.artistId === artistId));
    artists[artistId] = {
      ...artist,
      songCount: theirs.length,
      genres: genreTally(theirs.map(({ release }) => release.genres)),
    };
  }
  return artists;
}

/** What an artist's albums (in the order of the artist's page) make of the artist; none: off every list. */
export function artistRowOf(
  artistId: string,
  albums: readonly AlbumRow[],
  before?: ArtistRow,
): ArtistRow | undefined {
  const parts = albums.flatMap(({ artists }) => artists[artistId] ?? []);
  const latest = parts.reduce<AlbumArtist | undefined>((a, b) => (a && a.seq >= b.seq ? a : b), undefined);
  const name = latest?.name ?? before?.view.name;
  if (name === undefined) return undefined;
  const about = [...parts].sort((a, b) => b.seq - a.seq).find((part) => part.about !== undefined)?.about;
  const coverId = albums.find(({ view }) => view.coverId !== undefined)?.view.coverId;
  const genres: Record<string, number> = {};
  for (const part of parts) {
    for (const [genre, count] of Object.entries(part.genres)) genres[genre] = (genres[genre] ?? 0) + count;
  }
  const { sortName, mbid } = latest ?? before?.view ?? {};
  const view: ArtistView = {
    artistId,
    name,
    ...(sortName !== undefined && { sortName }),
    ...(mbid !== undefined && { mbid }),
    genres: uniqueGenres(commonest(genres, ARTIST_GENRES_MAX)),
    ...(about !== undefined && { about }),
    ...(coverId !== undefined && { coverId }),
    albumCount: albums.length,
    songCount: parts.reduce((sum, { songCount }) => sum + songCount, 0),
  };
  return {
    view,
    albumIds: albums.slice(0, ARTIST_ALBUMS_SHOWN_MAX).map((album) => album.view.albumId),
    ...marked(albums.length > 0 ? artistMarks(view) : [], before),
  };
}
