/** A clock that a test moves, and a process that dies at a chosen write. */
import type { Journal } from '../../kit/ports/journal.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import { type Clock, idFrom, type Sources } from '../../kit/sources.ts';

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

class CrashError extends Error {}

/** The same engines as seen by a process that dies at its n-th write, just before or just after it. */
export function dyingAt(
  engines: { tables: Tables; journal: Journal },
  write: number,
  moment: 'before' | 'after',
): { tables: Tables; journal: Journal; readonly isDead: () => boolean; readonly death: Promise<void> } {
  const { promise: death, resolve: announce } = Promise.withResolvers<void>();
  let writes = 0;
  let dead = false;
  const die = (): never => {
    dead = true;
    announce();
    throw new CrashError();
  };
  const writing = async <T>(work: () => Promise<T>): Promise<T> => {
    const isLast = ++writes === write;
    if (dead || (isLast && moment === 'before')) die();
    const result = await work();
    return isLast ? die() : result;
  };
  const reading = async <T>(work: () => Promise<T>): Promise<T> => (dead ? die() : work());
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
  return { tables, journal, isDead: () => dead, death };
}
