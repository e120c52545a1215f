/** Engines in memory, a clock that a test moves, and a process that dies at a chosen write. */
import { StaleWriteError } from '../../../kit/errors.ts';
import type { Cache } from '../../../kit/ports/cache.ts';
import type { ConsumeOptions, Journal, JournalRecord } from '../../../kit/ports/journal.ts';
import type { ClusteringKey, Table, TableSpec, Tables } from '../../../kit/ports/tables.ts';
import { type Clock, idFrom, type Sources } from '../../../kit/sources.ts';

export interface TestClock extends Clock {
  advance(ms: number): void;
}

export function testClock(startMs = Date.UTC(2026, 0, 1)): TestClock {
  let nowMs = startMs;
  return {
    nowMs: () => nowMs,
    after: () => ({ cancel: () => undefined }),
    advance: (ms) => {
      nowMs += ms;
    },
  };
}

export function testSources(clock: TestClock): Sources {
  let count = 0;
  const entropy = () => new Uint8Array([0, 0, 0, 0, 0, 0, 0, count >> 16, count >> 8, count++ & 255]);
  return { clock, random: { next: () => 0.5 }, ids: { next: () => idFrom(clock.nowMs(), entropy()) } };
}

interface Stored {
  readonly ck: ClusteringKey;
  row: unknown;
  version: number;
}

const compareKeys = (a: ClusteringKey, b: ClusteringKey): number => {
  for (const [i, left] of a.entries()) {
    const right = b[i];
    if (right === undefined || left === right) continue;
    return left < right ? -1 : 1;
  }
  return 0;
};

export interface MemoryTables extends Tables {
  /** Everything that is stored, as text: what a thief of the database reads. */
  dump(): string;
}

export function memoryTables(): MemoryTables {
  const all = new Map<string, Map<string, Stored[]>>();
  const partitionOf = (name: string, pk: string): Stored[] => {
    const partitions = all.get(name) ?? new Map<string, Stored[]>();
    all.set(name, partitions);
    const rows = partitions.get(pk) ?? [];
    partitions.set(pk, rows);
    return rows;
  };

  function open<CK extends ClusteringKey, R>({ name }: TableSpec<CK, R>): Table<CK, R> {
    const find = (pk: string, ck: CK) =>
      partitionOf(name, pk).find((stored) => compareKeys(stored.ck, ck) === 0);
    const remove = (pk: string, ck: CK) => {
      const rows = partitionOf(name, pk);
      const at = rows.findIndex((stored) => compareKeys(stored.ck, ck) === 0);
      if (at >= 0) rows.splice(at, 1);
    };
    const insert = (pk: string, ck: CK, row: R) => {
      partitionOf(name, pk).push({ ck, row: structuredClone(row), version: 1 });
      partitionOf(name, pk).sort((a, b) => compareKeys(a.ck, b.ck));
    };
    const current = (stored: Stored) => ({
      row: structuredClone(stored.row) as R,
      version: stored.version,
    });
    const unused = async (): Promise<never> => {
      throw new Error('accounts do not use this');
    };
    return {
      get: async (pk, ck) => structuredClone(find(pk, ck)?.row) as R | undefined,
      getMany: async (keys) => keys.map(([pk, ck]) => structuredClone(find(pk, ck)?.row) as R | undefined),
      async getVersioned(pk, ck) {
        const stored = find(pk, ck);
        return stored && current(stored);
      },
      async insertIfAbsent(pk, ck, row) {
        const stored = find(pk, ck);
        if (stored) return { s: 'rejected', current: current(stored) };
        insert(pk, ck, row);
        return { s: 'applied', version: 1 };
      },
      async compareAndSet(pk, ck, expectedVersion, row) {
        const stored = find(pk, ck);
        if (!stored) return { s: 'rejected' };
        if (stored.version !== expectedVersion) return { s: 'rejected', current: current(stored) };
        stored.row = structuredClone(row);
        stored.version++;
        return { s: 'applied', version: stored.version };
      },
      delete: async (pk, ck) => remove(pk, ck),
      async scan(pk, { from, limit }) {
        const rows = partitionOf(name, pk)
          .filter((stored) => !from || compareKeys(stored.ck, from as ClusteringKey) >= 0)
          .slice(0, limit);
        return { rows: rows.map(({ ck, row }) => ({ ck: ck as CK, row: structuredClone(row) as R })) };
      },
      put: unused,
      batch: unused,
    };
  }
  return {
    open,
    dump: () =>
      JSON.stringify(
        [...all].map(([name, partitions]) => [name, [...partitions].filter(([, rows]) => rows.length > 0)]),
      ),
  };
}

export interface MemoryJournal extends Journal {
  readonly records: readonly JournalRecord[];
}

export function memoryJournal(clock: Clock): MemoryJournal {
  const records: JournalRecord[] = [];
  const positions = new Map<string, number>();
  const lastSeqOf = (subject: string) => records.findLast((record) => record.subject === subject)?.seq ?? 0;
  const seqByMessageId = new Map<string, number>();

  async function consume({ consumer, handle }: ConsumeOptions) {
    const handleNew = async () => {
      const due = records.slice(positions.get(consumer) ?? 0);
      if (due.length > 0) await handle(due);
      positions.set(consumer, (positions.get(consumer) ?? 0) + due.length);
    };
    await handleNew();
    return { caughtUp: handleNew, [Symbol.asyncDispose]: async () => undefined };
  }
  return {
    records,
    async append(stream, subject, data, { expectedSeq, messageId } = {}) {
      const known = messageId === undefined ? undefined : seqByMessageId.get(messageId);
      if (known) return known;
      if (expectedSeq !== undefined && expectedSeq !== lastSeqOf(subject)) {
        throw new StaleWriteError('STALE_WRITE', 'stale', { lastSeq: lastSeqOf(subject) });
      }
      const seq = records.length + 1;
      records.push({ stream, subject, seq, atMs: clock.nowMs(), data: structuredClone(data) });
      if (messageId !== undefined) seqByMessageId.set(messageId, seq);
      return seq;
    },
    read: async (_stream, subject, afterSeq = 0) =>
      records.filter((record) => record.subject === subject && record.seq > afterSeq),
    lastSeq: async (_stream, subject) => lastSeqOf(subject),
    consume,
    erase: async () => undefined,
  };
}

export function memoryCache(clock: Clock): Cache {
  const values = new Map<string, { value: unknown; untilMs: number }>();
  const taken = new Map<string, number[]>();
  const unused = async (): Promise<never> => {
    throw new Error('accounts do not use this');
  };
  return {
    async get<T>(key: string) {
      const found = values.get(key);
      return found && clock.nowMs() < found.untilMs ? (found.value as T) : undefined;
    },
    async set(key, value, ttlMs) {
      values.set(key, { value, untilMs: clock.nowMs() + ttlMs });
    },
    async delete(key) {
      values.delete(key);
    },
    async take(key, limit, windowMs) {
      const recent = (taken.get(key) ?? []).filter((atMs) => atMs > clock.nowMs() - windowMs);
      const allowed = recent.length < limit;
      if (allowed) recent.push(clock.nowMs());
      taken.set(key, recent);
      const retryAfterMs = allowed ? 0 : (recent[0] ?? 0) + windowMs - clock.nowMs();
      return { allowed, remaining: limit - recent.length, retryAfterMs };
    },
    join: unused,
    leave: unused,
    members: unused,
  };
}

export class CrashError extends Error {}

/** The same engines as seen by a process that dies at its n-th write, just before or just after it. */
export function dyingAt(
  engines: { tables: Tables; journal: Journal },
  write: number,
  moment: 'before' | 'after',
): { tables: Tables; journal: Journal; readonly died: () => boolean } {
  let writes = 0;
  const writing = async <T>(work: () => Promise<T>): Promise<T> => {
    writes++;
    if (writes > write || (writes === write && moment === 'before')) throw new CrashError();
    const result = await work();
    if (writes === write) throw new CrashError();
    return result;
  };
  const reading = <T>(work: () => Promise<T>): Promise<T> =>
    writes > write || (writes === write && moment === 'before') ? Promise.reject(new CrashError()) : work();
  const tables: Tables = {
    open(spec) {
      const table = engines.tables.open(spec);
      return {
        ...table,
        get: (...args) => reading(() => table.get(...args)),
        getVersioned: (...args) => reading(() => table.getVersioned(...args)),
        insertIfAbsent: (...args) => writing(() => table.insertIfAbsent(...args)),
        compareAndSet: (...args) => writing(() => table.compareAndSet(...args)),
        delete: (...args) => writing(() => table.delete(...args)),
      };
    },
  };
  const journal: Journal = {
    ...engines.journal,
    append: (...args) => writing(() => engines.journal.append(...args)),
  };
  return { tables, journal, died: () => writes >= write };
}
