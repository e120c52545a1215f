/** What the catalogue needs from outside. */
import type { Cache } from '../../kit/ports/cache.ts';
import type { Journal } from '../../kit/ports/journal.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import type { Topics } from '../../kit/ports/topics.ts';
import type { Sources } from '../../kit/sources.ts';

export interface CatalogDeps {
  readonly tables: Tables;
  readonly journal: Journal;
  readonly cache: Cache;
  readonly topics: Topics;
  readonly sources: Pick<Sources, 'clock' | 'ids'>;
}
