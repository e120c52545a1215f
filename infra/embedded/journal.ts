/**
 * The journal on LMDB.
 *
 * `records`   [stream, seq]                        -> [subject, previous seq of the subject, atMs, data]
 * `heads`     [stream] and [stream, subject]       -> last seq
 * `seen`      [bucket, stream, subject, messageId] -> seq; one bucket a dedupe window, swept when two are over
 * `positions` [stream, consumer]                   -> seq up to which the consumer has handled
 * `holders`   [stream, consumer]                   -> the process that runs it (process-token.ts)
 * `parked`    [stream, consumer, seq]              -> a record set aside, `again` when it is to be tried again
 *
 * A subject's records form a chain through `previous`, so an append touches the right edge of one tree and
 * one head instead of a second index, and a tail after a snapshot is read in as many steps as it has records.
 */
import { STORE_SWEEP_ROWS_MAX } from '../../config/engine-limits.ts';
import { JOURNAL_DEDUPE_WINDOW_MS } from '../../config/limits.ts';
import { StaleWriteError } from '../../kit/errors.ts';
import type {
  AppendOptions,
  ConsumeOptions,
  Consumer,
  Journal,
  JournalRecord,
} from '../../kit/ports/journal.ts';
import type { Clock } from '../../kit/sources.ts';
import { unknownError, waitUntilCaughtUp } from '../journal/caught-up.ts';
import { appendSeconds } from '../journal/metrics.ts';
import { encodeRecord } from '../journal/record.ts';
import { assertKeyFits } from '../tables/check.ts';
import { passingReader, type StreamReader, startConsumer } from './journal-consumer.ts';
import { openHolders } from './journal-holders.ts';
import { openParking } from './journal-parking.ts';
import type { Store } from './store.ts';
import { startSweeper } from './sweeper.ts';

type Stored = [subject: string, previousSeq: number, atMs: number, data: unknown];

export function openJournal(store: Store, clock: Clock): Journal & AsyncDisposable {
  const records = store.database('journal.records');
  const heads = store.database('journal.heads');
  const seen = store.database('journal.seen');
  const positions = store.database('journal.positions');
  const holders = openHolders(store);
  const wakesByStream = new Map<string, Set<() => void>>();
  const wakeAll = (stream: string): void => {
    for (const wake of [...(wakesByStream.get(stream) ?? [])]) wake();
  };
  const parking = openParking({ store, clock, wake: wakeAll });
  /** Settled whenever a consumer of this process has moved on. */
  let moved = Promise.withResolvers<void>();
  const tellMoved = (): void => {
    moved.resolve();
    moved = Promise.withResolvers();
  };
  const consumers = new Set<Consumer>();

  const headOf = (key: [string] | [string, string]): number => Number(heads.get(key) ?? 0);
  const bucketNow = (): number => Math.floor(clock.nowMs() / JOURNAL_DEDUPE_WINDOW_MS);

  function seenSeq(bucket: number, stream: string, subject: string, messageId: string): number | undefined {
    const key = [stream, subject, messageId];
    const seq = seen.get([bucket, ...key]) ?? seen.get([bucket - 1, ...key]);
    return seq === undefined ? undefined : Number(seq);
  }

  function appendNow(stream: string, subject: string, json: string, options: AppendOptions): number {
    const { expectedSeq, messageId } = options;
    const bucket = bucketNow();
    if (messageId !== undefined) {
      const first = seenSeq(bucket, stream, subject, messageId);
      if (first !== undefined) return first;
    }
    const previousSeq = headOf([stream, subject]);
    if (expectedSeq !== undefined && expectedSeq !== previousSeq) {
      throw new StaleWriteError('STALE_WRITE', 'Someone else has written this subject. Read it again.', {
        stream,
        subject,
        expectedSeq,
        lastSeq: previousSeq,
      });
    }
    const seq = headOf([stream]) + 1;
    const last = String(seq);
    records.putSync([stream, seq], `[${JSON.stringify(subject)},${previousSeq},${clock.nowMs()},${json}]`);
    heads.putSync([stream], last);
    heads.putSync([stream, subject], last);
    if (messageId !== undefined) seen.putSync([bucket, stream, subject, messageId], last);
    return seq;
  }

  function recordAt(stream: string, seq: number): { record: JournalRecord; previousSeq: number } | undefined {
    const text = records.get([stream, seq]);
    if (text === undefined) return undefined;
    const [subject, previousSeq, atMs, data] = JSON.parse(text) as Stored;
    return { record: { stream, subject, seq, atMs, data }, previousSeq };
  }

  const positionOf = (stream: string, consumer: string): number =>
    Number(positions.get([stream, consumer]) ?? 0);

  function after(stream: string, seq: number, limit: number): JournalRecord[] {
    const batch: JournalRecord[] = [];
    const range = { start: [stream, seq + 1], end: [stream, Number.MAX_SAFE_INTEGER], limit };
    for (const { key, value } of records.getRange(range)) {
      const [subject, , atMs, data] = JSON.parse(value) as Stored;
      batch.push({ stream, subject, seq: (key as [string, number])[1], atMs, data });
    }
    return batch;
  }

  function headSeq(stream: string): number {
    store.refresh();
    return headOf([stream]);
  }

  function onAppend(stream: string, wake: () => void): () => void {
    const wakes = wakesByStream.get(stream) ?? new Set();
    wakesByStream.set(stream, wakes.add(wake));
    return () => wakes.delete(wake);
  }

  function readerOf(stream: string, consumer: string): StreamReader {
    const holding = holders.holding(stream, consumer);
    const moveNow = (seq: number): void => {
      if (holding.isOurs() && seq > positionOf(stream, consumer)) {
        positions.putSync([stream, consumer], String(seq));
      }
    };
    return {
      claim: () =>
        holding.claim(() => {
          // Tells a consumer that has handled nothing yet from one that has never run.
          if (!positions.doesExist([stream, consumer])) positions.putSync([stream, consumer], '0');
        }),
      position: () => positionOf(stream, consumer),
      async moveTo(seq) {
        await store.write(() => moveNow(seq));
        tellMoved();
      },
      async park(record, error) {
        await store.write(() => {
          parking.putNow(consumer, record, error);
          moveNow(record.seq);
        });
        tellMoved();
      },
      replays: () => parking.asked(stream, consumer),
      replayed: (record, error) => parking.replayed(record, error),
      async release() {
        await holding.release();
        wakeAll(stream);
      },
      moved: () => moved.promise,
      headSeq: () => headSeq(stream),
      after: (seq, limit) => after(stream, seq, limit),
      onAppend: (wake) => onAppend(stream, wake),
    };
  }

  async function sweepSeen(): Promise<boolean> {
    const range = { end: [bucketNow() - 1], limit: STORE_SWEEP_ROWS_MAX };
    const old = [...seen.getKeys(range)];
    if (old.length === 0) return false;
    await store.write(() => {
      for (const key of old) seen.removeSync(key);
    });
    return old.length === STORE_SWEEP_ROWS_MAX;
  }
  const sweeper = startSweeper(clock, sweepSeen);

  return {
    async append(stream, subject, data, options = {}) {
      const json = encodeRecord(data);
      assertKeyFits([0, stream, subject, options.messageId ?? '']);
      const end = appendSeconds.startTimer({ stream });
      const seq = await store.write(() => appendNow(stream, subject, json, options));
      end();
      wakeAll(stream);
      return seq;
    },
    async read(stream, subject, afterSeq = 0, last = Number.POSITIVE_INFINITY) {
      const found: JournalRecord[] = [];
      let seq = headOf([stream, subject]);
      while (seq > afterSeq && found.length < last) {
        const at = recordAt(stream, seq);
        if (!at) throw new Error(`journal: ${stream} ${seq} is missing from the chain of ${subject}`);
        found.push(at.record);
        seq = at.previousSeq;
      }
      return found.reverse();
    },
    async lastSeq(stream, subject) {
      return headOf([stream, subject]);
    },
    async consume(options: ConsumeOptions) {
      const { stream, consumer: name, position } = options;
      assertKeyFits([stream, name]);
      const reader = readerOf(stream, name);
      const consumer = await startConsumer(
        position === 'from-now' ? passingReader(reader) : reader,
        clock,
        options,
      );
      const tracked: Consumer = {
        caughtUp: () => consumer.caughtUp(),
        async [Symbol.asyncDispose]() {
          consumers.delete(tracked);
          await consumer[Symbol.asyncDispose]();
        },
      };
      consumers.add(tracked);
      return tracked;
    },
    async caughtUp(stream, consumer) {
      store.refresh();
      if (!positions.doesExist([stream, consumer])) throw unknownError(consumer);
      const progress = {
        shards: [0],
        head: async () => headSeq(stream),
        async handled() {
          store.refresh();
          return positionOf(stream, consumer);
        },
        moved: () => moved.promise,
      };
      await waitUntilCaughtUp(progress, clock);
    },
    parked: async (stream) => parking.list(stream),
    replayParked: (key) => parking.replay(key),
    async erase(stream, subject) {
      await store.write(() => {
        parking.eraseNow(stream, subject);
        let seq = headOf([stream, subject]);
        while (seq > 0) {
          const previousSeq = recordAt(stream, seq)?.previousSeq ?? 0;
          records.removeSync([stream, seq]);
          seq = previousSeq;
        }
        heads.removeSync([stream, subject]);
      });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...consumers].map((consumer) => consumer[Symbol.asyncDispose]()));
      await sweeper[Symbol.asyncDispose]();
    },
  };
}
