/** What albums make of their songs, and artists of their albums. Pure. */
import { ALBUM_ARTISTS_MAX, ALBUM_GENRES_MAX, ARTIST_GENRES_MAX } from '../../config/limits.ts';
import type { AlbumView, ArtistView } from './contract.ts';
import { shownOf } from './domain.ts';
import { albumMarks, artistMarks, genreKey, sameMark, sortKey } from './order.ts';
import type { AlbumArtist, AlbumRow, ArtistAlbum, ArtistRow, Mark, Shown, SongRow } from './tables.ts';

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Disc, track (unknown tracks last), title, id. */
function inAlbumOrder(x: Shown, y: Shown): number {
  const track = (n: number) => (n === 0 ? Number.MAX_SAFE_INTEGER : n);
  return (
    x.discNumber - y.discNumber ||
    track(x.trackNumber) - track(y.trackNumber) ||
    compare(sortKey(x.sortTitle ?? x.title), sortKey(y.sortTitle ?? y.title)) ||
    compare(x.songId, y.songId)
  );
}

/** Adds each genre once, under the way of writing met first. */
function tallyGenres(tally: Map<string, { name: string; count: number }>, genres: readonly string[]): void {
  for (const [key, name] of new Map(genres.map((genre) => [genreKey(genre), genre] as const))) {
    const entry = tally.get(key) ?? { name, count: 0 };
    entry.count += 1;
    tally.set(key, entry);
  }
}

const countsOf = (tally: ReadonlyMap<string, { name: string; count: number }>): Record<string, number> =>
  Object.fromEntries([...tally.values()].map(({ name, count }) => [name, count]));

const commonest = (tally: Readonly<Record<string, number>>, max: number): string[] =>
  Object.entries(tally)
    .sort(([a, x], [b, y]) => y - x || compare(a, b))
    .slice(0, max)
    .map(([name]) => name);

/** What the songs of one album make of it; `songs` is not empty. */
export function albumRowOf(songs: readonly SongRow[], before?: AlbumRow): AlbumRow {
  const shown = songs.map(shownOf);
  const latest = songs[speaksFor(songs)] as SongRow;
  const { year, ...album } = shownOf(latest).album;
  const years = shown.flatMap((song) => song.year ?? []);
  const yearShown = year ?? (years.length > 0 ? Math.max(...years) : undefined);
  const artists = albumArtists(songs);
  const tally = new Map<string, { name: string; count: number }>();
  for (const { genres } of shown) tallyGenres(tally, genres);
  const view: AlbumView = {
    ...album,
    genres: commonest(countsOf(tally), ALBUM_GENRES_MAX),
    ...(yearShown !== undefined && { year: yearShown }),
    songCount: songs.length,
    durationMs: shown.reduce((sum, { durationMs }) => sum + durationMs, 0),
    addedAtMs: songs.reduce((min, { addedAtMs }) => Math.min(min, addedAtMs), Number.MAX_SAFE_INTEGER),
  };
  return {
    view,
    songIds: shown.toSorted(inAlbumOrder).map(({ songId }) => songId),
    artists,
    ...marked(albumMarks(view, Object.keys(artists)), before),
  };
}

/**
 * Which song's word of the album counts: the one released last of those whose files name this album. A song
 * that a correction has brought here speaks of the album it came from.
 */
function speaksFor(songs: readonly SongRow[]): number {
  let found = 0;
  const isNative = (row: SongRow) => row.release.album.albumId === shownOf(row).album.albumId;
  for (const [i, row] of songs.entries()) {
    const best = songs[found] as SongRow;
    const [native, bestNative] = [isNative(row), isNative(best)];
    if (native === bestNative ? row.seq > best.seq : native) found = i;
  }
  return found;
}

/** What is left of an album whose last song went: it is on no list. */
export const emptiedAlbum = (before: AlbumRow): AlbumRow => ({
  view: { ...before.view, genres: [], songCount: 0, durationMs: 0 },
  songIds: [],
  artists: {},
  ...marked([], before),
});

function marked(
  marks: readonly Mark[],
  before: { readonly marks: readonly Mark[]; readonly staleMarks: readonly Mark[] } | undefined,
): { marks: readonly Mark[]; staleMarks: readonly Mark[] } {
  const olds = before ? [...before.marks, ...before.staleMarks] : [];
  return { marks, staleMarks: olds.filter((old) => !marks.some((mark) => sameMark(mark, old))) };
}

/** Each artist of the album's songs, and the album's own artists even without a song of theirs. */
function albumArtists(songs: readonly SongRow[]): Record<string, AlbumArtist> {
  const artists = new Map<string, AlbumArtist>();
  const genresOf = new Map<string, Map<string, { name: string; count: number }>>();
  for (const row of songs.toSorted((a, b) => a.seq - b.seq)) {
    const { album, artists: by, artistAbout, genres } = shownOf(row);
    const performing = new Set(by.map(({ artistId }) => artistId));
    for (const { artistId, ...names } of [...album.artists, ...by]) {
      const before = artists.get(artistId);
      if (!before && artists.size >= ALBUM_ARTISTS_MAX) continue;
      const about = artistAbout?.[artistId] ?? before?.about;
      artists.set(artistId, {
        ...names,
        songCount: before?.songCount ?? 0,
        genres: {},
        seq: row.seq,
        ...(about !== undefined && { about }),
      });
    }
    for (const artistId of performing) {
      const artist = artists.get(artistId);
      if (!artist) continue;
      artists.set(artistId, { ...artist, songCount: artist.songCount + 1 });
      const tally = genresOf.get(artistId) ?? new Map();
      genresOf.set(artistId, tally);
      tallyGenres(tally, genres);
    }
  }
  return Object.fromEntries(
    [...artists].map(([id, artist]) => [id, { ...artist, genres: countsOf(genresOf.get(id) ?? new Map()) }]),
  );
}

/** What one album says of one of its artists. */
export function artistAlbumOf({ view, artists }: AlbumRow, artistId: string): ArtistAlbum | undefined {
  const artist = artists[artistId];
  return (
    artist && {
      ...artist,
      own: view.artists.some((ref) => ref.artistId === artistId),
      type: view.type,
      ...(view.coverId !== undefined && { coverId: view.coverId }),
    }
  );
}

/** What an artist's albums (in the order of the artist's page) make of the artist; none: off every list. */
export function artistRowOf(
  artistId: string,
  albums: readonly ArtistAlbum[],
  before?: ArtistRow,
): ArtistRow | undefined {
  const bySeq = albums.toSorted((a, b) => b.seq - a.seq);
  const latest = bySeq[0] ?? before?.view;
  if (!latest) return undefined;
  const about = bySeq.find((part) => part.about !== undefined)?.about;
  const own = albums.filter((album) => album.own);
  const coverId = [...own, ...albums].find((album) => album.coverId !== undefined)?.coverId;
  const genres: Record<string, number> = {};
  for (const part of albums) {
    for (const [genre, count] of Object.entries(part.genres)) genres[genre] = (genres[genre] ?? 0) + count;
  }
  const view: ArtistView = {
    artistId,
    name: latest.name,
    ...(latest.sortName !== undefined && { sortName: latest.sortName }),
    ...(latest.mbid !== undefined && { mbid: latest.mbid }),
    genres: uniqueGenres(commonest(genres, ARTIST_GENRES_MAX)),
    ...(about !== undefined && { about }),
    ...(coverId !== undefined && { coverId }),
    albumCount: own.length,
    appearsOnCount: albums.length - own.length,
    songCount: albums.reduce((sum, { songCount }) => sum + songCount, 0),
  };
  return { view, ...marked(artistMarks(view), before) };
}

/** Whether anything is left of the artist. */
export const isKnown = ({ albumCount, appearsOnCount }: ArtistView): boolean =>
  albumCount + appearsOnCount > 0;

const uniqueGenres = (genres: readonly string[]): string[] => [
  ...new Map(genres.map((name) => [genreKey(name), name] as const)).values(),
];
