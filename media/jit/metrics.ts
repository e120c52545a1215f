import { counter, gauge, histogram } from '../../kit/metrics.ts';

export const runsStarted = counter('jit_runs_total', 'Encoders started for songs that are not packaged');
export const runsFailed = counter('jit_runs_failed_total', 'Encoders that ended before their time');
export const runsNow = gauge('jit_runs', 'Encoders that run or are held up');
export const segmentWait = histogram(
  'jit_segment_wait_seconds',
  'From the request for a segment of a song that is not packaged to the segment',
  [0.01, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2, 5, 15],
);
export const segmentsRefused = counter('jit_segments_refused_total', 'Segments that were not made', ['why']);
export const songsPackaged = counter('jit_songs_packaged_total', 'Songs packaged in the background');
