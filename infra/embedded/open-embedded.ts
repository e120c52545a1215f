/** All engines of one process over one data folder; other processes may open the same folder beside it. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cache } from '../../kit/ports/cache.ts';
import type { Journal } from '../../kit/ports/journal.ts';
import type { Objects } from '../../kit/ports/objects.ts';
import type { SearchIndex } from '../../kit/ports/search-index.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import type { Topics } from '../../kit/ports/topics.ts';
import type { Clock } from '../../kit/sources.ts';
import { openCache } from './cache.ts';
import { openDataFolder } from './data-folder.ts';
import { openJournal } from './journal.ts';
import { openObjects } from './objects.ts';
import { openSearchIndex } from './search-index.ts';
import { openStore } from './store.ts';
import { openTables } from './tables.ts';
import { openTopics } from './topics.ts';

export interface Embedded extends AsyncDisposable {
  readonly journal: Journal;
  readonly tables: Tables;
  readonly cache: Cache;
  readonly topics: Topics;
  readonly objects: Objects;
  readonly searchIndex: SearchIndex;
}

export interface EmbeddedOptions {
  readonly dataDir: string;
  readonly clock: Clock;
}

/**
 * `<dataDir>/store` is the LMDB environment, `<dataDir>/objects` the files.
 *
 * @throws UnsupportedError, ConflictError or UnavailableError when the folder is not fit (data-folder.ts).
 */
export async function openEmbedded({ dataDir, clock }: EmbeddedOptions): Promise<Embedded> {
  const folder = await openDataFolder(dataDir);
  const objects = await openObjects(join(folder, 'objects'), clock);
  // LMDB makes its files readable by all; the folder that we found may be too.
  await mkdir(join(folder, 'store'), { recursive: true, mode: 0o700 });
  const store = openStore(join(folder, 'store'));
  const journal = openJournal(store, clock);
  const tables = openTables(store, clock);
  return {
    journal,
    tables,
    cache: openCache(clock),
    topics: openTopics(),
    objects,
    searchIndex: openSearchIndex(),
    async [Symbol.asyncDispose]() {
      await journal[Symbol.asyncDispose]();
      await tables[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}
