/** What each contract suite needs beside the engine: time that moves, and folders that go away. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal } from '../../infra/embedded/journal.ts';
import { openStore, type Store } from '../../infra/embedded/store.ts';
import { openTables } from '../../infra/embedded/tables.ts';
import type { Journal } from '../../kit/ports/journal.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import type { Clock } from '../../kit/sources.ts';

export interface Opened<Engine> extends AsyncDisposable {
  readonly engine: Engine;
  /** Lets time pass for the engine: a manual clock moves, a real server is waited for. */
  advance(ms: number): Promise<void>;
}

export type OpenEngine<Engine> = () => Promise<Opened<Engine>>;

export interface ManualClock extends Clock {
  /** Moves time and runs what has come due, oldest first. */
  advance(ms: number): void;
}

export function manualClock(startMs = 1_790_000_000_000): ManualClock {
  let nowMs = startMs;
  const timers = new Set<{ atMs: number; fn: () => void }>();
  return {
    nowMs: () => nowMs,
    after(delayMs, fn) {
      const timer = { atMs: nowMs + delayMs, fn };
      timers.add(timer);
      return { cancel: () => timers.delete(timer) };
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (;;) {
        const due = [...timers].filter((timer) => timer.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
        if (!due) break;
        timers.delete(due);
        nowMs = Math.max(nowMs, due.atMs);
        due.fn();
      }
      nowMs = untilMs;
    },
  };
}

export interface TempFolder extends AsyncDisposable {
  readonly path: string;
}

export async function tempFolder(): Promise<TempFolder> {
  const path = await mkdtemp(join(tmpdir(), 'antiphon-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

export interface Lmdb extends AsyncDisposable {
  readonly store: Store;
  readonly journal: Journal;
  readonly tables: Tables;
  readonly clock: ManualClock;
}

/** What LMDB serves, in a folder of its own that goes away, under a clock that the test moves. */
export async function openLmdb(startMs?: number): Promise<Lmdb> {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await tempFolder());
  const clock = manualClock(startMs);
  const store = opened.use(openStore(join(folder.path, 'store')));
  const tables = opened.use(openTables(store, clock));
  const journal = opened.use(openJournal(store, clock));
  const running = opened.move();
  return { store, journal, tables, clock, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** One of LMDB's engines, as a contract suite wants it. */
export async function openLmdbEngine<K extends 'journal' | 'tables'>(
  kind: K,
): Promise<Opened<Lmdb[K]> & { readonly store: Store }> {
  const lmdb = await openLmdb();
  return {
    engine: lmdb[kind],
    store: lmdb.store,
    async advance(ms) {
      lmdb.clock.advance(ms);
    },
    [Symbol.asyncDispose]: () => lmdb[Symbol.asyncDispose](),
  };
}
