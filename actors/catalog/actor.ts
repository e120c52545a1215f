/**
 * The catalogue: the journal says what was released, tables show it, the cache spares the tables.
 *
 * Handlers work without `start`: a process that only imports need not consume. A running service starts it,
 * so that another process's imports finish, are counted, drop cached copies and reach open players.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  ALBUM_FILTER_ROUNDS_MAX,
  ARTIST_ALBUMS_SHOWN_MAX,
  ARTIST_SONGS_SHOWN_MAX,
  CATALOG_WRITE_ATTEMPTS_MAX,
  COVER_LOOKS_MAX,
  GENRE_COVERS_MAX,
  PAGE_DEFAULT,
} from '../../config/limits.ts';
import type { Handlers } from '../../kit/contract.ts';
import { NotFoundError, StaleWriteError, UnavailableError } from '../../kit/errors.ts';
import type { Consumer, JournalRecord } from '../../kit/ports/journal.ts';
import {
  type AlbumView,
  CATALOG_STREAM,
  CATALOG_TOPIC,
  type CatalogEvent,
  type catalogContract,
  type PlayableSong,
  type SongRelease,
  type SongView,
} from './contract.ts';
import {
  type CatalogRecord,
  digestOf,
  packagedEvent,
  problemOf,
  releaseEvent,
  removalEvent,
  shownOf,
} from './domain.ts';
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
import type { CatalogDeps } from './ports.ts';
import { unavailableFor } from './rights.ts';
import { type IdPage, ShelfReader, type SongCard } from './shelf-reader.ts';
import { openShelves, type Recorded, type Touched } from './shelves.ts';
import { catalogTables, type SongRow } from './tables.ts';
import { Totals } from './totals.ts';

export interface Catalog extends AsyncDisposable {
  readonly handlers: Handlers<typeof catalogContract>;
  /** Begins to consume the journal. */
  start(): Promise<void>;
  /** Resolves when all that was journaled before the call is shown, counted and published. */
  caughtUp(): Promise<void>;
}

const subjectOf = (songId: string): string => `${CATALOG_STREAM}.${songId}`;
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

const recorded = ({ data, seq, atMs }: JournalRecord): Recorded => ({
  event: data as CatalogRecord,
  seq,
  atMs,
});

/** Everything that looks different after these records. */
function changedBy(records: readonly Recorded[], touched: Touched) {
  const events = records.map(({ event }) => event);
  return {
    songIds: [...new Set(events.map(({ songId }) => songId))],
    albumIds: [
      ...new Set([
        ...events.flatMap(({ albumId, previousAlbumId }) => [albumId, previousAlbumId ?? []].flat()),
        ...touched.albumIds,
      ]),
    ],
    artistIds: [...new Set([...events.flatMap(({ artistIds }) => artistIds), ...touched.artistIds])],
  };
}

/** As the journal will give it back: no absent fields spelled out as undefined. */
const asJournaled = <T>(given: T): T => JSON.parse(JSON.stringify(given)) as T;
const songGone = () => new NotFoundError('SONG_NOT_FOUND', 'There is no such song; search for it again.');

export function createCatalog({ tables: engine, journal, cache, topics, sources }: CatalogDeps): Catalog {
  const tables = catalogTables(engine);
  const shelves = openShelves(tables);
  const reader = new ShelfReader(tables, shelves.list, cache, sources.ids);
  const totals = new Totals(tables);
  let consumer: Consumer | undefined;

  /** What one viewer sees of cards, all judged at one time. */
  const seenFrom = (country: string | undefined) => {
    const nowMs = sources.clock.nowMs();
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

  const albumViews = async (ids: readonly string[]) =>
    (await reader.albums(ids)).filter(isPresent).map(({ view }) => view);
  const artistViews = async (ids: readonly string[]) =>
    (await reader.artists(ids)).filter(isPresent).map(({ view }) => view);

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

  /**
   * Journals what is decided of each song, then shows it at once: whoever waits for the answer reads what was
   * written. Decided again when somebody else has journaled of a song since its row was read. The rows as they
   * were before, in the order asked for.
   */
  async function record(
    songIds: readonly string[],
    decide: (row: SongRow | undefined, songId: string) => CatalogRecord | undefined,
  ): Promise<(SongRow | undefined)[]> {
    const before = new Map<string, SongRow | undefined>();
    let left = songIds;
    for (let tries = 0; tries < CATALOG_WRITE_ATTEMPTS_MAX; tries++) {
      const rows = await reader.rows(left);
      const decided = left.flatMap((songId, i) => {
        const row = rows[i];
        before.set(songId, row);
        const event = decide(row, songId);
        return event ? [{ songId, event, expectedSeq: row?.seq ?? 0 }] : [];
      });
      const appended = await Promise.all(decided.map(append));
      const records = appended.filter(isPresent);
      if (records.length > 0) await show(records);
      left = decided.filter((_, i) => !appended[i]).map(({ songId }) => songId);
      if (left.length === 0) return songIds.map((songId) => before.get(songId));
      await Promise.all(left.map(catchUp));
    }
    throw new UnavailableError('CATALOG_CONTENDED', 'Too many writers change this at once; try again soon.');
  }

  /** Undefined when somebody else was first. */
  async function append({
    songId,
    event,
    expectedSeq,
  }: {
    readonly songId: string;
    readonly event: CatalogRecord;
    readonly expectedSeq: number;
  }): Promise<Recorded | undefined> {
    try {
      const seq = await journal.append(CATALOG_STREAM, subjectOf(songId), event, { expectedSeq });
      return { event, seq, atMs: sources.clock.nowMs() };
    } catch (error) {
      if (error instanceof StaleWriteError) return undefined;
      throw error;
    }
  }

  async function show(records: readonly Recorded[]): Promise<void> {
    await reader.drop(changedBy(records, await shelves.apply(records)));
  }

  /** Finishes what was begun of songs that are as they should be already. */
  async function settle(rows: readonly SongRow[]): Promise<void> {
    const songIds = rows.filter((row) => !row.settled).map(({ release }) => release.songId);
    if (songIds.length > 0) await reader.drop({ songIds, ...(await shelves.settle(songIds)) });
  }

  /** Applies what the journal already holds of a song, whoever is still at it elsewhere. */
  async function catchUp(songId: string): Promise<void> {
    const subject = subjectOf(songId);
    const row = await reader.row(songId);
    const seq = row?.seq ?? 0;
    const newer = seq < (await journal.lastSeq(CATALOG_STREAM, subject));
    if (newer) await shelves.apply((await journal.read(CATALOG_STREAM, subject, seq)).map(recorded));
    if (row && !row.settled) await shelves.settle([songId]);
  }

  const holds = (row: SongRow, { lyrics, ...release }: SongRelease): boolean =>
    !row.removed &&
    row.lyrics?.digest === (lyrics && digestOf(lyrics)) &&
    isDeepStrictEqual(row.release, release);

  /** Of several releases of one song the last one holds. */
  async function releaseAll(
    releases: readonly SongRelease[],
  ): Promise<{ songId: string; created: boolean }[]> {
    const wanted = new Map(releases.map((release) => [release.songId, release]));
    const songIds = [...wanted.keys()];
    const before = await record(songIds, (row, songId) => {
      const release = wanted.get(songId) as SongRelease;
      return row && holds(row, release) ? undefined : releaseEvent(row, release, undefined);
    });
    await settle(
      before.filter(isPresent).filter((row) => holds(row, wanted.get(row.release.songId) as SongRelease)),
    );
    return songIds.map((songId, i) => ({ songId, created: before[i]?.removed ?? true }));
  }

  async function consume(records: readonly JournalRecord[]): Promise<void> {
    const applied = records.map(recorded);
    const changed = changedBy(applied, await shelves.apply(applied));
    await totals.recount(changed);
    await reader.drop(changed);
    for (const { event } of applied) {
      const { release: _release, packaged: _packaged, shown: _shown, ...news } = event;
      await topics.publish(CATALOG_TOPIC, news satisfies CatalogEvent);
    }
  }

  const handlers: Handlers<typeof catalogContract> = {
    async song({ songId, country }) {
      const card = await reader.song(songId);
      if (!card) throw songGone();
      return seenFrom(country)(card);
    },

    songs: async ({ songIds, country }) => ({ items: await songViews(songIds, country) }),

    async playable({ songIds, country }) {
      const nowMs = sources.clock.nowMs();
      const cards = (await reader.songs(songIds)).filter(isPresent);
      return {
        items: cards.map((card): PlayableSong => {
          const { songId, album, artists, durationMs, explicit } = card.view;
          const [artist] = artists;
          const unavailable = unavailableFor(card, country, nowMs);
          return {
            songId,
            albumId: album.albumId,
            ...(artist && { artistId: artist.artistId }),
            durationMs,
            explicit,
            rungs: card.rungs,
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
      const [card] = await reader.albums([albumId]);
      if (!card) throw new NotFoundError('ALBUM_NOT_FOUND', 'There is no such album; search for it again.');
      return { ...card.view, songs: await songViews(card.songIds, country) };
    },

    albums: async ({ sort = 'added', genre, decade, type, ...page }) =>
      albumsWhere(sort, { genre, decade, type }, paging(page)),

    albumsById: async ({ albumIds }) => ({ items: await albumViews(albumIds) }),

    async artist({ artistId, country }) {
      const [card] = await reader.artists([artistId]);
      if (!card) throw new NotFoundError('ARTIST_NOT_FOUND', 'There is no such artist; search for it again.');
      const [albums, songs] = await Promise.all([
        reader.albumsOf(artistId, { limit: ARTIST_ALBUMS_SHOWN_MAX }),
        reader.songsOn(songsBy(artistId), { limit: ARTIST_SONGS_SHOWN_MAX }),
      ]);
      return {
        ...card.view,
        albums: await albumViews(albums.ids),
        songs: await songViews(songs.ids, country),
      };
    },

    artistAlbums: async ({ artistId, section, ...page }) =>
      pageOfViews(await reader.albumsOf(artistId, paging(page), section), albumViews),

    artistSongs: async ({ artistId, country, ...page }) =>
      pageOfViews(await reader.songsOn(songsBy(artistId), paging(page)), (ids) => songViews(ids, country)),

    async artistSongIds({ artistId, ...page }) {
      const { ids, nextCursor } = await reader.songsOn(songsBy(artistId), paging(page));
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
      await Promise.all(songIds.map(catchUp));
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

    async release(given) {
      const release = asJournaled(given);
      const problem = problemOf(release);
      if (problem) throw problem;
      const [released] = await releaseAll([release]);
      return released as { songId: string; created: boolean };
    },

    async releaseMany({ songs }) {
      const releases = songs.map(asJournaled);
      const problems = releases.map(problemOf);
      return {
        items: await releaseAll(releases.filter((_, i) => !problems[i])),
        refused: releases.flatMap(({ songId }, i) => {
          const problem = problems[i];
          return problem ? [{ songId, code: problem.code, why: problem.message }] : [];
        }),
      };
    },

    async packaged({ songId, ...given }) {
      const packaged = asJournaled(given);
      await record([songId], (row) => {
        if (!row) throw songGone();
        return isDeepStrictEqual(row.packaged, packaged) ? undefined : packagedEvent(row, packaged);
      });
      return {};
    },

    async remove({ songId }) {
      const before = await record([songId], (row) => {
        if (!row) throw songGone();
        return row.removed ? undefined : removalEvent(row);
      });
      await settle(before.filter(isPresent).filter(({ removed }) => removed));
      return {};
    },
  };

  return {
    handlers,
    async start() {
      consumer = await journal.consume({ stream: CATALOG_STREAM, consumer: 'catalog', handle: consume });
    },
    async caughtUp() {
      await consumer?.caughtUp();
    },
    async [Symbol.asyncDispose]() {
      await consumer?.[Symbol.asyncDispose]();
    },
  };
}
