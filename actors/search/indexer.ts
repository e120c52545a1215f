/** Keeps the index in step with the catalogue. */
import { SEARCH_FILL_CHUNK } from '../../config/limits.ts';
import type { SearchCollection, SearchDocument, SearchIndex } from '../../kit/ports/search-index.ts';
import type { Clock } from '../../kit/sources.ts';
import { ALBUMS, ARTISTS, albumDocument, artistDocument, FILLED, SONGS, songDocument } from './domain.ts';
import type { CatalogForSearch } from './ports.ts';

export interface Collections {
  readonly songs: SearchCollection;
  readonly albums: SearchCollection;
  readonly artists: SearchCollection;
  readonly filled: SearchCollection;
}

export async function openCollections(index: SearchIndex): Promise<Collections> {
  const [songs, albums, artists, filled] = await Promise.all(
    [SONGS, ALBUMS, ARTISTS, FILLED].map((spec) => index.open(spec)),
  );
  return { songs, albums, artists, filled } as Collections;
}

interface Changed {
  readonly songIds: readonly string[];
  readonly albumIds: readonly string[];
  readonly artistIds: readonly string[];
}

type PageOfIds = { readonly ids: Changed; readonly nextCursor?: string | undefined };

const NONE: Changed = { songIds: [], albumIds: [], artistIds: [] };

export class Indexer {
  readonly #catalog: CatalogForSearch;
  readonly #collections: Collections;
  readonly #clock: Clock;

  constructor(catalog: CatalogForSearch, collections: Collections, clock: Clock) {
    this.#catalog = catalog;
    this.#collections = collections;
    this.#clock = clock;
  }

  /** Brings these in step with the catalogue as it is now: there or gone. */
  async refresh({ songIds, albumIds, artistIds }: Changed): Promise<void> {
    const longest = Math.max(songIds.length, albumIds.length, artistIds.length);
    for (let at = 0; at < longest; at += SEARCH_FILL_CHUNK) {
      const chunk = (ids: readonly string[]) => ids.slice(at, at + SEARCH_FILL_CHUNK);
      await this.#refreshChunk({
        songIds: chunk(songIds),
        albumIds: chunk(albumIds),
        artistIds: chunk(artistIds),
      });
      await this.#breathe();
    }
  }

  async isFilled(): Promise<boolean> {
    return (await this.#collections.filled.count()) > 0;
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
    await this.#collections.filled.upsert([{ id: 'filled', name: 'filled' }]);
  }

  async #refreshChunk(changed: Changed): Promise<void> {
    const found = await this.#catalog.uncached({
      songIds: [...changed.songIds],
      albumIds: [...changed.albumIds],
      artistIds: [...changed.artistIds],
    });
    const lyrics = new Map(found.lyrics.map((words) => [words.songId, words]));
    const { songs, albums, artists } = this.#collections;
    await Promise.all([
      replace(
        songs,
        changed.songIds,
        found.songs.map((song) => songDocument(song, lyrics.get(song.songId))),
      ),
      replace(albums, changed.albumIds, found.albums.map(albumDocument)),
      replace(artists, changed.artistIds, found.artists.map(artistDocument)),
    ]);
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
