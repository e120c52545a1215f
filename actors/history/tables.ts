import { table } from '../../kit/ports/tables.ts';
import type { PartRow } from './domain.ts';

/** A row for each event of a play, `part` being the play's id and the event's kind. Only ever put: see domain.ts. */
export const entryTable = table<[string, string], PartRow>({
  name: 'history_entry',
  partition: 'user_bucket',
  clustering: [
    ['sort', 'text'],
    ['part', 'text'],
  ],
});
export const bucketTable = table<[string], Record<string, never>>({
  name: 'history_bucket',
  partition: 'user_id',
  clustering: [['bucket', 'text']],
});
/** Accounts deleted lately. */
export const erasedTable = table<[], { erased: true }>({
  name: 'history_erased',
  partition: 'user_id',
  clustering: [],
});
