/**
 * What operators see of imports: a row for each step of a job, written beside the journal, which alone decides.
 * Steps are rows of their own, so that no machine's clock can hide a later step behind an earlier one.
 */
import {
  DAY_MS,
  INGEST_JOBS_PER_SCAN,
  INGEST_JOBS_SHOWN_MS,
  INGEST_REFUSED_SHOWN_MAX,
  SECOND_MS,
} from '../../config/limits.ts';
import { logger } from '../../kit/log.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import { table } from '../../kit/ports/tables.ts';
import type { Clock } from '../../kit/sources.ts';
import type { IngestEnded, IngestQueued, IngestStatus } from './contract.ts';

const log = logger('ingest');

type Step =
  | { readonly s: 'queued'; readonly path: string; readonly atMs: number }
  | { readonly s: 'taken'; readonly path: string; readonly atMs: number; readonly worker: string }
  | { readonly s: 'done'; readonly path: string; readonly atMs: number }
  | {
      readonly s: 'refused';
      readonly path: string;
      readonly atMs: number;
      readonly code: string;
      readonly why: string;
    };

/** Steps sort by their letter: the last row of a job tells where it is. */
const STEP_KEYS = { queued: 'a', taken: 'b', done: 'c', refused: 'c' } as const;

export const ingestJobs = table<readonly [string, string], Step>({
  name: 'ingest_jobs',
  partition: 'day',
  clustering: [
    ['job_id', 'text'],
    ['step', 'text'],
  ],
});

export const dayOf = (ms: number): string => new Date(ms - (ms % DAY_MS)).toISOString().slice(0, 10);

export type Jobs = ReturnType<typeof createJobs>;

export function createJobs({ tables, clock }: { readonly tables: Tables; readonly clock: Clock }) {
  const rows = tables.open(ingestJobs);

  /** A view that cannot be written holds up no import. */
  const put = async ({ day, jobId }: IngestQueued, step: Step): Promise<void> => {
    try {
      await rows.put(day, [jobId, STEP_KEYS[step.s]], step, { ttlSec: INGEST_JOBS_SHOWN_MS / SECOND_MS });
    } catch (err) {
      log.warn({ err, jobId, step: step.s }, 'a job is shown to operators as it was');
    }
  };

  /** The last step of each job of a day, oldest job first. */
  async function* lastSteps(day: string): AsyncGenerator<Step> {
    let last: { readonly jobId: string; readonly step: Step } | undefined;
    let cursor: string | undefined;
    do {
      const page = await rows.scan(day, { limit: INGEST_JOBS_PER_SCAN, ...(cursor && { cursor }) });
      for (const { ck, row } of page.rows) {
        if (last && last.jobId !== ck[0]) yield last.step;
        last = { jobId: ck[0], step: row };
      }
      cursor = page.cursor;
    } while (cursor);
    if (last) yield last.step;
  }

  return {
    queued: (job: IngestQueued) => put(job, { s: 'queued', path: job.path, atMs: clock.nowMs() }),
    taken: (job: IngestQueued, worker: string) =>
      put(job, { s: 'taken', path: job.path, atMs: clock.nowMs(), worker }),
    ended: (job: IngestQueued, end: IngestEnded) => {
      const at = { path: job.path, atMs: clock.nowMs() };
      return put(
        job,
        end.type === 'ingestDone'
          ? { s: 'done', ...at }
          : { s: 'refused', ...at, code: end.code, why: end.why },
      );
    },

    async status(day = dayOf(clock.nowMs())): Promise<IngestStatus> {
      const counts = { queued: 0, done: 0, refused: 0 };
      const inWork: IngestStatus['inWork'] = [];
      const refusals: IngestStatus['refusals'] = [];
      for await (const step of lastSteps(day)) {
        if (step.s === 'taken') {
          inWork.push({ path: step.path, worker: step.worker, sinceMs: step.atMs });
          continue;
        }
        counts[step.s] += 1;
        if (step.s !== 'refused') continue;
        const { path, code, why, atMs } = step;
        refusals.push({ path, code, why, atMs });
        if (refusals.length > INGEST_REFUSED_SHOWN_MAX) refusals.shift();
      }
      const { queued: waiting, done, refused } = counts;
      return { day, waiting, inWork, done, refused, refusals };
    },
  };
}
