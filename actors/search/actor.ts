/** Search: asks the index for ids, the catalogue for what they are. */
import { SEARCH_DEFAULT, SEARCH_FILL_RETRY_MS } from '../../config/limits.ts';
import { Consumers } from '../../kit/consumers.ts';
import type { Handlers } from '../../kit/contract.ts';
import { BadRequestError, UnavailableError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { JournalRecord } from '../../kit/ports/journal.ts';
import type { SearchCollection, SearchIndex } from '../../kit/ports/search-index.ts';
import { CATALOG_STREAM, type CatalogEvent } from '../catalog/contract.ts';
import type { searchContract } from './contract.ts';
import { FILLS } from './domain.ts';
import { type Collections, Indexer, openCollections } from './indexer.ts';
import type { SearchDeps } from './ports.ts';

const log = logger('search');

export interface Search extends AsyncDisposable {
  readonly handlers: Handlers<typeof searchContract>;
  /** Begins to follow the journal and to fill the index where it is empty; does not wait for either. */
  start(): Promise<void>;
  /** Resolves when the index is filled and all that was journaled before the call can be found. */
  ready(): Promise<void>;
}

const unavailable = () =>
  new UnavailableError('SEARCH_UNAVAILABLE', 'Search is away for the moment; browse, or try again soon.');

export function createSearch({ index, journal, catalog, clock }: SearchDeps): Search {
  let collections: Collections | undefined;
  const consumers = new Consumers(journal);
  let isFollowing = false;
  let stopped = false;
  let wake: () => void = () => {};
  const following = Promise.withResolvers<void>();
  let running: Promise<void> = Promise.resolve();

  const pause = (delayMs: number) =>
    new Promise<void>((resolve) => {
      wake = resolve;
      clock.after(delayMs, resolve);
    });

  async function tryToFollow(): Promise<void> {
    collections ??= await openCollections(index);
    const indexer = new Indexer(catalog, collections, index.scope, clock);
    const handle = (records: readonly JournalRecord[]) => indexer.refresh(changedBy(records));
    const stream = CATALOG_STREAM;
    if (index.scope === 'shared') {
      await consumers.open({ stream, consumer: `search-${await fillOf(index, clock.nowMs())}`, handle });
      return;
    }
    if (!isFollowing) await consumers.open({ stream, consumer: 'search', position: 'from-now', handle });
    isFollowing = true;
    await indexer.fill(() => stopped);
  }

  async function follow(): Promise<void> {
    while (!stopped) {
      try {
        await tryToFollow();
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
      await consumers.caughtUp();
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      wake();
      await running;
      await consumers[Symbol.asyncDispose]();
    },
  };
}

/**
 * A shared index is filled by those who follow it, from the journal's first record on. The fill's name is kept
 * in the index and names their durable consumer, so that an index that was lost is filled again. Two who begin
 * at once may both fill; both write the same.
 */
async function fillOf(index: SearchIndex, nowMs: number): Promise<string> {
  const fills = await index.open(FILLS);
  const begun = async () => {
    const { hits } = await fills.query({ q: '', limit: 10, offset: 0 });
    return hits.map(({ id }) => id).sort()[0];
  };
  const known = await begun();
  if (known !== undefined) return known;
  const id = String(nowMs);
  await fills.upsert([{ id, name: id }]);
  return (await begun()) ?? id;
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
