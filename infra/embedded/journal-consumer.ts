/** A consumer: reads ahead of its position, hands records over, moves on, waits for more. */
import { CONSUMER_BATCH_MAX, CONSUMER_POLL_MS, CONSUMER_RETRY_MS_MAX } from '../../config/limits.ts';
import { logger } from '../../kit/log.ts';
import type { ConsumeOptions, Consumer, JournalRecord, ParkedRecord } from '../../kit/ports/journal.ts';
import type { Clock } from '../../kit/sources.ts';
import { closedError, waitUntilCaughtUp } from '../journal/caught-up.ts';
import { errorText, type HandOver, handOver } from '../journal/hand-over.ts';
import { consumerLag } from '../journal/metrics.ts';
import { createSleeper } from '../journal/sleeper.ts';

const log = logger('journal');

/** What a consumer needs of the journal; reads are synchronous and hold no transaction open. */
export interface StreamReader {
  /** Whether this process runs the consumer; takes it when nobody living does. */
  claim(): Promise<boolean>;
  position(): number;
  /** Nothing happens when another process has taken the consumer. */
  moveTo(seq: number): Promise<void>;
  /** Sets a record aside and moves past it. */
  park(record: JournalRecord, error: string): Promise<void>;
  /** Parked records to be tried again. */
  replays(): ParkedRecord[];
  /** Tells how that went; without an error the record is parked no more. */
  replayed(record: ParkedRecord, error?: string): Promise<void>;
  /** Lets another process run the consumer. */
  release(): Promise<void>;
  /** The stream's last seq, with what other processes have committed. */
  headSeq(): number;
  after(seq: number, limit: number): JournalRecord[];
  /** Resolves when a consumer of this process moves on. */
  moved(): Promise<void>;
  /** Calls `wake` after each append of this process; returns how to stop that. */
  onAppend(wake: () => void): () => void;
}

/** From now on, with a position in memory only and for this caller alone. */
export function passingReader(reader: StreamReader): StreamReader {
  let handledSeq = reader.headSeq();
  let moved = Promise.withResolvers<void>();
  const moveTo = async (seq: number): Promise<void> => {
    handledSeq = seq;
    moved.resolve();
    moved = Promise.withResolvers();
  };
  return {
    ...reader,
    claim: async () => true,
    position: () => handledSeq,
    moveTo,
    // Nobody could hand it over again to a consumer that keeps no position.
    park: (record) => moveTo(record.seq),
    replays: () => [],
    moved: () => moved.promise,
    async release() {},
  };
}

export async function startConsumer(
  reader: StreamReader,
  clock: Clock,
  options: ConsumeOptions,
): Promise<Consumer> {
  const { stream, consumer } = options;
  const batchMax = Math.min(options.batchMax ?? CONSUMER_BATCH_MAX, CONSUMER_BATCH_MAX);
  const closing = Promise.withResolvers<never>();
  closing.promise.catch(() => undefined);
  const sleeper = createSleeper(clock);
  const stopListening = reader.onAppend(sleeper.wake);

  const to: HandOver = {
    options,
    stillOurs: async (records) => (sleeper.isClosed() || !(await reader.claim()) ? [] : records),
    handled: (records) => reader.moveTo(records.at(-1)?.seq ?? 0),
    park: (record, error) => reader.park(record, error),
    pause: (delayMs) => sleeper.pause(delayMs),
  };

  async function replayParked(): Promise<void> {
    for (const parked of reader.replays()) {
      const { stream, subject, seq, atMs, data } = parked;
      await options.handle([{ stream, subject, seq, atMs, data }]).then(
        () => reader.replayed(parked),
        (error: unknown) => reader.replayed(parked, errorText(error)),
      );
    }
  }

  /** Resolves with whether there may be more. */
  async function step(): Promise<boolean> {
    if (!(await reader.claim())) return false;
    await replayParked();
    const headSeq = reader.headSeq();
    const position = reader.position();
    const batch = reader.after(position, batchMax);
    consumerLag.set({ stream, consumer }, headSeq - position);
    if (batch.length > 0) await handOver(to, batch);
    // The newest records were erased.
    else if (headSeq > position) await reader.moveTo(headSeq);
    return batch.length > 0;
  }

  async function run(): Promise<void> {
    while (!sleeper.isClosed()) {
      try {
        if (!(await step())) await sleeper.untilWoken(CONSUMER_POLL_MS);
      } catch (error) {
        log.warn({ err: error, stream, consumer }, 'consumer stumbled, going on');
        await sleeper.pause(CONSUMER_RETRY_MS_MAX);
      }
    }
  }
  await reader.claim();
  const running = run();

  const progress = {
    shards: [0],
    head: async () => reader.headSeq(),
    handled: async () => reader.position(),
    moved: () => reader.moved(),
  };
  return {
    caughtUp: () => Promise.race([waitUntilCaughtUp(progress, clock), closing.promise]),
    async [Symbol.asyncDispose]() {
      if (sleeper.isClosed()) return;
      sleeper.close();
      closing.reject(closedError());
      stopListening();
      await running;
      await reader.release();
      consumerLag.remove({ stream, consumer });
    },
  };
}
