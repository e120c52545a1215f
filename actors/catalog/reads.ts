/** What the catalogue answers. Availability is judged at each answer, from copies that know no viewer. */
import {
  ALBUM_FILTER_ROUNDS_MAX,
  ARTIST_ALBUMS_SHOWN_MAX,
  ARTIST_SONGS_SHOWN_MAX,
  COVER_LOOKS_MAX,
  GENRE_COVERS_MAX,
  PAGE_DEFAULT,
} from '../../config/limits.ts';
import type { Handlers } from '../../kit/contract.ts';
import { NotFoundError } from '../../kit/errors.ts';
import type { Clock } from '../../kit/sources.ts';
import type { CorrectionBook } from './book.ts';
import type { AlbumView, catalogContract, PlayableSong, SongView } from './contract.ts';
import { shownOf } from './domain.ts';
import { albumGone, artistGone, songGone } from './gone.ts';
import {
  ALBUM_ARTISTS,
  type AlbumFilter,
  ARTISTS,
  albumsBy,
  decadeOf,
  genreKey,
  SONGS,
  SONGS_BY_TITLE,
  songsBy,
} from './order.ts';
import type { Recorder } from './recorder.ts';
import { unavailableFor } from './rights.ts';
import type { IdPage, ShelfReader, SongCard } from './shelf-reader.ts';
import type { Totals } from './totals.ts';

interface ReadsDeps {
  readonly reader: ShelfReader;
  readonly totals: Totals;
  readonly recorder: Pick<Recorder, 'catchUp'>;
  readonly openBook: () => CorrectionBook;
  readonly clock: Clock;
}

type Reads =
  | 'song'
  | 'songs'
  | 'playable'
  | 'lyrics'
  | 'credits'
  | 'album'
  | 'albums'
  | 'albumsById'
  | 'artist'
  | 'artistAlbums'
  | 'artistSongs'
  | 'artistSongIds'
  | 'artists'
  | 'artistsById'
  | 'genres'
  | 'decades'
  | 'uncached'
  | 'allSongs'
  | 'counts';

const isPresent = <T>(value: T | undefined): value is T => value !== undefined;
interface AlbumFilters {
  readonly genre?: string | undefined;
  readonly decade?: number | undefined;
  readonly type?: AlbumView['type'] | undefined;
}

/** The one that leaves fewest albums comes first, as a rule. */
const filtersOf = ({ genre, decade, type }: AlbumFilters): AlbumFilter[] => [
  ...(genre === undefined ? [] : [{ genre }]),
  ...(decade === undefined ? [] : [{ decade }]),
  ...(type === undefined ? [] : [{ type }]),
];

function fits(view: AlbumView, filter: AlbumFilter): boolean {
  if ('genre' in filter) return view.genres.some((name) => genreKey(name) === genreKey(filter.genre));
  return 'decade' in filter ? decadeOf(view) === filter.decade : view.type === filter.type;
}

export function createReads({
  reader,
  totals,
  recorder,
  openBook,
  clock,
}: ReadsDeps): Pick<Handlers<typeof catalogContract>, Reads> {
  /** What one viewer sees of cards, all judged at one time. */
  const seenFrom = (country: string | undefined) => {
    const nowMs = clock.nowMs();
    return (card: SongCard): SongView => {
      const unavailable = unavailableFor(card, country, nowMs);
      return { ...card.view, ...(unavailable && { unavailable }) };
    };
  };

  const songViews = async (songIds: readonly string[], country: string | undefined): Promise<SongView[]> =>
    (await reader.songs(songIds)).filter(isPresent).map(seenFrom(country));

  const pageOfViews = async <V>(
    { ids, nextCursor }: IdPage,
    views: (ids: readonly string[]) => Promise<V[]>,
  ): Promise<{ items: V[]; nextCursor?: string }> => ({
    items: await views(ids),
    ...(nextCursor !== undefined && { nextCursor }),
  });

  /** Those that are gone because they were merged are found where they went. */
  const following =
    <C>(kind: 'album' | 'artist', find: (ids: readonly string[]) => Promise<(C | undefined)[]>) =>
    async (ids: readonly string[]): Promise<(C | undefined)[]> => {
      const cards = await find(ids);
      if (cards.every(isPresent)) return cards;
      const book = openBook();
      const roots = await Promise.all(ids.map((id, i) => (cards[i] ? id : book.root(kind, id))));
      const moved = [...new Set(roots.filter((root, i) => root !== ids[i]))];
      const found = await find(moved);
      const byId = new Map(moved.map((root, i) => [root, found[i]] as const));
      return cards.map((card, i) => card ?? byId.get(roots[i] as string));
    };
  const albumCards = following('album', (ids) => reader.albums(ids));
  const artistCards = following('artist', (ids) => reader.artists(ids));

  const albumViews = async (ids: readonly string[]) =>
    (await albumCards(ids)).filter(isPresent).map(({ view }) => view);
  const artistViews = async (ids: readonly string[]) =>
    (await artistCards(ids)).filter(isPresent).map(({ view }) => view);

  /**
   * Albums that all filters fit: one filter has lists of its own, the others are asked of each album. A page
   * looks through so many stretches of the list at most.
   */
  async function albumsWhere(
    sort: Parameters<typeof albumsBy>[0],
    { genre, decade, type }: AlbumFilters,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string },
  ) {
    const [first, ...others] = filtersOf({ genre, decade, type });
    const items: AlbumView[] = [];
    let next = cursor;
    for (let rounds = 0; rounds < ALBUM_FILTER_ROUNDS_MAX; rounds++) {
      const asked = { limit: limit - items.length, ...(next !== undefined && { cursor: next }) };
      const page = await reader.albumsOn(albumsBy(sort, first), asked);
      const views = await albumViews(page.ids);
      items.push(...views.filter((view) => others.every((filter) => fits(view, filter))));
      next = page.nextCursor;
      if (next === undefined) return { items };
      if (items.length >= limit) break;
    }
    return { items, ...(next !== undefined && { nextCursor: next }) };
  }

  async function newestCover(filter: AlbumFilter): Promise<string | undefined> {
    const { ids } = await reader.albumsOn(albumsBy('added', filter), { limit: COVER_LOOKS_MAX });
    return (await albumViews(ids)).find(({ coverId }) => coverId !== undefined)?.coverId;
  }

  const paging = ({ cursor, limit }: { cursor?: string | undefined; limit?: number | undefined }) => ({
    limit: limit ?? PAGE_DEFAULT,
    ...(cursor !== undefined && { cursor }),
  });

  return {
    async song({ songId, country }) {
      const card = await reader.song(songId);
      if (!card) throw songGone();
      return seenFrom(country)(card);
    },

    songs: async ({ songIds, country }) => ({ items: await songViews(songIds, country) }),

    async playable({ songIds, country }) {
      const nowMs = clock.nowMs();
      const cards = (await reader.songs(songIds)).filter(isPresent);
      return {
        items: cards.map((card): PlayableSong => {
          const { songId, album, artists, durationMs, explicit, original } = card.view;
          const [artist] = artists;
          const unavailable = unavailableFor(card, country, nowMs);
          return {
            songId,
            albumId: album.albumId,
            ...(artist && { artistId: artist.artistId }),
            durationMs,
            explicit,
            rungs: card.rungs,
            ...(original && { original }),
            ...(unavailable && { unavailable }),
          };
        }),
      };
    },

    async lyrics({ songId }) {
      const card = await reader.song(songId);
      if (!card || card.removed) throw songGone();
      const lyrics = card.lyricsDigest && (await reader.storedLyrics(songId, card.lyricsDigest));
      if (!lyrics) throw new NotFoundError('NO_LYRICS', 'This song has no lyrics here.');
      return lyrics;
    },

    async credits({ songId }) {
      const row = await reader.row(songId);
      if (!row) throw songGone();
      return { songId, items: shownOf(row).credits, rights: shownOf(row).rights };
    },

    async album({ albumId, country }) {
      const [card] = await albumCards([albumId]);
      if (!card) throw albumGone();
      return { ...card.view, songs: await songViews(card.songIds, country) };
    },

    albums: async ({ sort = 'added', genre, decade, type, ...page }) =>
      albumsWhere(sort, { genre, decade, type }, paging(page)),

    albumsById: async ({ albumIds }) => ({ items: await albumViews(albumIds) }),

    async artist({ artistId, country }) {
      const [card] = await artistCards([artistId]);
      if (!card) throw artistGone();
      const now = card.view.artistId;
      const [albums, songs] = await Promise.all([
        reader.albumsOf(now, { limit: ARTIST_ALBUMS_SHOWN_MAX }),
        reader.songsOn(songsBy(now), { limit: ARTIST_SONGS_SHOWN_MAX }),
      ]);
      return {
        ...card.view,
        albums: await albumViews(albums.ids),
        songs: await songViews(songs.ids, country),
      };
    },

    async artistAlbums({ artistId, section, ...page }) {
      const now = await openBook().root('artist', artistId);
      return pageOfViews(await reader.albumsOf(now, paging(page), section), albumViews);
    },

    async artistSongs({ artistId, country, ...page }) {
      const now = await openBook().root('artist', artistId);
      return pageOfViews(await reader.songsOn(songsBy(now), paging(page)), (ids) => songViews(ids, country));
    },

    async artistSongIds({ artistId, ...page }) {
      const now = await openBook().root('artist', artistId);
      const { ids, nextCursor } = await reader.songsOn(songsBy(now), paging(page));
      return { items: [...ids], ...(nextCursor !== undefined && { nextCursor }) };
    },

    artists: async ({ of = 'songs', ...page }) =>
      pageOfViews(
        await reader.artistsOn(of === 'albums' ? ALBUM_ARTISTS : ARTISTS, paging(page)),
        artistViews,
      ),

    artistsById: async ({ artistIds }) => ({ items: await artistViews(artistIds) }),

    async genres() {
      const { genres } = await totals.read();
      const sorted = Object.values(genres).sort(
        (a, b) => b.songCount - a.songCount || (a.name < b.name ? -1 : 1),
      );
      const covers = await Promise.all(
        sorted.slice(0, GENRE_COVERS_MAX).map(({ name }) => newestCover({ genre: name })),
      );
      return {
        items: sorted.map((genre, i) => ({ ...genre, ...(covers[i] && { coverId: covers[i] }) })),
      };
    },

    async decades() {
      const { decades } = await totals.read();
      return {
        items: Object.entries(decades)
          .map(([decade, albumCount]) => ({ decade: Number(decade), albumCount }))
          .sort((a, b) => b.decade - a.decade),
      };
    },

    async uncached({ songIds, albumIds, artistIds }) {
      await Promise.all(songIds.map((songId) => recorder.catchUp(songId)));
      const cards = (await reader.storedSongs(songIds)).filter(isPresent).filter(({ removed }) => !removed);
      const [albums, artists, lyrics] = await Promise.all([
        reader.storedAlbums(albumIds),
        reader.storedArtists(artistIds),
        Promise.all(
          cards.map(
            ({ view, lyricsDigest }) => lyricsDigest && reader.storedLyrics(view.songId, lyricsDigest),
          ),
        ),
      ]);
      return {
        songs: cards.map(({ view }) => view),
        albums: albums.filter(isPresent).map(({ view }) => view),
        artists: artists.filter(isPresent).map(({ view }) => view),
        lyrics: lyrics.filter((found) => typeof found === 'object'),
      };
    },

    allSongs: async ({ sort = 'added', country, ...page }) =>
      pageOfViews(await reader.songsOn(sort === 'title' ? SONGS_BY_TITLE : SONGS, paging(page)), (ids) =>
        songViews(ids, country),
      ),

    async counts() {
      const { songs, albums, artists } = await totals.read();
      return { songs, albums, artists };
    },
  };
}
