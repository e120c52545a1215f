/** Journal and tables as one process sees them: far away, slow, and at times not sure what they did. */
import { UnavailableError } from '../errors.ts';
import type { ConsumeOptions, Consumer, Journal } from '../ports/journal.ts';
import type { Table } from '../ports/tables.ts';
import { clone, type Records } from './records.ts';

export type Rows<R> = Pick<Table<readonly [], R>, 'get' | 'put' | 'delete'>;

/** Does `run` in the store and tells the process, with every fault that may befall a call. */
export type StoreCall = <T>(what: string, run: () => T) => Promise<T>;

export interface StoreContent {
  readonly records: Records;
  readonly rows: Map<string, unknown>;
  /** `stream/consumer` to the last `seq` handled. */
  readonly positions: Map<string, number>;
  /** Called at each append. */
  readonly onAppend: Set<() => void>;
}

export interface StoreDeps {
  readonly content: StoreContent;
  readonly call: StoreCall;
  readonly redelivered: () => boolean;
  /** Resolves in the process at the next append of anyone. */
  readonly appended: () => Promise<void>;
  readonly sleep: (ms: number) => Promise<void>;
}

const BATCH_MAX = 16;
const RETRY_AFTER_MS = 100;
const LOOK_AGAIN_AFTER_MS = 50;
const RETRY_AFTER_MS_MAX = 5000;

export const storeAway = () => new UnavailableError('STORE_AWAY', 'The store does not answer; try again.');

export function journalFor({ content, call, redelivered, appended, sleep }: StoreDeps): Journal {
  const { records, positions, onAppend } = content;

  async function consume({
    stream,
    consumer,
    batchMax = BATCH_MAX,
    handle,
  }: ConsumeOptions): Promise<Consumer> {
    const key = `${stream}/${consumer}`;
    const position = () => positions.get(key) ?? 0;
    let closed = false;

    async function handleNext(): Promise<void> {
      // Listening before looking, so that nothing that is appended in between goes unseen.
      const more = appended();
      const batch = await call(`${key} fetch`, () => records.after(stream, position(), batchMax));
      const last = batch.at(-1);
      if (!last) return more;
      await handle(batch);
      if (redelivered()) return;
      await call(`${key} at ${last.seq}`, () => positions.set(key, Math.max(position(), last.seq)));
    }

    async function pump(): Promise<void> {
      let pauseMs = RETRY_AFTER_MS;
      while (!closed) {
        try {
          await handleNext();
          pauseMs = RETRY_AFTER_MS;
        } catch {
          await sleep(pauseMs);
          pauseMs = Math.min(2 * pauseMs, RETRY_AFTER_MS_MAX);
        }
      }
    }
    void pump();

    return {
      async caughtUp() {
        const target = await call(`${key} last`, () => records.after(stream, 0, Infinity).at(-1)?.seq ?? 0);
        while (position() < target) await sleep(LOOK_AGAIN_AFTER_MS);
      },
      async [Symbol.asyncDispose]() {
        closed = true;
      },
    };
  }

  return {
    append(stream, subject, data, options) {
      const copy = clone(data);
      return call(`append ${subject} after ${options?.expectedSeq ?? 'any'} ${JSON.stringify(copy)}`, () => {
        const seq = records.append(stream, subject, copy, options);
        for (const wake of [...onAppend]) wake();
        return seq;
      });
    },
    read: (stream, subject, afterSeq = 0, last) =>
      call(`read ${subject} >${afterSeq}`, () => records.read(stream, subject, afterSeq, last)),
    lastSeq: (stream, subject) => call(`last ${subject}`, () => records.lastSeq(stream, subject)),
    erase: (stream, subject) => call(`erase ${subject}`, () => records.erase(stream, subject)),
    consume,
  };
}

export function rowsFor<R>(
  table: string,
  { content: { rows }, call }: Pick<StoreDeps, 'content' | 'call'>,
): Rows<R> {
  const keyOf = (pk: string) => `${table}/${pk}`;
  return {
    get: (pk) => call(`get ${keyOf(pk)}`, () => clone(rows.get(keyOf(pk))) as R | undefined),
    async put(pk, _ck, row) {
      const copy = clone(row);
      await call(`put ${keyOf(pk)}`, () => rows.set(keyOf(pk), copy));
    },
    async delete(pk) {
      await call(`delete ${keyOf(pk)}`, () => rows.delete(keyOf(pk)));
    },
  };
}
