/** What both engines tell of themselves. */
import { counter, gauge, histogram } from '../../kit/metrics.ts';

const LABELS = ['stream', 'consumer'] as const;

export const appendSeconds = histogram(
  'journal_append_seconds',
  'From the call to the durable record',
  [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 10],
  ['stream'],
);
export const redeliveries = counter(
  'journal_consumer_redeliveries_total',
  'Records that a consumer failed on and will get again',
  LABELS,
);
export const parkings = counter(
  'journal_consumer_parked_total',
  'Records set aside after a consumer kept failing on them',
  LABELS,
);
/** To scale on: the sum over processes is how much work waits. */
export const consumerLag = gauge(
  'journal_consumer_lag_records',
  'Records that wait for this process, of the parts of the stream that it holds',
  LABELS,
);
