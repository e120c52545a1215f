/** Goal: what is shed when the event loop is late, and in which order. Method: a clock whose timers are late. */
import t from 'tap';
import { LOAD_LATENESS_MS_MAX, LOAD_SHED_STEP, LOAD_WINDOW_MS } from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import type { Clock } from '../../kit/sources.ts';
import { createLoad, type Load, RANKS, type Rank } from './load.ts';

/** Runs its one timer when told to, as late as told. */
function lateClock() {
  let nowMs = 0;
  let due: { atMs: number; fn: () => void } | undefined;
  const clock: Clock = {
    nowMs: () => nowMs,
    after(delayMs, fn) {
      due = { atMs: nowMs + delayMs, fn };
      return { cancel: () => {} };
    },
  };
  return {
    clock,
    fire(lateMs: number): void {
      const { atMs, fn } = due ?? { atMs: nowMs, fn: () => {} };
      nowMs = atMs + lateMs;
      fn();
    },
  };
}

const LATE_MS = LOAD_LATENESS_MS_MAX + 1;

/** How many of 100 requests of a rank get through. */
function admitted(load: Load, rank: Rank): number {
  let count = 0;
  for (let i = 0; i < 100; i++) {
    try {
      load.assertRoom(rank);
      count++;
    } catch (error) {
      if (!(error instanceof UnavailableError && error.code === 'OVERLOADED')) throw error;
    }
  }
  return count;
}

function start() {
  const { clock, fire } = lateClock();
  using load = createLoad({ clock });
  const windows = (count: number, lateMs: (sample: number) => number) => {
    for (let i = 0; i < count; i++) {
      const fromMs = clock.nowMs();
      for (let sample = 0; clock.nowMs() - fromMs < LOAD_WINDOW_MS; sample++) fire(lateMs(sample));
    }
  };
  return { load, windows };
}

t.test('nothing is shed while some sample of each window is in time', async (t) => {
  const { load, windows } = start();
  windows(5, (sample) => (sample === 0 ? 0 : 10 * LATE_MS));
  for (const rank of RANKS) t.equal(admitted(load, rank), 100);
});

t.test('a standing queue sheds a growing share, the least urgent first and playback last', async (t) => {
  const { load, windows } = start();
  windows(1, () => LATE_MS);
  t.equal(admitted(load, 'browse'), 100 - 100 * LOAD_SHED_STEP);
  t.equal(admitted(load, 'library'), 100);
  windows(5, () => LATE_MS);
  t.equal(admitted(load, 'browse'), 0);
  t.equal(admitted(load, 'library'), 50);
  t.equal(admitted(load, 'playback'), 100);
  windows(100, () => LATE_MS);
  t.equal(admitted(load, 'playback'), 0, 'in the end everything');
});

t.test('when the queue is gone all is let in again, slowly', async (t) => {
  const { load, windows } = start();
  windows(4, () => LATE_MS);
  t.equal(admitted(load, 'browse'), 0);
  windows(1, () => 0);
  const first = admitted(load, 'browse');
  t.ok(first > 0 && first < 100 * LOAD_SHED_STEP);
  windows(40, () => 0);
  t.equal(admitted(load, 'browse'), 100);
});

t.test('a client is told when to come back', async (t) => {
  const { load, windows } = start();
  windows(8, () => LATE_MS);
  t.throws(() => load.assertRoom('browse'), {
    code: 'OVERLOADED',
    data: { reason: 'LATE', retryAfterSec: 2 },
  } as never);
});
