import { table } from '../../kit/ports/tables.ts';
import type { PartRow } from './domain.ts';
import type { DayRow, ListenerSongRow, RecentRow, SongTotalRow } from './domain-counts.ts';

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

/** What a listener heard in a UTC day: see counts.ts for all that follow. */
export const dayTable = table<[number], DayRow>({
  name: 'history_day',
  partition: 'user_id',
  clustering: [['day', 'number']],
  conditional: true,
});
export const listenerSongTable = table<[string], ListenerSongRow>({
  name: 'history_listener_song',
  partition: 'user_id',
  clustering: [['song_id', 'text']],
  conditional: true,
});
/** By how often; a row that the listener's row of the song does not agree with is not shown. */
export const topTable = table<[number, string], Record<string, never>>({
  name: 'history_top',
  partition: 'user_id',
  clustering: [
    ['plays', 'number'],
    ['song_id', 'text'],
  ],
});
export const songTotalTable = table<[], SongTotalRow>({
  name: 'history_song_total',
  partition: 'song_id',
  clustering: [],
  conditional: true,
});
export const recentTable = table<[], RecentRow>({
  name: 'history_recent',
  partition: 'user_id',
  clustering: [],
  conditional: true,
});
