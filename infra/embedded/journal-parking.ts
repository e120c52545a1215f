/** Records that a consumer could not handle, in the same store as the journal. */
import { CONSUMER_POLL_MS, PARKED_SHOWN_MAX } from '../../config/limits.ts';
import { NotFoundError } from '../../kit/errors.ts';
import type { JournalRecord, ParkedKey, ParkedRecord } from '../../kit/ports/journal.ts';
import type { Clock } from '../../kit/sources.ts';
import { awayError, waitUntilMs } from '../journal/caught-up.ts';
import type { Store } from './store.ts';

/** `again`: an operator wants it to be tried again. */
type Stored = ParkedRecord & { readonly again?: true };

export interface ParkingDeps {
  readonly store: Store;
  readonly clock: Clock;
  /** Tells the consumers of a stream in this process that there is something to do. */
  readonly wake: (stream: string) => void;
}

const LAST = Number.MAX_SAFE_INTEGER;

export function openParking({ store, clock, wake }: ParkingDeps) {
  const rows = store.database('journal.parked');
  const keyOf = ({ stream, consumer, seq }: ParkedKey) => [stream, consumer, seq];

  const valuesOf = (range: object): Stored[] =>
    [...rows.getRange(range)].map(({ value }) => JSON.parse(value) as Stored);

  function find(key: ParkedKey): Stored | undefined {
    store.refresh();
    const text = rows.get(keyOf(key));
    return text === undefined ? undefined : (JSON.parse(text) as Stored);
  }

  /** Inside a transaction. */
  function putNow(consumer: string, record: JournalRecord, error: string): void {
    const parked: ParkedRecord = { ...record, consumer, parkedAtMs: clock.nowMs(), error };
    rows.putSync(keyOf(parked), JSON.stringify(parked));
  }

  return {
    putNow,
    /** Inside a transaction. */
    eraseNow(stream: string, subject: string): void {
      for (const parked of valuesOf({ start: [stream], end: [stream, '\uffff'] })) {
        if (parked.subject === subject) rows.removeSync(keyOf(parked));
      }
    },
    list(stream?: string): ParkedRecord[] {
      store.refresh();
      const range = stream === undefined ? {} : { start: [stream], end: [stream, '\uffff'] };
      return valuesOf({ ...range, limit: PARKED_SHOWN_MAX })
        .map(({ again: _again, ...parked }) => parked)
        .sort((a, b) => a.atMs - b.atMs || a.seq - b.seq);
    },
    /** Those of a consumer that are to be tried again. */
    asked: (stream: string, consumer: string): ParkedRecord[] =>
      valuesOf({ start: [stream, consumer], end: [stream, consumer, LAST] }).filter(({ again }) => again),
    /** After the new attempt: gone, or parked again for `error`. */
    async replayed({ consumer, ...rest }: ParkedRecord, error?: string): Promise<void> {
      const { parkedAtMs: _parkedAtMs, error: _error, ...parked } = rest as Stored;
      const { again: _again, ...record } = parked as Stored;
      await store.write(() => {
        if (error === undefined) rows.removeSync(keyOf({ ...record, consumer }));
        else putNow(consumer, record, error);
      });
    },
    async replay(key: ParkedKey): Promise<void> {
      await store.write(() => {
        const found = find(key);
        if (found?.subject !== key.subject) {
          throw new NotFoundError('NOT_PARKED', `Nothing is parked of ${key.subject} at ${key.seq}.`);
        }
        rows.putSync(keyOf(key), JSON.stringify({ ...found, again: true }));
      });
      wake(key.stream);
      const untilMs = waitUntilMs(clock);
      while (find(key)?.again) {
        if (clock.nowMs() >= untilMs) {
          throw awayError(key.consumer);
        }
        await new Promise<void>((resolve) => void clock.after(CONSUMER_POLL_MS, resolve));
      }
    },
  };
}
