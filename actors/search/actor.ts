/** Search: asks the index for ids, the catalogue for what they are. */
import { SEARCH_DEFAULT, SEARCH_FILL_RETRY_MS } from '../../config/limits.ts';
import type { Handlers } from '../../kit/contract.ts';
import { BadRequestError, UnavailableError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { Consumer, JournalRecord } from '../../kit/ports/journal.ts';
import type { SearchCollection } from '../../kit/ports/search-index.ts';
import { CATALOG_STREAM, type CatalogEvent } from '../catalog/contract.ts';
import type { searchContract } from './contract.ts';
import { type Collections, Indexer, openCollections } from './indexer.ts';
import type { SearchDeps } from './ports.ts';

const log = logger('search');

export interface Search extends AsyncDisposable {
  readonly handlers: Handlers<typeof searchContract>;
  /** Begins to fill the index where it is empty, then to follow the journal; does not wait for either. */
  start(): Promise<void>;
  /** Resolves when the index is filled and all that was journaled before the call can be found. */
  ready(): Promise<void>;
}

const unavailable = () =>
  new UnavailableError('SEARCH_UNAVAILABLE', 'Search is away for the moment; browse, or try again soon.');

export function createSearch({ index, journal, catalog, clock }: SearchDeps): Search {
  let collections: Collections | undefined;
  let consumer: Consumer | undefined;
  let stopped = false;
  let wake: () => void = () => {};
  const following = Promise.withResolvers<void>();
  let running: Promise<void> = Promise.resolve();

  const pause = (delayMs: number) =>
    new Promise<void>((resolve) => {
      wake = resolve;
      clock.after(delayMs, resolve);
    });

  /** Fills first and follows then: a page read before an event can so never overwrite what came with it. */
  async function follow(): Promise<void> {
    while (!stopped) {
      try {
        collections ??= await openCollections(index);
        const indexer = new Indexer(catalog, collections, clock);
        if (!(await indexer.isFilled())) await indexer.fill(() => stopped);
        if (stopped) return;
        const handle = (records: readonly JournalRecord[]) => indexer.refresh(changedBy(records));
        consumer = await journal.consume({ stream: CATALOG_STREAM, consumer: 'search', handle });
        following.resolve();
        return;
      } catch (error) {
        log.warn({ err: error }, 'the index could not be filled; trying again');
        await pause(SEARCH_FILL_RETRY_MS);
      }
    }
  }

  async function found<V>(
    kind: 'songs' | 'albums' | 'artists',
    asked: { q: string; limit: number; offset: number },
    views: (ids: string[]) => Promise<{ items: V[] }>,
  ): Promise<{ total: number; items: V[] }> {
    const { total, hits } = await query(collections?.[kind], asked);
    return { total, items: (await views(hits.map(({ id }) => id))).items };
  }

  return {
    handlers: {
      async search({ query: q, type, country, limit = SEARCH_DEFAULT, offset = 0 }) {
        const asked = { q, limit, offset };
        const viewer = country === undefined ? {} : { country };
        const wants = (kind: typeof type) => type === undefined || type === kind;
        const [songs, albums, artists] = await Promise.all([
          wants('song') &&
            found('songs', asked, (songIds) => inCatalog(catalog.songs({ songIds, ...viewer }))),
          wants('album') && found('albums', asked, (albumIds) => catalog.albumsById({ albumIds })),
          wants('artist') && found('artists', asked, (artistIds) => catalog.artistsById({ artistIds })),
        ]);
        return { ...(songs && { songs }), ...(albums && { albums }), ...(artists && { artists }) };
      },
    },
    async start() {
      running = follow();
    },
    async ready() {
      await following.promise;
      await consumer?.caughtUp();
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      wake();
      await running;
      await consumer?.[Symbol.asyncDispose]();
    },
  };
}

async function query(
  collection: SearchCollection | undefined,
  asked: { q: string; limit: number; offset: number },
) {
  if (!collection) throw unavailable();
  try {
    return await collection.query(asked);
  } catch (error) {
    // Such as an offset beyond what the index pages through: that is for the caller to mend.
    if (error instanceof BadRequestError) throw error;
    log.error({ err: error }, 'the index failed');
    throw unavailable();
  }
}

async function inCatalog<V extends { unavailable?: string | undefined }>(
  views: Promise<{ items: V[] }>,
): Promise<{ items: V[] }> {
  return { items: (await views).items.filter((view) => view.unavailable !== 'REMOVED') };
}

function changedBy(records: readonly JournalRecord[]) {
  const events = records.map(({ data }) => data as CatalogEvent);
  return {
    songIds: [...new Set(events.map(({ songId }) => songId))],
    albumIds: [
      ...new Set(events.flatMap(({ albumId, previousAlbumId }) => [albumId, previousAlbumId ?? []].flat())),
    ],
    artistIds: [...new Set(events.flatMap(({ artistIds }) => artistIds))],
  };
}
