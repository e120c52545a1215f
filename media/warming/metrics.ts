import { counter, gauge } from '../../kit/metrics.ts';

export const requests = counter('warming_requests_total', 'Requests made to warm an edge', [
  'region',
  'result',
]);
export const bytesFetched = counter('warming_bytes_total', 'Bytes fetched to warm an edge', ['region']);
export const songsWarmed = counter('warming_songs_total', 'Songs fetched through an edge', [
  'region',
  'reason',
]);
export const songsPlayed = counter('warming_songs_played_total', 'Warmed songs that were played afterwards', [
  'region',
  'reason',
]);
export const pauses = counter('warming_pauses_total', 'Times an edge was left alone because it was busy', [
  'region',
]);
export const residentSeconds = gauge(
  'warming_resident_seconds',
  'How long an edge is taken to keep what nobody asks for',
  ['region'],
);
