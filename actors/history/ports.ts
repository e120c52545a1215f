/** What history needs from outside. */
import type { Journal } from '../../kit/ports/journal.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import type { Topics } from '../../kit/ports/topics.ts';

export interface HistoryDeps {
  readonly tables: Tables;
  readonly journal: Journal;
  readonly topics: Topics;
}
