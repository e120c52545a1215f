/**
 * Takes queued files in, beside other workers: each job goes to one of them, and to another one when that one
 * dies. A job may still be worked on twice, since who was given up may only have slept. So every step can be
 * done again (media/ingest/song.ts), an encoding writes over no other one (package.ts), and who finds the job
 * ended neither releases nor tells anything.
 */
import { INGEST_RELEASE_MS_MAX, INGEST_SWEEP_EVERY_MS } from '../../config/limits.ts';
import { withCall } from '../../kit/call-context.ts';
import { AntiphonError, StaleWriteError, UnavailableError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { Journal, JournalRecord } from '../../kit/ports/journal.ts';
import type { Clock, Timer } from '../../kit/sources.ts';
import { assertValid } from '../../kit/validate.ts';
import { RefusedError } from '../files/refusal.ts';
import { INGEST_STREAM, type IngestEnded, IngestQueued, ingestSubject } from './contract.ts';
import { SONGS_AT_ONCE } from './import.ts';
import { deleteFiles, fetchFiles, sweepIncoming } from './incoming.ts';
import type { Jobs } from './jobs.ts';
import { jobsEnded, jobsInWork, jobWait } from './metrics.ts';
import type { Catalog } from './release.ts';
import { type IngestDeps, ingestSong } from './song.ts';
import { makeWorkFolder, withRoom } from './work-folder.ts';

const log = logger('ingest');

export interface IngestWorkerDeps extends IngestDeps {
  readonly journal: Pick<Journal, 'append' | 'read' | 'lastSeq' | 'consume'>;
  readonly jobs: Jobs;
  readonly clock: Clock;
  /** Names this worker to operators. */
  readonly nodeId: string;
  /** Songs at a time; default SONGS_AT_ONCE. */
  readonly songsAtOnce?: number;
}

/** Another worker has ended the job in the meantime. */
class JobEndedError extends Error {
  override readonly name = 'JobEndedError';
}

export async function startIngestWorker(deps: IngestWorkerDeps): Promise<AsyncDisposable> {
  const { journal, clock, songsAtOnce = SONGS_AT_ONCE } = deps;
  const stopping = new AbortController();
  const consumer = await journal.consume({
    stream: INGEST_STREAM,
    consumer: 'ingest',
    // The records of a batch are taken up together, and the next batch follows when all have ended.
    batchMax: songsAtOnce,
    handle: async (records) => {
      const works = records.map((record) => takeUp(record, deps, stopping.signal));
      for (const work of await Promise.allSettled(works)) if (work.status === 'rejected') throw work.reason;
    },
  });

  let sweep: Timer | undefined;
  const sweepNow = async (): Promise<void> => {
    await sweepIncoming(deps).catch((err: unknown) => log.warn({ err }, 'uploads could not be swept'));
    if (!stopping.signal.aborted) sweep = clock.after(INGEST_SWEEP_EVERY_MS, onSweep);
  };
  let sweeping = sweepNow();
  function onSweep(): void {
    sweeping = sweepNow();
  }

  return {
    async [Symbol.asyncDispose]() {
      // What is in work goes to another worker.
      stopping.abort(new UnavailableError('WORKER_STOPS', 'This worker stops; another one takes the file.'));
      await consumer[Symbol.asyncDispose]();
      sweep?.cancel();
      await sweeping;
    },
  };
}

/** Resolves when the job has ended, by whomever; a rejection gives it back to the journal. */
async function takeUp(record: JournalRecord, deps: IngestWorkerDeps, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if ((record.data as { type?: unknown }).type !== IngestQueued.properties.type.const) return;
  assertValid(IngestQueued, record.data, 'ingestQueued');
  const job = record.data as IngestQueued;
  const { jobs, clock, nodeId, objects } = deps;
  jobsInWork.inc();
  try {
    if (!(await hasEnded(record, deps))) {
      jobWait.observe(Math.max(0, clock.nowMs() - record.atMs) / 1000);
      await jobs.taken(job, nodeId);
      const end = await workOn(job, record, deps, signal);
      await conclude(end, job, record, deps);
    }
    await deleteFiles(job.jobId, objects);
  } catch (error) {
    if (!(error instanceof JobEndedError)) throw asJournalSees(error);
    log.info({ jobId: job.jobId }, 'another worker has ended this job');
  } finally {
    jobsInWork.dec();
  }
}

/** What the bus throws when a service is away is not ours, and would count against the file. */
function asJournalSees(error: unknown): unknown {
  const passes = error instanceof Error && (error as { retryable?: unknown }).retryable === true;
  return passes && !(error instanceof AntiphonError)
    ? new UnavailableError('INGEST_HELD_UP', `${error.message} The file is tried again.`)
    : error;
}

const hasEnded = async ({ subject, seq }: JournalRecord, { journal }: IngestWorkerDeps): Promise<boolean> =>
  (await journal.lastSeq(INGEST_STREAM, subject)) > seq;

async function workOn(
  job: IngestQueued,
  record: JournalRecord,
  deps: IngestWorkerDeps,
  signal: AbortSignal,
): Promise<IngestEnded> {
  const { jobId, path, state, insteadOf } = job;
  const ended = { jobId, worker: deps.nodeId };
  await using folder = await makeWorkFolder(deps.tempFolder);
  try {
    const sent = { path, state, ...(insteadOf !== undefined && { insteadOf }) };
    const file = await withRoom(folder.path, () => fetchFiles(job, folder.path, deps.objects));
    const source = { path: file, sent };
    const song = await ingestSong(source, { ...deps, catalog: catalogWhileOurs(record, deps) }, signal);
    return { type: 'ingestDone', ...ended, song };
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return { type: 'ingestRefused', ...ended, code: error.refusal, why: error.message };
  }
}

/** A worker that slept must not release what was said of a song before: it looks first, and its call expires. */
const catalogWhileOurs = (record: JournalRecord, deps: IngestWorkerDeps): Catalog => ({
  async release(song) {
    const deadlineMs = deps.clock.nowMs() + INGEST_RELEASE_MS_MAX;
    if (await hasEnded(record, deps)) throw new JobEndedError();
    return withCall({ deadlineMs }, () => deps.catalog.release(song));
  },
});

/** @throws JobEndedError */
async function conclude(
  end: IngestEnded,
  job: IngestQueued,
  { seq }: JournalRecord,
  { journal, jobs }: IngestWorkerDeps,
): Promise<void> {
  try {
    await journal.append(INGEST_STREAM, ingestSubject(job.jobId), end, { expectedSeq: seq });
  } catch (error) {
    throw error instanceof StaleWriteError ? new JobEndedError() : error;
  }
  jobsEnded.inc({ outcome: end.type === 'ingestDone' ? end.song.s : 'refused' });
  await jobs.ended(job, end);
}
