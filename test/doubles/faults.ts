/** What goes wrong between an actor and its engines. Each wrapper is named for its fault. */
import type { Journal, JournalRecord } from '../../kit/ports/journal.ts';
import type { Cas, ClusteringKey, Table, Tables } from '../../kit/ports/tables.ts';

export class CrashError extends Error {
  override readonly name = 'CrashError';
}

interface Stores {
  readonly tables: Tables;
  readonly journal: Journal;
}

interface Mortal extends Stores {
  /** The process dies at its n-th write from now on, just before or just after it. */
  dieAt(write: number, moment: 'before' | 'after'): void;
  readonly isDead: () => boolean;
  readonly death: Promise<void>;
}

/** The same engines as seen by a process that can die: from then on whatever it asks for fails. */
export function mortal(stores: Stores): Mortal {
  const { promise: death, resolve: announce } = Promise.withResolvers<void>();
  let writesLeft = Number.POSITIVE_INFINITY;
  let moment: 'before' | 'after' = 'before';
  let dead = false;
  const die = (): never => {
    dead = true;
    announce();
    throw new CrashError('the process is dead');
  };
  const writing = async <T>(work: () => Promise<T>): Promise<T> => {
    writesLeft -= 1;
    const isLast = writesLeft === 0;
    if (dead || (isLast && moment === 'before')) die();
    const result = await work();
    return isLast || dead ? die() : result;
  };
  const reading = async <T>(work: () => Promise<T>): Promise<T> => (dead ? die() : work());
  const tables: Tables = {
    open(spec) {
      const table = stores.tables.open(spec);
      return {
        get: (...args) => reading(() => table.get(...args)),
        getMany: (...args) => reading(() => table.getMany(...args)),
        getVersioned: (...args) => reading(() => table.getVersioned(...args)),
        scan: (...args) => reading(() => table.scan(...args)),
        put: (...args) => writing(() => table.put(...args)),
        insertIfAbsent: (...args) => writing(() => table.insertIfAbsent(...args)),
        compareAndSet: (...args) => writing(() => table.compareAndSet(...args)),
        delete: (...args) => writing(() => table.delete(...args)),
        batch: (...args) => writing(() => table.batch(...args)),
      };
    },
  };
  const { journal: real } = stores;
  const journal: Journal = {
    ...real,
    append: (...args) => writing(() => real.append(...args)),
    erase: (...args) => writing(() => real.erase(...args)),
    read: (...args) => reading(() => real.read(...args)),
    lastSeq: (...args) => reading(() => real.lastSeq(...args)),
    consume: (options) =>
      real.consume({ ...options, handle: (records) => reading(() => options.handle(records)) }),
  };
  return {
    tables,
    journal,
    dieAt(write, when) {
      writesLeft = write;
      moment = when;
    },
    isDead: () => dead,
    death,
  };
}

/** A journal that hands over again what it has handed over, as after a position that was not kept. */
export function redelivering(real: Journal): Journal & { again(consumer: string): Promise<void> } {
  const handled = new Map<string, () => Promise<void>>();
  return {
    ...real,
    consume(options) {
      const all: JournalRecord[] = [];
      handled.set(options.consumer, () => options.handle(all));
      return real.consume({
        ...options,
        async handle(records) {
          await options.handle(records);
          all.push(...records);
        },
      });
    },
    async again(consumer) {
      await handled.get(consumer)?.();
    },
  };
}

/**
 * The journal of a process that has lost its share to another one and does not know it yet: it gets what
 * `hand` gives it and nothing else.
 */
export function overtaken(real: Journal) {
  const handlers = new Map<string, (records: readonly JournalRecord[]) => Promise<void>>();
  const journal: Journal = {
    ...real,
    async consume({ consumer, handle }) {
      handlers.set(consumer, handle);
      return { caughtUp: async () => {}, [Symbol.asyncDispose]: async () => {} };
    },
  };
  return {
    journal,
    hand: async (consumer: string, records: readonly JournalRecord[]) => handlers.get(consumer)?.(records),
  };
}

/**
 * Tables whose conditional writes are not sure what they did, as a Cassandra LWT that times out: the n-th
 * one from the first on that `doubted` names was done or not, and answers `unknown` either way.
 */
export function answeringUnknown(
  real: Tables,
  doubted: (write: number, table: string) => 'done' | 'not done' | undefined,
): Tables {
  let writes = 0;
  async function doubt<R>(table: string, work: () => Promise<Cas<R>>): Promise<Cas<R>> {
    writes += 1;
    const fate = doubted(writes, table);
    if (fate === 'not done') return { s: 'unknown' };
    const answer = await work();
    return fate === 'done' ? { s: 'unknown' } : answer;
  }
  return {
    open(spec) {
      const table = real.open(spec);
      return {
        ...table,
        insertIfAbsent: (...args) => doubt(spec.name, () => table.insertIfAbsent(...args)),
        compareAndSet: (...args) => doubt(spec.name, () => table.compareAndSet(...args)),
      };
    },
  };
}

type Write = Exclude<keyof Table<ClusteringKey, unknown>, 'get' | 'getMany' | 'getVersioned' | 'scan'>;

/** Tables of which one waits at a gate before some of its writes, as in a process that stops just there. */
export function slowAt(tables: Tables, name: string, ...writes: Write[]) {
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const open: Tables['open'] = (spec) => {
    const table = tables.open(spec);
    if (spec.name !== name) return table;
    const gated = writes.map((write) => {
      const own = table[write] as (...args: unknown[]) => Promise<unknown>;
      return [
        write,
        async (...args: unknown[]) => {
          reached.resolve();
          await gate.promise;
          return own(...args);
        },
      ];
    });
    return { ...table, ...Object.fromEntries(gated) };
  };
  return { tables: { open }, reached: reached.promise, pass: () => gate.resolve() };
}
