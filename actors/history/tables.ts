import { table } from '../../kit/ports/tables.ts';
import type { HistoryEntry } from './contract.ts';
import type { Play } from './domain.ts';

export const entryTable = table<[string, string], HistoryEntry>({
  name: 'history_entry',
  partition: 'user_bucket',
  clustering: [
    ['sort', 'text'],
    ['play_id', 'text'],
  ],
});
export const bucketTable = table<[string], Record<string, never>>({
  name: 'history_bucket',
  partition: 'user_id',
  clustering: [['bucket', 'text']],
});
/** Plays that may still get news, found by id, since an end does not say when the play began. */
export const playTable = table<[string], Play>({
  name: 'history_play',
  partition: 'user_id',
  clustering: [['play_id', 'text']],
});
/** Accounts deleted lately. */
export const erasedTable = table<[], { erased: true }>({
  name: 'history_erased',
  partition: 'user_id',
  clustering: [],
});
