/** All that actors keep things in, opened by whoever composes the service. */
import type { Cache } from './cache.ts';
import type { Journal } from './journal.ts';
import type { Objects } from './objects.ts';
import type { SearchIndex } from './search-index.ts';
import type { Tables } from './tables.ts';
import type { Topics } from './topics.ts';

export interface Engines extends AsyncDisposable {
  readonly journal: Journal;
  readonly tables: Tables;
  readonly cache: Cache;
  readonly topics: Topics;
  readonly objects: Objects;
  readonly searchIndex: SearchIndex;
}
