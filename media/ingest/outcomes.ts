/** Waits for jobs to end, by looking at their subjects: one way, that no restart of an engine can break. */
import { INGEST_OUTCOMES_EVERY_MS, INGEST_PARKED_EVERY_LOOKS } from '../../config/limits.ts';
import { AntiphonError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { Journal } from '../../kit/ports/journal.ts';
import type { Clock, Timer } from '../../kit/sources.ts';
import { RefusedError } from '../files/refusal.ts';
import { INGEST_STREAM, type IngestEnded, type IngestQueued, ingestSubject } from './contract.ts';
import type { IngestedSong } from './song.ts';

const log = logger('ingest');

export interface Outcomes extends AsyncDisposable {
  /** @throws RefusedError; whatever the journal fails with, when trying again does not help */
  of(jobId: string): Promise<IngestedSong>;
}

interface Waiter {
  readonly resolve: (song: IngestedSong) => void;
  readonly reject: (error: unknown) => void;
}

export function awaitOutcomes(
  { journal, clock }: { readonly journal: Pick<Journal, 'read' | 'parked'>; readonly clock: Clock },
  signal?: AbortSignal,
): Outcomes {
  const waiting = new Map<string, Waiter>();
  let timer: Timer | undefined;
  let looking: Promise<void> = Promise.resolve();
  let looks = 0;

  const settle = (jobId: string, end: (waiter: Waiter) => void): void => {
    const waiter = waiting.get(jobId);
    waiting.delete(jobId);
    if (waiter) end(waiter);
  };
  const rejectAll = (error: unknown): void => {
    for (const jobId of waiting.keys()) settle(jobId, (waiter) => waiter.reject(error));
  };

  const lookAt = async (jobId: string): Promise<void> => {
    const [newest] = await journal.read(INGEST_STREAM, ingestSubject(jobId), 0, 1);
    const end = newest?.data as IngestEnded | IngestQueued | undefined;
    if (end?.type === 'ingestDone') settle(jobId, ({ resolve }) => resolve(end.song));
    if (end?.type === 'ingestRefused') {
      settle(jobId, ({ reject }) => reject(RefusedError.told(end.code, end.why)));
    }
  };

  /** A job that no worker can handle is set aside by the journal, and would be waited for without end. */
  const lookAtParked = async (): Promise<void> => {
    for (const { data, error } of await journal.parked(INGEST_STREAM)) {
      const { jobId } = data as Partial<IngestQueued>;
      if (jobId !== undefined) settle(jobId, ({ reject }) => reject(new RefusedError('PARKED', error)));
    }
  };

  const look = async (): Promise<void> => {
    try {
      signal?.throwIfAborted();
      await Promise.all([...waiting.keys()].map(lookAt));
      if (++looks % INGEST_PARKED_EVERY_LOOKS === 0) await lookAtParked();
    } catch (error) {
      if (error instanceof AntiphonError && error.retryable)
        log.warn({ err: error }, 'outcomes are not told');
      else rejectAll(error);
    }
    timer = undefined;
    if (waiting.size > 0) lookLater();
  };
  function lookLater(): void {
    timer ??= clock.after(INGEST_OUTCOMES_EVERY_MS, () => {
      looking = look();
    });
  }

  return {
    of: (jobId) =>
      new Promise((resolve, reject) => {
        waiting.set(jobId, { resolve, reject });
        lookLater();
      }),
    async [Symbol.asyncDispose]() {
      timer?.cancel();
      waiting.clear();
      await looking;
    },
  };
}
