/**
 * A durable consumer, shared by the processes that give its name: each shard is held by one of them. Records
 * of the shards that this process holds reach the handler in one batch after the other, never two at once.
 */
import { JOURNAL_RETRY_MS_MAX } from '../../config/engine-limits.ts';
import { CONSUMER_BATCH_MAX } from '../../config/limits.ts';
import { StaleWriteError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { ConsumeOptions, Consumer, JournalRecord } from '../../kit/ports/journal.ts';
import { closedError } from '../journal/caught-up.ts';
import { errorText, type HandOver, handOver } from '../journal/hand-over.ts';
import { consumerLag } from '../journal/metrics.ts';
import { createSleeper } from '../journal/sleeper.ts';
import type { JetStream, StoredMessage } from './jetstream.ts';
import { joinMembers } from './journal-members.ts';
import type { JournalNames } from './journal-names.ts';
import type { Parking } from './journal-parking.ts';
import { positionsOf } from './journal-positions.ts';
import { type HeldShard, takeShard } from './journal-shard.ts';

const log = logger('journal');

export interface GroupConsumerDeps {
  readonly js: JetStream;
  readonly names: JournalNames;
  readonly shards: number;
  readonly parking: Parking;
  readonly recordOf: (stream: string, message: StoredMessage) => JournalRecord;
  readonly caughtUp: (stream: string, consumer: string) => Promise<void>;
}

export async function openGroupConsumer(deps: GroupConsumerDeps, options: ConsumeOptions): Promise<Consumer> {
  const { js, names, parking, recordOf } = deps;
  const { stream, consumer } = options;
  const batchMax = Math.min(options.batchMax ?? CONSUMER_BATCH_MAX, CONSUMER_BATCH_MAX);
  const positions = positionsOf(js, names, stream, consumer);
  const shards = Array.from({ length: deps.shards }, (_, shard) => shard);
  const held = new Map<number, HeldShard>();
  const closing = Promise.withResolvers<never>();
  closing.promise.catch(() => undefined);
  const sleeper = createSleeper(js.clock);
  const { wake, isClosed } = sleeper;

  const members = joinMembers({
    connection: js.connection,
    clock: js.clock,
    subject: names.members(stream, consumer),
    holds: () => [...held.values()].map(({ shard, revision }) => [shard, revision()] as const),
    onChange: () => void settle(),
  });

  /** Which shards are ours may change while they are being taken; then it is looked at once more. */
  let settling: Promise<void> | undefined;
  let unsettled = false;
  function settle(): Promise<void> {
    unsettled = true;
    settling ??= (async () => {
      while (unsettled && !isClosed()) {
        unsettled = false;
        await Promise.all(shards.map(settleShard));
      }
      settling = undefined;
    })();
    return settling;
  }

  async function settleShard(shard: number): Promise<void> {
    const holding = held.get(shard);
    if (holding) {
      if (members.heldElsewhere(shard) > holding.revision()) holding.lose();
      else if (!members.isOurs(shard)) holding.leave();
      if (!holding.isOurs()) wake();
      return;
    }
    if (!members.isOurs(shard)) return;
    try {
      const found = await positions.load(shard);
      if (found.holder && members.mayLive(found.holder)) return;
      if (isClosed()) return;
      const { ownId } = members;
      held.set(shard, await takeShard({ js, names, positions, stream, consumer, ownId, wake }, shard, found));
      members.beat();
      wake();
    } catch (error) {
      if (!(error instanceof StaleWriteError))
        log.warn({ err: error, stream, consumer, shard }, 'shard not taken');
    }
  }

  const mustGiveAway = (): boolean => [...held.values()].some((holding) => !holding.isOurs());

  /** A process that has not been heard for a while may have lost shards without knowing. */
  async function verify(): Promise<void> {
    if (members.areHeard()) return;
    for (const holding of [...held.values()]) {
      const found = await positions.load(holding.shard).catch(() => undefined);
      if (found?.holder !== members.ownId) holding.lose();
    }
  }

  async function giveAway(): Promise<void> {
    for (const holding of [...held.values()]) {
      if (holding.isOurs()) continue;
      await holding.release();
      held.delete(holding.shard);
      members.beat();
    }
  }

  const shardOf = ({ subject }: JournalRecord): HeldShard | undefined => held.get(names.shardOf(subject));

  async function handled(records: readonly JournalRecord[]): Promise<void> {
    const newest = new Map<HeldShard, number>();
    for (const record of records) {
      const holding = shardOf(record);
      if (holding) newest.set(holding, record.seq);
    }
    await Promise.all([...newest].map(([holding, seq]) => holding.moveTo(seq, isClosed)));
  }

  const to: HandOver = {
    options,
    async stillOurs(records) {
      await verify();
      await giveAway();
      return isClosed() ? [] : records.filter((record) => shardOf(record)?.isOurs());
    },
    handled,
    async park(record, error) {
      while (!isClosed()) {
        try {
          await parking.park(consumer, record, error);
          return await handled([record]);
        } catch (cause) {
          log.warn({ err: cause, stream, consumer }, 'record not parked yet, trying again');
          await sleeper.pause(JOURNAL_RETRY_MS_MAX);
        }
      }
    },
    // Another process waits for what it is to be given.
    pause: (delayMs) => sleeper.pause(delayMs, mustGiveAway),
  };

  /** Shards take turns to be first, so that a busy one cannot starve the others. */
  let turn = 0;
  function takeBatch(): JournalRecord[] {
    const batch: JournalRecord[] = [];
    const holdings = [...held.values()].filter((holding) => holding.isOurs());
    turn += 1;
    for (let i = 0; i < holdings.length && batch.length < batchMax; i++) {
      const { reader } = holdings[(turn + i) % holdings.length] as HeldShard;
      for (const message of reader.take(batchMax - batch.length)) batch.push(recordOf(stream, message));
    }
    return batch;
  }

  async function replayParked(): Promise<void> {
    for (const holding of [...held.values()]) {
      for (const { key, done } of holding.takeReplays()) {
        const record = await parking.find(key);
        if (record) {
          const { consumer: _consumer, parkedAtMs: _parkedAtMs, error: _error, ...plain } = record;
          await options.handle([plain]).then(
            () => parking.remove(key),
            (error: unknown) => parking.park(consumer, plain, errorText(error)),
          );
        }
        done();
      }
    }
  }

  async function run(): Promise<void> {
    while (!isClosed()) {
      try {
        await giveAway();
        await replayParked();
        const batch = takeBatch();
        if (batch.length > 0) await handOver(to, batch);
        const lag = [...held.values()].reduce((sum, { reader }) => sum + reader.lag(), 0);
        consumerLag.set({ stream, consumer }, lag);
        if (batch.length === 0) await sleeper.untilWoken();
      } catch (error) {
        log.error({ err: error, stream, consumer }, 'consumer stumbled, going on');
        await sleeper.pause(JOURNAL_RETRY_MS_MAX);
      }
    }
  }

  await settle();
  const running = run();

  return {
    caughtUp: () => Promise.race([deps.caughtUp(stream, consumer), closing.promise]),
    async [Symbol.asyncDispose]() {
      if (isClosed()) return;
      sleeper.close();
      closing.reject(closedError());
      await Promise.all([running, settling]);
      await Promise.all([...held.values()].map((holding) => holding.release()));
      held.clear();
      members.leave();
      consumerLag.remove({ stream, consumer });
    },
  };
}
