/** A consumer without a position: all shards from now on, for what lives in the memory of this process. */
import { CONSUMER_BATCH_MAX } from '../../config/limits.ts';
import type { ConsumeOptions, Consumer, JournalRecord } from '../../kit/ports/journal.ts';
import { closedError, waitUntilCaughtUp } from '../journal/caught-up.ts';
import { handOver } from '../journal/hand-over.ts';
import { createSleeper } from '../journal/sleeper.ts';
import type { GroupConsumerDeps } from './journal-consumer.ts';
import { openShardReader } from './journal-reader.ts';

export type PassingConsumerDeps = Omit<GroupConsumerDeps, 'caughtUp' | 'parking'> & {
  readonly head: (stream: string, shard: number) => Promise<number>;
};

export async function openPassingConsumer(
  deps: PassingConsumerDeps,
  options: ConsumeOptions,
): Promise<Consumer> {
  const { js, names, recordOf, head } = deps;
  const { stream } = options;
  const batchMax = Math.min(options.batchMax ?? CONSUMER_BATCH_MAX, CONSUMER_BATCH_MAX);
  const shards = Array.from({ length: deps.shards }, (_, shard) => shard);
  const closing = Promise.withResolvers<never>();
  closing.promise.catch(() => undefined);
  const sleeper = createSleeper(js.clock);
  const handledSeqs = await Promise.all(shards.map((shard) => head(stream, shard)));
  const readers = shards.map((shard) =>
    openShardReader({
      js,
      stream: names.shardStream(stream, shard),
      afterSeq: handledSeqs[shard] as number,
      wake: sleeper.wake,
    }),
  );

  async function handled(records: readonly JournalRecord[]): Promise<void> {
    for (const { subject, seq } of records) handledSeqs[names.shardOf(subject)] = seq;
  }

  async function run(): Promise<void> {
    while (!sleeper.isClosed()) {
      const batch: JournalRecord[] = [];
      for (const reader of readers) {
        for (const message of reader.take(batchMax - batch.length)) batch.push(recordOf(stream, message));
      }
      if (batch.length === 0) {
        await sleeper.untilWoken();
        continue;
      }
      await handOver(
        {
          options,
          stillOurs: async (records) => (sleeper.isClosed() ? [] : records),
          handled,
          // Nobody could hand it over again to a consumer that keeps no position.
          park: (record) => handled([record]),
          pause: (delayMs) => sleeper.pause(delayMs),
        },
        batch,
      );
    }
  }
  const running = run();

  return {
    caughtUp: () =>
      Promise.race([
        waitUntilCaughtUp(
          {
            shards,
            head: (shard) => head(stream, shard),
            handled: async (shard) => handledSeqs[shard] as number,
          },
          js.clock,
        ),
        closing.promise,
      ]),
    async [Symbol.asyncDispose]() {
      if (sleeper.isClosed()) return;
      sleeper.close();
      closing.reject(closedError());
      for (const reader of readers) reader.close();
      await running;
    },
  };
}
