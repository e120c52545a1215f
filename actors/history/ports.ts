/** What history needs from outside. */
import type { Journal } from '../../kit/ports/journal.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import type { Topics } from '../../kit/ports/topics.ts';
import type { Clock } from '../../kit/sources.ts';

export interface HistoryDeps {
  readonly tables: Tables;
  readonly journal: Journal;
  readonly topics: Topics;
  readonly clock: Pick<Clock, 'nowMs'>;
}
