/** Journal and tables as one process sees them: far away, slow, and at times not sure what they did. */
import { NotFoundError, UnavailableError } from '../errors.ts';
import type { ConsumeOptions, Consumer, Journal } from '../ports/journal.ts';
import type { Table } from '../ports/tables.ts';
import { clone, type Records } from './records.ts';
import type { TablesContent } from './tables.ts';

export type Rows<R> = Pick<Table<readonly [], R>, 'get' | 'put' | 'delete'>;

/** Does `run` in the store and tells the process, with every fault that may befall a call. */
export type StoreCall = <T>(what: string, run: () => T) => Promise<T>;

export interface StoreContent {
  readonly records: Records;
  readonly rows: Map<string, unknown>;
  readonly tables: TablesContent;
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

/**
 * Processes that run one durable consumer all handle what lies behind its position, at times the same records
 * at once: as the seconds of a takeover, all the time.
 */
export function journalFor({ content, call, redelivered, appended, sleep }: StoreDeps): Journal {
  const { records, positions, onAppend } = content;
  const lastOf = (stream: string): number => records.after(stream, 0, Infinity).at(-1)?.seq ?? 0;

  async function consume({
    stream,
    consumer,
    position: from = 'kept',
    batchMax = BATCH_MAX,
    handle,
  }: ConsumeOptions): Promise<Consumer> {
    const key = `${stream}/${consumer}`;
    let closed = false;
    let passingSeq = from === 'kept' ? 0 : await call(`${key} from now`, () => lastOf(stream));
    const position = () => (from === 'kept' ? (positions.get(key) ?? 0) : passingSeq);
    const moveTo = async (seq: number): Promise<void> => {
      if (from === 'kept')
        await call(`${key} at ${seq}`, () => positions.set(key, Math.max(position(), seq)));
      else passingSeq = seq;
    };
    if (from === 'kept') positions.set(key, position());

    async function handleNext(): Promise<void> {
      // Listening before looking, so that nothing that is appended in between goes unseen.
      const more = appended();
      const batch = await call(`${key} fetch`, () => records.after(stream, position(), batchMax));
      const last = batch.at(-1);
      if (!last) return more;
      await handle(batch);
      if (redelivered()) return;
      await moveTo(last.seq);
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
        const target = await call(`${key} last`, () => lastOf(stream));
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
    async caughtUp(stream, consumer) {
      const key = `${stream}/${consumer}`;
      const target = await call(`${key} last`, () => {
        if (!positions.has(key)) throw new UnavailableError('CONSUMER_UNKNOWN', `${key} has never run.`);
        return lastOf(stream);
      });
      while ((positions.get(key) ?? 0) < target) await sleep(LOOK_AGAIN_AFTER_MS);
    },
    // A simulated consumer tries for ever: what would be parked fails the seed instead.
    parked: async () => [],
    async replayParked() {
      throw new NotFoundError('NOT_PARKED', 'Nothing is parked in a simulated journal.');
    },
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
