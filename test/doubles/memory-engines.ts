/**
 * The smallest engines that keep the promises of the ports, for tests of actors. Everything that crosses a
 * port is cloned. `dieAfterWrites` makes the n-th durable write from now on, and all after it, fail: a crash.
 */
import { BadRequestError, NotFoundError, StaleWriteError } from '../../kit/errors.ts';
import type { Cache, WindowCount } from '../../kit/ports/cache.ts';
import type {
  AppendOptions,
  ConsumeOptions,
  Consumer,
  Journal,
  JournalRecord,
} from '../../kit/ports/journal.ts';
import type {
  CollectionSpec,
  SearchCollection,
  SearchDocument,
  SearchIndex,
} from '../../kit/ports/search-index.ts';
import type {
  Cas,
  ClusteringKey,
  Op,
  Page,
  ScanOptions,
  Table,
  TableSpec,
  Tables,
  Versioned,
} from '../../kit/ports/tables.ts';
import type { Topics } from '../../kit/ports/topics.ts';
import { type Clock, systemClock, systemIds } from '../../kit/sources.ts';

export class DeadProcess extends Error {
  override readonly name = 'DeadProcess';
}

/** Counts durable writes over all engines of one process. */
export class Disk {
  #left = Number.POSITIVE_INFINITY;
  dieAfterWrites(count: number): void {
    this.#left = count;
  }
  revive(): void {
    this.#left = Number.POSITIVE_INFINITY;
  }
  async write(): Promise<void> {
    await Promise.resolve();
    if (this.#left <= 0) throw new DeadProcess('the process is dead');
    this.#left -= 1;
  }
}

type Stored = { ck: ClusteringKey; row: unknown; version: number };

const compareKeys = (
  a: readonly (string | number | undefined)[],
  b: readonly (string | number | undefined)[],
) => {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = [a[i], b[i]];
    if (x === undefined || y === undefined || x === y) continue;
    return x < y ? -1 : 1;
  }
  return 0;
};

class MemoryTable<CK extends ClusteringKey, R> implements Table<CK, R> {
  readonly #disk: Disk;
  readonly #partitions: Map<string, Stored[]>;
  constructor(disk: Disk, partitions: Map<string, Stored[]>) {
    this.#disk = disk;
    this.#partitions = partitions;
  }

  #find(pk: string, ck: CK): Stored | undefined {
    return this.#partitions.get(pk)?.find((stored) => compareKeys(stored.ck, ck) === 0);
  }

  #set(pk: string, ck: CK, row: R): number {
    const found = this.#find(pk, ck);
    if (found) {
      found.row = structuredClone(row);
      found.version += 1;
      return found.version;
    }
    const partition = this.#partitions.get(pk) ?? [];
    partition.push({ ck, row: structuredClone(row), version: 1 });
    partition.sort((a, b) => compareKeys(a.ck, b.ck));
    this.#partitions.set(pk, partition);
    return 1;
  }

  #versioned(pk: string, ck: CK): Versioned<R> | undefined {
    const found = this.#find(pk, ck);
    return found && { row: structuredClone(found.row) as R, version: found.version };
  }

  #drop(pk: string, ck: CK): void {
    const left = this.#partitions.get(pk)?.filter((stored) => compareKeys(stored.ck, ck) !== 0) ?? [];
    this.#partitions.set(pk, left);
  }

  async get(pk: string, ck: CK): Promise<R | undefined> {
    await Promise.resolve();
    return structuredClone(this.#find(pk, ck)?.row) as R | undefined;
  }
  async getMany(keys: readonly (readonly [pk: string, ck: CK])[]): Promise<(R | undefined)[]> {
    return Promise.all(keys.map(([pk, ck]) => this.get(pk, ck)));
  }
  async getVersioned(pk: string, ck: CK): Promise<Versioned<R> | undefined> {
    await Promise.resolve();
    return this.#versioned(pk, ck);
  }
  async put(pk: string, ck: CK, row: R): Promise<void> {
    await this.#disk.write();
    this.#set(pk, ck, row);
  }
  async insertIfAbsent(pk: string, ck: CK, row: R): Promise<Cas<R>> {
    await this.#disk.write();
    const current = this.#versioned(pk, ck);
    return current ? { s: 'rejected', current } : { s: 'applied', version: this.#set(pk, ck, row) };
  }
  async compareAndSet(pk: string, ck: CK, expectedVersion: number, row: R): Promise<Cas<R>> {
    await this.#disk.write();
    const current = this.#versioned(pk, ck);
    if (current?.version === expectedVersion) return { s: 'applied', version: this.#set(pk, ck, row) };
    return { s: 'rejected', ...(current && { current }) };
  }
  async delete(pk: string, ck: CK): Promise<void> {
    await this.#disk.write();
    this.#drop(pk, ck);
  }
  async scan(pk: string, { from, to, desc, limit, cursor }: ScanOptions<CK>): Promise<Page<CK, R>> {
    await Promise.resolve();
    const skip = cursor === undefined ? 0 : Number(cursor);
    if (!Number.isInteger(skip)) throw new BadRequestError('BAD_CURSOR', 'not a cursor');
    const all = (this.#partitions.get(pk) ?? []).filter(
      ({ ck }) => (!from || compareKeys(ck, from) >= 0) && (!to || compareKeys(ck, to) < 0),
    );
    const rows = (desc ? all.toReversed() : all).slice(skip, skip + limit);
    return {
      rows: rows.map(({ ck, row }) => ({ ck: ck as CK, row: structuredClone(row) as R })),
      ...(skip + limit < all.length && { cursor: String(skip + limit) }),
    };
  }
  async batch(pk: string, ops: readonly Op<CK, R>[]): Promise<void> {
    await this.#disk.write();
    for (const op of ops) {
      if ('put' in op) this.#set(pk, op.ck, op.put);
      else this.#drop(pk, op.delete);
    }
  }
}

export class MemoryTables implements Tables {
  readonly #disk: Disk;
  readonly #content = new Map<string, Map<string, Stored[]>>();
  constructor(disk = new Disk()) {
    this.#disk = disk;
  }
  open<CK extends ClusteringKey, R>(spec: TableSpec<CK, R>): Table<CK, R> {
    const partitions = this.#content.get(spec.name) ?? new Map<string, Stored[]>();
    this.#content.set(spec.name, partitions);
    return new MemoryTable<CK, R>(this.#disk, partitions);
  }
  /** Every row of a table, for asserting what is left. */
  rowsOf(name: string): { pk: string; ck: ClusteringKey; row: unknown }[] {
    return [...(this.#content.get(name) ?? [])].flatMap(([pk, rows]) =>
      rows.map(({ ck, row }) => ({ pk, ck, row })),
    );
  }
}

export class MemoryJournal implements Journal {
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #streams = new Map<string, JournalRecord[]>();
  readonly #positions = new Map<string, number>();
  readonly #wakers = new Set<() => void>();
  #seq = 0;

  constructor(disk = new Disk(), clock = systemClock) {
    this.#disk = disk;
    this.#clock = clock;
  }
  async append(
    stream: string,
    subject: string,
    data: unknown,
    { expectedSeq }: AppendOptions = {},
  ): Promise<number> {
    await this.#disk.write();
    const lastSeq = this.#last(stream, subject);
    if (expectedSeq !== undefined && lastSeq !== expectedSeq) {
      throw new StaleWriteError('STALE', 'another writer was first', { lastSeq });
    }
    this.#seq += 1;
    const record = {
      stream,
      subject,
      seq: this.#seq,
      atMs: this.#clock.nowMs(),
      data: structuredClone(data),
    };
    this.#streams.set(stream, [...(this.#streams.get(stream) ?? []), record]);
    for (const wake of this.#wakers) wake();
    return this.#seq;
  }
  async read(
    stream: string,
    subject: string,
    afterSeq = 0,
    last = Number.POSITIVE_INFINITY,
  ): Promise<JournalRecord[]> {
    const all = this.#streams.get(stream) ?? [];
    const found = all.filter((record) => record.subject === subject && record.seq > afterSeq);
    return structuredClone(found.slice(Math.max(0, found.length - last)));
  }
  async lastSeq(stream: string, subject: string): Promise<number> {
    return this.#last(stream, subject);
  }
  #last(stream: string, subject: string): number {
    return this.#streams.get(stream)?.findLast((record) => record.subject === subject)?.seq ?? 0;
  }
  async erase(stream: string, subject: string): Promise<void> {
    const all = this.#streams.get(stream) ?? [];
    this.#streams.set(
      stream,
      all.filter((record) => record.subject !== subject),
    );
  }
  async caughtUp(): Promise<void> {
    for (const wake of this.#wakers) wake();
  }
  /** What fails here fails the test that waits for it; nothing is parked. */
  async parked(): Promise<never[]> {
    return [];
  }
  async replayParked(): Promise<void> {
    throw new NotFoundError('NOT_PARKED', 'Nothing is parked here.');
  }
  /** Hands all of a stream over again from the start, as after a lost position. */
  rewind(stream: string, consumer: string): void {
    this.#positions.delete(`${stream}/${consumer}`);
  }
  async consume({ stream, consumer, batchMax = 256, handle }: ConsumeOptions): Promise<Consumer> {
    const name = `${stream}/${consumer}`;
    let closed = false;
    let lastError: unknown;
    let pump = Promise.resolve();
    const next = () =>
      (this.#streams.get(stream) ?? [])
        .filter(({ seq }) => seq > (this.#positions.get(name) ?? 0))
        .slice(0, batchMax);
    const drain = async () => {
      for (let batch = next(); !closed && batch.length > 0; batch = next()) {
        try {
          await handle(structuredClone(batch));
          lastError = undefined;
        } catch (error) {
          lastError = error;
          return;
        }
        this.#positions.set(name, batch.at(-1)?.seq ?? 0);
      }
    };
    const wake = () => {
      pump = pump.then(drain);
    };
    this.#wakers.add(wake);
    wake();
    return {
      /** Rejects with the handler's error when it fails, so that a test sees it. */
      async caughtUp() {
        wake();
        await pump;
        if (lastError) throw lastError;
      },
      [Symbol.asyncDispose]: async () => {
        closed = true;
        this.#wakers.delete(wake);
        await pump;
      },
    };
  }
}

export class MemoryCache implements Cache {
  readonly #values = new Map<string, unknown>();
  sets = 0;
  async get<T>(key: string): Promise<T | undefined> {
    return structuredClone(this.#values.get(key)) as T | undefined;
  }
  async set(key: string, value: unknown, _ttlMs: number): Promise<void> {
    this.sets += 1;
    this.#values.set(key, structuredClone(value));
  }
  async delete(key: string): Promise<void> {
    this.#values.delete(key);
  }
  async take(): Promise<WindowCount> {
    return { allowed: true, remaining: 1, retryAfterMs: 0 };
  }
  async join(): Promise<void> {}
  async leave(): Promise<void> {}
  async members(): Promise<string[]> {
    return [];
  }
}

export class MemoryTopics implements Topics {
  readonly published: { topic: string; message: unknown }[] = [];
  readonly #handlers = new Map<string, Set<(message: unknown) => void>>();
  async publish(topic: string, message: unknown): Promise<void> {
    this.published.push({ topic, message: structuredClone(message) });
    for (const handler of this.#handlers.get(topic) ?? []) handler(structuredClone(message));
  }
  async subscribe(topic: string, handler: (message: unknown) => void): Promise<AsyncDisposable> {
    const handlers = this.#handlers.get(topic) ?? new Set();
    this.#handlers.set(topic, handlers.add(handler));
    return { [Symbol.asyncDispose]: async () => void handlers.delete(handler) };
  }
}

/** A clock that stands until it is set. */
export class ManualClock implements Clock {
  #nowMs: number;
  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }
  nowMs(): number {
    return this.#nowMs;
  }
  set(nowMs: number): void {
    this.#nowMs = nowMs;
  }
  after(delayMs: number, fn: () => void) {
    return systemClock.after(Math.min(delayMs, 1), fn);
  }
}

export function memoryEngines(nowMs = 1_700_000_000_000) {
  const disk = new Disk();
  const clock = new ManualClock(nowMs);
  return {
    disk,
    clock,
    tables: new MemoryTables(disk),
    journal: new MemoryJournal(disk, clock),
    cache: new MemoryCache(),
    topics: new MemoryTopics(),
    index: new MemorySearchIndex(),
    sources: { clock, ids: systemIds },
  };
}

/** Finds documents that hold every word as a part of some field; the order is that of the ids. */
export class MemorySearchIndex implements SearchIndex {
  readonly documents = new Map<string, Map<string, SearchDocument>>();
  /** When set, every call of every collection fails with it. */
  fault: Error | undefined;

  async open({ name, text }: CollectionSpec): Promise<SearchCollection> {
    const documents = this.documents.get(name) ?? new Map<string, SearchDocument>();
    this.documents.set(name, documents);
    const working = () => {
      if (this.fault) throw this.fault;
    };
    return {
      upsert: async (given) => {
        working();
        for (const document of given) documents.set(document.id, structuredClone(document));
      },
      delete: async (ids) => {
        working();
        for (const id of ids) documents.delete(id);
      },
      count: async () => {
        working();
        return documents.size;
      },
      query: async ({ q, limit, offset }) => {
        working();
        const words = q.toLowerCase().split(/\s+/);
        const textOf = (document: SearchDocument) =>
          Object.keys(text)
            .map((field) => String(document[field] ?? ''))
            .join(' ')
            .toLowerCase();
        const ids = [...documents.values()]
          .filter((document) => words.every((word) => textOf(document).includes(word)))
          .map(({ id }) => id)
          .sort();
        const hits = ids.slice(offset, offset + limit).map((id) => ({ id, score: 1 }));
        return { total: ids.length, hits, facets: {} };
      },
    };
  }
}
