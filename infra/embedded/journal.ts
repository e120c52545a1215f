/**
 * The journal on LMDB.
 *
 * `records`   [stream, seq]                 -> [subject, previous seq of the subject, atMs, data]
 * `heads`     [stream] and [stream, subject] -> last seq
 * `seen`      [bucket, stream, messageId]    -> seq; one bucket a dedupe window, swept when two windows old
 * `positions` [stream, consumer]             -> seq up to which the consumer has handled
 *
 * A subject's records form a chain through `previous`, so an append touches the right edge of one tree and
 * one head instead of a second index, and a tail after a snapshot is read in as many steps as it has records.
 */
import {
  JOURNAL_DEDUPE_WINDOW_MS,
  JOURNAL_RECORD_BYTES_MAX,
  STORE_SWEEP_ROWS_MAX,
} from '../../config/limits.ts';
import { BadRequestError, StaleWriteError, TooLargeError } from '../../kit/errors.ts';
import type {
  AppendOptions,
  ConsumeOptions,
  Consumer,
  Journal,
  JournalRecord,
} from '../../kit/ports/journal.ts';
import type { Clock } from '../../kit/sources.ts';
import { assertKeyFits } from '../tables/check.ts';
import { type StreamReader, startConsumer } from './journal-consumer.ts';
import type { Store } from './store.ts';
import { startSweeper } from './sweeper.ts';

type Stored = [subject: string, previousSeq: number, atMs: number, data: unknown];

export function openJournal(store: Store, clock: Clock): Journal & AsyncDisposable {
  const records = store.database('journal.records');
  const heads = store.database('journal.heads');
  const seen = store.database('journal.seen');
  const positions = store.database('journal.positions');
  const wakesByStream = new Map<string, Set<() => void>>();
  const consumers = new Set<Consumer>();

  const headOf = (key: [string] | [string, string]): number => Number(heads.get(key) ?? 0);
  const bucketNow = (): number => Math.floor(clock.nowMs() / JOURNAL_DEDUPE_WINDOW_MS);

  function seenSeq(bucket: number, stream: string, messageId: string): number | undefined {
    const seq = seen.get([bucket, stream, messageId]) ?? seen.get([bucket - 1, stream, messageId]);
    return seq === undefined ? undefined : Number(seq);
  }

  function appendNow(stream: string, subject: string, json: string, options: AppendOptions): number {
    const { expectedSeq, messageId } = options;
    const bucket = bucketNow();
    if (messageId !== undefined) {
      const first = seenSeq(bucket, stream, messageId);
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
    if (messageId !== undefined) seen.putSync([bucket, stream, messageId], last);
    return seq;
  }

  function recordAt(stream: string, seq: number): { record: JournalRecord; previousSeq: number } | undefined {
    const text = records.get([stream, seq]);
    if (text === undefined) return undefined;
    const [subject, previousSeq, atMs, data] = JSON.parse(text) as Stored;
    return { record: { stream, subject, seq, atMs, data }, previousSeq };
  }

  const readerOf = (stream: string, consumer: string): StreamReader => ({
    position: () => Number(positions.get([stream, consumer]) ?? 0),
    async savePosition(seq) {
      await store.write(() => {
        // Another process may run the same consumer and be ahead.
        if (seq > Number(positions.get([stream, consumer]) ?? 0)) {
          positions.putSync([stream, consumer], String(seq));
        }
      });
    },
    headSeq() {
      store.refresh();
      return headOf([stream]);
    },
    after(seq, limit) {
      const batch: JournalRecord[] = [];
      const range = { start: [stream, seq + 1], end: [stream, Number.MAX_SAFE_INTEGER], limit };
      for (const { key, value } of records.getRange(range)) {
        const [subject, , atMs, data] = JSON.parse(value) as Stored;
        batch.push({ stream, subject, seq: (key as [string, number])[1], atMs, data });
      }
      return batch;
    },
    onAppend(wake) {
      const wakes = wakesByStream.get(stream) ?? new Set();
      wakesByStream.set(stream, wakes.add(wake));
      return () => wakes.delete(wake);
    },
  });

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
      const json = encode(data);
      assertKeyFits([0, stream, options.messageId ?? '']);
      assertKeyFits([stream, subject]);
      const seq = await store.write(() => appendNow(stream, subject, json, options));
      for (const wake of wakesByStream.get(stream) ?? []) wake();
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
      assertKeyFits([options.stream, options.consumer]);
      const consumer = startConsumer(readerOf(options.stream, options.consumer), clock, options);
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
    async erase(stream, subject) {
      await store.write(() => {
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

function encode(data: unknown): string {
  const json: string | undefined = JSON.stringify(data);
  if (json === undefined) throw new BadRequestError('BAD_RECORD', 'A journal record must be plain JSON.');
  const bytes = json.length * 3 <= JOURNAL_RECORD_BYTES_MAX ? 0 : Buffer.byteLength(json);
  if (bytes > JOURNAL_RECORD_BYTES_MAX) {
    throw new TooLargeError('RECORD_TOO_LARGE', `A journal record of ${bytes} bytes is too large.`, {
      bytes,
      bytesMax: JOURNAL_RECORD_BYTES_MAX,
    });
  }
  return json;
}
