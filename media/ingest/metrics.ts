import { counter, gauge, histogram } from '../../kit/metrics.ts';

export const jobsEnded = counter('ingest_jobs_total', 'Files that workers are done with', ['outcome']);
export const jobsInWork = gauge('ingest_jobs_in_work', 'Files that this process works on');
export const jobWait = histogram(
  'ingest_job_wait_seconds',
  'From queueing a file to beginning with it',
  [1, 5, 30, 120, 600, 3600, 14_400, 86_400],
);
