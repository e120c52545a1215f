/** What each contract suite needs beside the engine: time that moves, and folders that go away. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
