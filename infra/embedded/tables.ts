/**
 * Tables on LMDB.
 *
 * `rows`     [table, partition, ...clustering]            -> [version, expiresAtMs or 0, row]
 * `expiries` [expiresAtMs, table, partition, ...clustering] -> nothing; read by the sweep only
 *
 * Text orders by its UTF-8 bytes and numbers by value, as in Cassandra. An expired row is absent from the
 * moment it expires; the sweep only gives its space back.
 */
import { keyValueToBuffer } from 'lmdb';
import { STORE_SWEEP_ROWS_MAX } from '../../config/engine-limits.ts';
import { TABLE_PAGE_ROWS_MAX } from '../../config/limits.ts';
import type {
  Cas,
  ClusteringKey,
  Op,
  Page,
  PutOptions,
  ScanOptions,
  Table,
  TableSpec,
  Tables,
  Versioned,
} from '../../kit/ports/tables.ts';
import type { Clock } from '../../kit/sources.ts';
import {
  assertWrittenAs,
  checkBatch,
  checkKey,
  checkLimit,
  columnTypes,
  encodeRow,
} from '../tables/check.ts';
import { cursorOf, keyAfterCursor } from '../tables/cursor.ts';
import type { Store, TextDatabase } from './store.ts';
import { startSweeper } from './sweeper.ts';

declare module 'lmdb' {
  /** Exported and documented, but missing from the package's types. */
  export function keyValueToBuffer(key: Key): Buffer;
}

type RowKey = (string | number)[];
type StoredRow<R> = [version: number, expiresAtMs: number, row: R];
/** The second part of a stored row, without parsing the third. */
const EXPIRY = /^\[\d+,(\d+),/;

interface Engine {
  readonly store: Store;
  readonly rows: TextDatabase;
  readonly expiries: TextDatabase;
  readonly clock: Clock;
}

export function openTables(store: Store, clock: Clock): Tables & AsyncDisposable {
  const engine: Engine = {
    store,
    clock,
    rows: store.database('tables.rows'),
    expiries: store.database('tables.expiries'),
  };
  const sweeper = startSweeper(clock, () => sweepExpired(engine));
  return {
    open: (spec) => openTable(engine, spec),
    [Symbol.asyncDispose]: () => sweeper[Symbol.asyncDispose](),
  };
}

function openTable<CK extends ClusteringKey, R>(engine: Engine, spec: TableSpec<CK, R>): Table<CK, R> {
  const { store, rows, expiries, clock } = engine;
  const types = columnTypes(spec);
  const encode = (row: R): string => encodeRow(spec.name, row);
  const conditional = (): void => assertWrittenAs(spec, 'conditional');
  const plain = (): void => assertWrittenAs(spec, 'plain');

  function keyOf(pk: string, ck: Partial<CK>, whole = true): RowKey {
    const parts = ck as unknown as ClusteringKey;
    checkKey(spec.name, types, pk, parts, whole);
    // Of the two zeros there is one here.
    return [spec.name, pk, ...parts.map((part) => (part === 0 ? 0 : part))];
  }

  function live(key: RowKey): StoredRow<R> | undefined {
    const text = rows.get(key);
    return text === undefined ? undefined : unexpired(text);
  }
  function unexpired(text: string): StoredRow<R> | undefined {
    const stored = JSON.parse(text) as StoredRow<R>;
    return stored[1] !== 0 && stored[1] <= clock.nowMs() ? undefined : stored;
  }
  const versioned = (stored: StoredRow<R>): Versioned<R> => ({ row: stored[2], version: stored[0] });

  function expiryOf({ ttlSec }: PutOptions): number {
    return ttlSec === undefined ? 0 : clock.nowMs() + ttlSec * 1000;
  }
  /** An expiry names its row, so it goes with it: what is deleted leaves nothing behind. */
  function removeExpiry(key: RowKey): void {
    const expiresAtMs = Number(EXPIRY.exec(rows.get(key) ?? '')?.[1] ?? 0);
    if (expiresAtMs !== 0) expiries.removeSync([expiresAtMs, ...key]);
  }
  function removeNow(key: RowKey): void {
    removeExpiry(key);
    rows.removeSync(key);
  }
  function putNow(key: RowKey, version: number, expiresAtMs: number, json: string): void {
    removeExpiry(key);
    rows.putSync(key, `[${version},${expiresAtMs},${json}]`);
    if (expiresAtMs !== 0) expiries.putSync([expiresAtMs, ...key], '');
  }
  function rejected(stored: StoredRow<R> | undefined): Cas<R> {
    return stored ? { s: 'rejected', current: versioned(stored) } : { s: 'rejected' };
  }

  /** Any key of the range lies in [low, high). */
  function rangeOf(pk: string, options: ScanOptions<CK>): { low: Buffer; high: Buffer } {
    const low = keyValueToBuffer(keyOf(pk, options.from ?? ([] as unknown as Partial<CK>), false));
    if (options.to) return { low, high: keyValueToBuffer(keyOf(pk, options.to, false)) };
    // Parts are joined by a zero byte, so the partition ends before its own key followed by a one.
    return { low, high: Buffer.concat([keyValueToBuffer(keyOf(pk, [] as never, false)), Buffer.of(1)]) };
  }

  function scanNow(pk: string, options: ScanOptions<CK>): Page<CK, R> {
    const { low, high } = rangeOf(pk, options);
    const limit = Math.min(options.limit, TABLE_PAGE_ROWS_MAX);
    const after = options.cursor === undefined ? undefined : keyAfterCursor(options.cursor, types);
    const afterKey = after && keyValueToBuffer(keyOf(pk, after as unknown as CK));
    const range = options.desc
      ? { start: afterKey ?? high, exclusiveStart: true, end: low, inclusiveEnd: true, reverse: true }
      : { start: afterKey ?? low, exclusiveStart: afterKey !== undefined, end: high };

    const page: { ck: CK; row: R }[] = [];
    if (Buffer.compare(low, high) >= 0) return { rows: page };
    for (const { key, value } of rows.getRange(range)) {
      const stored = unexpired(value);
      if (!stored) continue;
      const last = page.at(-1);
      if (last && page.length >= limit) return { rows: page, cursor: cursorOf(last.ck) };
      page.push({ ck: (key as RowKey).slice(2) as unknown as CK, row: stored[2] });
    }
    return { rows: page };
  }

  return {
    async get(pk, ck) {
      return live(keyOf(pk, ck))?.[2];
    },
    async getMany(keys) {
      return keys.map(([pk, ck]) => live(keyOf(pk, ck))?.[2]);
    },
    async getVersioned(pk, ck) {
      conditional();
      const stored = live(keyOf(pk, ck));
      return stored && versioned(stored);
    },
    async put(pk, ck, row, options = {}) {
      plain();
      const key = keyOf(pk, ck);
      const json = encode(row);
      await store.write(() => putNow(key, 1, expiryOf(options), json));
    },
    async insertIfAbsent(pk, ck, row, options = {}) {
      conditional();
      const key = keyOf(pk, ck);
      const json = encode(row);
      return store.write((): Cas<R> => {
        const current = live(key);
        if (current) return rejected(current);
        putNow(key, 1, expiryOf(options), json);
        return { s: 'applied', version: 1 };
      });
    },
    async compareAndSet(pk, ck, expectedVersion, row) {
      conditional();
      const key = keyOf(pk, ck);
      const json = encode(row);
      return store.write((): Cas<R> => {
        const current = live(key);
        if (current?.[0] !== expectedVersion) return rejected(current);
        putNow(key, expectedVersion + 1, 0, json);
        return { s: 'applied', version: expectedVersion + 1 };
      });
    },
    async delete(pk, ck) {
      const key = keyOf(pk, ck);
      await store.write(() => removeNow(key));
    },
    async scan(pk, options) {
      checkLimit(options.limit);
      return scanNow(pk, options);
    },
    async batch(pk, ops) {
      // Everything that can fail comes before the first put.
      checkBatch(spec.name, ops);
      const steps = ops.map((op) => stepOf(pk, op));
      await store.write(() => {
        for (const step of steps) step();
      });
    },
  };

  function stepOf(pk: string, op: Op<CK, R>): () => void {
    if ('delete' in op) {
      const key = keyOf(pk, op.delete);
      return () => removeNow(key);
    }
    plain();
    const key = keyOf(pk, op.ck);
    const json = encode(op.put);
    return () => putNow(key, 1, expiryOf(op), json);
  }
}

async function sweepExpired({ store, rows, expiries, clock }: Engine): Promise<boolean> {
  const nowMs = clock.nowMs();
  const due = [...expiries.getKeys({ end: [nowMs + 1], limit: STORE_SWEEP_ROWS_MAX })] as RowKey[];
  if (due.length === 0) return false;
  await store.write(() => {
    for (const expiry of due) {
      const key = expiry.slice(1);
      const text = rows.get(key);
      const expiresAtMs = text === undefined ? 0 : (JSON.parse(text) as StoredRow<unknown>)[1];
      // The row may have been written anew with a later expiry, or none.
      if (expiresAtMs !== 0 && expiresAtMs <= nowMs) rows.removeSync(key);
      expiries.removeSync(expiry);
    }
  });
  return due.length === STORE_SWEEP_ROWS_MAX;
}
