/**
 * The catalogue: the journal says what was released, tables show it, the cache spares the tables.
 *
 * Handlers work without `start`: a process that only imports need not consume. A running service starts it,
 * so that another process's imports finish, are counted, drop cached copies and reach open players.
 */
import { isDeepStrictEqual } from 'node:util';
import { CATALOG_WRITE_ATTEMPTS_MAX, PAGE_DEFAULT } from '../../config/limits.ts';
import type { Handlers } from '../../kit/contract.ts';
import { NotFoundError, StaleWriteError, UnavailableError } from '../../kit/errors.ts';
import type { Consumer, JournalRecord } from '../../kit/ports/journal.ts';
import {
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
} from './domain.ts';
import { albumsBy } from './order.ts';
import type { CatalogDeps } from './ports.ts';
import { unavailableFor } from './rights.ts';
import { type IdPage, ShelfReader, type SongCard } from './shelf-reader.ts';
import { openShelves } from './shelves.ts';
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

  const paging = ({ cursor, limit }: { cursor?: string | undefined; limit?: number | undefined }) => ({
    limit: limit ?? PAGE_DEFAULT,
    ...(cursor !== undefined && { cursor }),
  });

  /**
   * Journals the event, then shows it at once: whoever waits for the answer reads what was written. Decided
   * again when somebody else has journaled of this song since its row was written.
   */
  async function record(
    songId: string,
    decide: (row: SongRow | undefined) => CatalogRecord | undefined,
  ): Promise<SongRow | undefined> {
    const subject = subjectOf(songId);
    for (let tries = 0; tries < CATALOG_WRITE_ATTEMPTS_MAX; tries++) {
      const row = await reader.row(songId);
      const event = decide(row);
      if (!event) return row;
      try {
        const seq = await journal.append(CATALOG_STREAM, subject, event, { expectedSeq: row?.seq ?? 0 });
        await show(event, () => shelves.apply(event, { seq, atMs: sources.clock.nowMs() }));
        return row;
      } catch (error) {
        if (!(error instanceof StaleWriteError)) throw error;
        await catchUp(songId);
      }
    }
    throw new UnavailableError('CATALOG_CONTENDED', 'Too many writers change this at once; try again soon.');
  }

  async function show(event: CatalogEvent, write: () => ReturnType<typeof shelves.settle>): Promise<void> {
    const touched = await write();
    await reader.drop({
      songIds: [event.songId],
      albumIds: [...touched.albumIds, event.albumId],
      artistIds: [...touched.artistIds, ...event.artistIds],
    });
  }

  /** Applies what the journal already holds of a song, whoever is still at it elsewhere. */
  async function catchUp(songId: string): Promise<void> {
    const subject = subjectOf(songId);
    const row = await reader.row(songId);
    const seq = row?.seq ?? 0;
    const newer = seq < (await journal.lastSeq(CATALOG_STREAM, subject));
    for (const { data, ...at } of newer ? await journal.read(CATALOG_STREAM, subject, seq) : []) {
      await shelves.apply(data as CatalogRecord, at);
    }
    if (row && !row.settled) await shelves.settle(songId);
  }

  const holds = (row: SongRow, { lyrics, ...release }: SongRelease): boolean =>
    !row.removed &&
    row.lyrics?.digest === (lyrics && digestOf(lyrics)) &&
    isDeepStrictEqual(row.release, release);

  async function releaseOne(release: SongRelease): Promise<{ songId: string; created: boolean }> {
    const { songId } = release;
    const before = await record(songId, (row) =>
      row && holds(row, release) ? undefined : releaseEvent(row, release),
    );
    if (before && holds(before, release) && !before.settled) {
      await show(releaseEvent(before, release), () => shelves.settle(songId));
    }
    return { songId, created: !before || before.removed };
  }

  async function consume(records: readonly JournalRecord[]): Promise<void> {
    const songIds = new Set<string>();
    const albumIds = new Set<string>();
    const artistIds = new Set<string>();
    for (const { data, seq, atMs } of records) {
      const event = data as CatalogRecord;
      const touched = await shelves.apply(event, { seq, atMs });
      songIds.add(event.songId);
      for (const id of [event.albumId, event.previousAlbumId, ...touched.albumIds]) if (id) albumIds.add(id);
      for (const id of [...event.artistIds, ...touched.artistIds]) artistIds.add(id);
    }
    const changed = { songIds: [...songIds], albumIds: [...albumIds], artistIds: [...artistIds] };
    await totals.recount(changed);
    await reader.drop(changed);
    for (const { data } of records) {
      const { release: _release, packaged: _packaged, ...event } = data as CatalogRecord;
      await topics.publish(CATALOG_TOPIC, event satisfies CatalogEvent);
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
          const { songId, album, durationMs, explicit } = card.view;
          const unavailable = unavailableFor(card, country, nowMs);
          return {
            songId,
            albumId: album.albumId,
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
      return { songId, items: row.release.credits, rights: row.release.rights };
    },

    async album({ albumId, country }) {
      const [card] = await reader.albums([albumId]);
      if (!card) throw new NotFoundError('ALBUM_NOT_FOUND', 'There is no such album; search for it again.');
      return { ...card.view, songs: await songViews(card.songIds, country) };
    },

    albums: async ({ sort = 'added', genre, ...page }) =>
      pageOfViews(await reader.albumsOn(albumsBy(sort, genre), paging(page)), albumViews),

    albumsById: async ({ albumIds }) => ({ items: await albumViews(albumIds) }),

    async artist({ artistId, country }) {
      const [card] = await reader.artists([artistId]);
      if (!card) throw new NotFoundError('ARTIST_NOT_FOUND', 'There is no such artist; search for it again.');
      const [albums, songIds] = await Promise.all([
        albumViews(card.albumIds),
        reader.songIdsBy(artistId, card.albumIds),
      ]);
      return { ...card.view, albums, songs: await songViews(songIds, country) };
    },

    artists: async (page) => pageOfViews(await reader.allArtists(paging(page)), artistViews),

    artistsById: async ({ artistIds }) => ({ items: await artistViews(artistIds) }),

    async genres() {
      const { genres } = await totals.read();
      return {
        items: Object.values(genres).sort((a, b) => b.songCount - a.songCount || (a.name < b.name ? -1 : 1)),
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

    allSongs: async ({ country, ...page }) =>
      pageOfViews(await reader.allSongs(paging(page)), (ids) => songViews(ids, country)),

    async counts() {
      const { songs, albums, artists } = await totals.read();
      return { songs, albums, artists };
    },

    async release(given) {
      const release = asJournaled(given);
      const problem = problemOf(release);
      if (problem) throw problem;
      return releaseOne(release);
    },

    async releaseMany({ songs }) {
      const items: { songId: string; created: boolean }[] = [];
      const refused: { songId: string; code: string; why: string }[] = [];
      for (const release of songs.map(asJournaled)) {
        const problem = problemOf(release);
        if (problem) refused.push({ songId: release.songId, code: problem.code, why: problem.message });
        else items.push(await releaseOne(release));
      }
      return { items, refused };
    },

    async packaged({ songId, ...given }) {
      const packaged = asJournaled(given);
      await record(songId, (row) => {
        if (!row) throw songGone();
        return isDeepStrictEqual(row.packaged, packaged) ? undefined : packagedEvent(row, packaged);
      });
      return {};
    },

    async remove({ songId }) {
      const before = await record(songId, (row) => {
        if (!row) throw songGone();
        return row.removed ? undefined : removalEvent(row);
      });
      if (before?.removed && !before.settled) {
        await show(removalEvent(before), () => shelves.settle(songId));
      }
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
