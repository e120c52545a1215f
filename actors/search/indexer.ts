/** Keeps the index in step with the catalogue. */
import { isDeepStrictEqual } from 'node:util';
import { SEARCH_FILL_CHUNK, SEARCH_LOOKS_MAX } from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import type { SearchCollection, SearchDocument, SearchIndex } from '../../kit/ports/search-index.ts';
import type { Clock } from '../../kit/sources.ts';
import { ALBUMS, ARTISTS, albumDocument, artistDocument, SONGS, songDocument } from './domain.ts';
import type { CatalogForSearch } from './ports.ts';

export interface Collections {
  readonly songs: SearchCollection;
  readonly albums: SearchCollection;
  readonly artists: SearchCollection;
}

export async function openCollections(index: SearchIndex): Promise<Collections> {
  const [songs, albums, artists] = await Promise.all(
    [SONGS, ALBUMS, ARTISTS].map((spec) => index.open(spec)),
  );
  return { songs, albums, artists } as Collections;
}

interface Changed {
  readonly songIds: readonly string[];
  readonly albumIds: readonly string[];
  readonly artistIds: readonly string[];
}

interface Documents {
  readonly songs: readonly SearchDocument[];
  readonly albums: readonly SearchDocument[];
  readonly artists: readonly SearchDocument[];
}

type PageOfIds = { readonly ids: Changed; readonly nextCursor?: string | undefined };

const NONE: Changed = { songIds: [], albumIds: [], artistIds: [] };

export class Indexer {
  readonly #catalog: CatalogForSearch;
  readonly #collections: Collections;
  readonly #scope: SearchIndex['scope'];
  readonly #clock: Clock;
  #lastTurn: Promise<unknown> = Promise.resolve();

  constructor(
    catalog: CatalogForSearch,
    collections: Collections,
    scope: SearchIndex['scope'],
    clock: Clock,
  ) {
    this.#catalog = catalog;
    this.#collections = collections;
    this.#scope = scope;
    this.#clock = clock;
  }

  /** Brings these in step with the catalogue as it is now: there or gone. */
  async refresh({ songIds, albumIds, artistIds }: Changed): Promise<void> {
    const longest = Math.max(songIds.length, albumIds.length, artistIds.length);
    for (let at = 0; at < longest; at += SEARCH_FILL_CHUNK) {
      const chunk = (ids: readonly string[]) => ids.slice(at, at + SEARCH_FILL_CHUNK);
      const chunks = { songIds: chunk(songIds), albumIds: chunk(albumIds), artistIds: chunk(artistIds) };
      await this.#inTurn(() => this.#refreshChunk(chunks));
      await this.#breathe();
    }
  }

  /** Pages through the whole catalogue; `stopped` is asked between pages. */
  async fill(stopped: () => boolean): Promise<void> {
    const { songs, albums, artists } = {
      songs: async (cursor?: string): Promise<PageOfIds> => {
        const page = await this.#catalog.allSongs({ ...paged, ...(cursor && { cursor }) });
        return {
          ids: { ...NONE, songIds: page.items.map(({ songId }) => songId) },
          nextCursor: page.nextCursor,
        };
      },
      albums: async (cursor?: string): Promise<PageOfIds> => {
        const page = await this.#catalog.albums({ ...paged, ...(cursor && { cursor }) });
        return {
          ids: { ...NONE, albumIds: page.items.map(({ albumId }) => albumId) },
          nextCursor: page.nextCursor,
        };
      },
      artists: async (cursor?: string): Promise<PageOfIds> => {
        const page = await this.#catalog.artists({ ...paged, ...(cursor && { cursor }) });
        const artistIds = page.items.map(({ artistId }) => artistId);
        return { ids: { ...NONE, artistIds }, nextCursor: page.nextCursor };
      },
    };
    for (const next of [artists, albums, songs]) {
      let cursor: string | undefined;
      do {
        if (stopped()) return;
        const page = await next(cursor);
        await this.refresh(page.ids);
        cursor = page.nextCursor;
      } while (cursor !== undefined);
    }
  }

  /**
   * One at a time: what is read first must not be written last. The processes of a shared index cannot take
   * turns, so there the writer looks again and writes until the catalogue is as it was read.
   */
  async #refreshChunk(changed: Changed): Promise<void> {
    let documents = await this.#documentsOf(changed);
    for (let looks = 0; looks < SEARCH_LOOKS_MAX; looks++) {
      await this.#write(changed, documents);
      if (this.#scope === 'process') return;
      const now = await this.#documentsOf(changed);
      if (isDeepStrictEqual(now, documents)) return;
      documents = now;
    }
    throw new UnavailableError('CATALOG_RESTLESS', 'The catalogue changes while it is indexed; try again.');
  }

  async #documentsOf({ songIds, albumIds, artistIds }: Changed): Promise<Documents> {
    const found = await this.#catalog.uncached({
      songIds: [...songIds],
      albumIds: [...albumIds],
      artistIds: [...artistIds],
    });
    const lyrics = new Map(found.lyrics.map((words) => [words.songId, words]));
    return {
      songs: found.songs.map((song) => songDocument(song, lyrics.get(song.songId))),
      albums: found.albums.map(albumDocument),
      artists: found.artists.map(artistDocument),
    };
  }

  async #write({ songIds, albumIds, artistIds }: Changed, documents: Documents): Promise<void> {
    const { songs, albums, artists } = this.#collections;
    await Promise.all([
      replace(songs, songIds, documents.songs),
      replace(albums, albumIds, documents.albums),
      replace(artists, artistIds, documents.artists),
    ]);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#lastTurn.then(work);
    this.#lastTurn = turn.catch(() => undefined);
    return turn;
  }

  /** Lets whatever waits have its turn: an index works on the event loop. */
  #breathe(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(0, resolve);
    });
  }
}

const paged = { limit: 100 };

async function replace(
  collection: SearchCollection,
  ids: readonly string[],
  documents: readonly SearchDocument[],
): Promise<void> {
  const present = new Set(documents.map(({ id }) => id));
  const gone = ids.filter((id) => !present.has(id));
  if (documents.length > 0) await collection.upsert(documents);
  if (gone.length > 0) await collection.delete(gone);
}
