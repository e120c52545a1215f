/** A durable consumer: reads ahead of its saved position, hands batches over, saves, waits for more. */
import {
  CONSUMER_BATCH_MAX,
  CONSUMER_POLL_MS,
  CONSUMER_RETRY_MS,
  CONSUMER_RETRY_MS_MAX,
} from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { ConsumeOptions, Consumer, JournalRecord } from '../../kit/ports/journal.ts';
import type { Clock } from '../../kit/sources.ts';

const log = logger('journal');

/** What a consumer needs of the journal; all reads are synchronous and hold no transaction open. */
export interface StreamReader {
  position(): number;
  savePosition(seq: number): Promise<void>;
  /** The stream's last seq, with what other processes have committed. */
  headSeq(): number;
  after(seq: number, limit: number): JournalRecord[];
  /** Calls `wake` after each append of this process; returns how to stop that. */
  onAppend(wake: () => void): () => void;
}

interface Waiter {
  readonly seq: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const closedError = () =>
  new UnavailableError('CONSUMER_CLOSED', 'The consumer was stopped before it had caught up. Open it again.');

export function startConsumer(reader: StreamReader, clock: Clock, options: ConsumeOptions): Consumer {
  const batchMax = Math.min(options.batchMax ?? CONSUMER_BATCH_MAX, CONSUMER_BATCH_MAX);
  let handledSeq = reader.position();
  let waiters: Waiter[] = [];
  let closed = false;
  let awake = false;
  let wakeSleeper: (() => void) | undefined;

  function wake(): void {
    awake = true;
    wakeSleeper?.();
  }
  const stopListening = reader.onAppend(wake);

  /** Resolves after `delayMs`, or at once when `early` is set and something was appended since the read. */
  async function sleep(delayMs: number, early: boolean): Promise<void> {
    if (closed || (early && awake)) return;
    await new Promise<void>((resolve) => {
      const timer = clock.after(delayMs, resolve);
      wakeSleeper = () => {
        if (!early && !closed) return;
        timer.cancel();
        resolve();
      };
    });
    wakeSleeper = undefined;
  }

  function handled(seq: number): void {
    handledSeq = Math.max(handledSeq, seq);
    for (const waiter of waiters) if (waiter.seq <= handledSeq) waiter.resolve();
    waiters = waiters.filter((waiter) => waiter.seq > handledSeq);
  }

  async function run(): Promise<void> {
    let retryMs = CONSUMER_RETRY_MS;
    while (!closed) {
      try {
        awake = false;
        const headSeq = reader.headSeq();
        const batch = reader.after(handledSeq, batchMax);
        const last = batch.at(-1);
        if (last) {
          await options.handle(batch);
          await reader.savePosition(last.seq);
        }
        retryMs = CONSUMER_RETRY_MS;
        handled(last?.seq ?? headSeq);
        if (!last) await sleep(CONSUMER_POLL_MS, true);
      } catch (error) {
        const { stream, consumer } = options;
        log.warn({ err: error, stream, consumer, afterSeq: handledSeq, retryMs }, 'batch failed, retrying');
        await sleep(retryMs, false);
        retryMs = Math.min(retryMs * 2, CONSUMER_RETRY_MS_MAX);
      }
    }
  }
  const running = run();

  return {
    caughtUp() {
      const seq = reader.headSeq();
      if (seq <= handledSeq) return Promise.resolve();
      if (closed) return Promise.reject(closedError());
      return new Promise((resolve, reject) => {
        waiters.push({ seq, resolve, reject });
        wake();
      });
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      stopListening();
      wake();
      await running;
      for (const waiter of waiters) waiter.reject(closedError());
      waiters = [];
    },
  };
}
