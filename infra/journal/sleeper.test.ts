/**
 * Goal: a loop never sleeps while there is something to do, and never longer than it should.
 * Method: sleeps on a virtual clock; each is asked for when it ended.
 */
import { setImmediate as settled } from 'node:timers/promises';
import t from 'tap';
import { createTimeline } from '../../kit/sim/timeline.ts';
import { createSleeper } from './sleeper.ts';

function start() {
  const clock = createTimeline(0);
  const sleeper = createSleeper(clock);
  return {
    clock,
    sleeper,
    /** When `sleep` ends, with what is due meanwhile; undefined when nothing is left that could end it. */
    async endOf(sleep: Promise<void>): Promise<number | undefined> {
      let endedAtMs: number | undefined;
      void sleep.then(() => {
        endedAtMs = clock.nowMs();
      });
      do await settled();
      while (endedAtMs === undefined && clock.step());
      return endedAtMs;
    },
  };
}

void t.test('what happens between the look and the sleep ends the sleep at once', async (t) => {
  const { sleeper, endOf } = start();
  sleeper.wake();
  t.equal(await endOf(sleeper.untilWoken(100)), 0);
  t.equal(await endOf(sleeper.untilWoken(100)), 100, 'and no other sleep');
});

void t.test('a sleep ends when it is woken, or when its time is over', async (t) => {
  const { clock, sleeper, endOf } = start();
  clock.after(30, sleeper.wake);
  t.equal(await endOf(sleeper.untilWoken()), 30);
  clock.after(30, sleeper.wake);
  t.equal(await endOf(sleeper.untilWoken(20)), 50);
  t.equal(await endOf(sleeper.untilWoken(20)), 60);
  t.equal(await endOf(sleeper.untilWoken()), undefined, 'without either it goes on');
});

void t.test('records that arrive at any moment are all seen by the next look', async (t) => {
  const { clock, sleeper } = start();
  let arrived = 0;
  let seen = 0;
  const loop = (async () => {
    while (!sleeper.isClosed()) {
      const found = arrived;
      await settled();
      seen = found;
      await sleeper.untilWoken();
    }
  })();
  for (let i = 0; i < 50; i++) {
    clock.after(i, () => {
      arrived++;
      sleeper.wake();
    });
  }
  while (clock.step()) if (clock.nowMs() % 3 > 0) await settled();
  for (let i = 0; i < 5; i++) await settled();
  t.equal(seen, 50);
  sleeper.close();
  await loop;
});

void t.test('a pause is no shorter for a wake-up, which ends the next sleep', async (t) => {
  const { clock, sleeper, endOf } = start();
  clock.after(30, sleeper.wake);
  t.equal(await endOf(sleeper.pause(100)), 100);
  t.equal(await endOf(sleeper.untilWoken()), 100);
});

void t.test('a pause ends with its reason, also with one that was there before', async (t) => {
  const { clock, sleeper, endOf } = start();
  let isOver = false;
  clock.after(10, sleeper.wake);
  clock.after(30, () => {
    isOver = true;
    sleeper.wake();
  });
  t.equal(await endOf(sleeper.pause(100, () => isOver)), 30);
  t.equal(await endOf(sleeper.pause(100, () => isOver)), 30);
});

void t.test('closing ends the sleep under way and every later one', async (t) => {
  for (const kind of ['pause', 'untilWoken'] as const) {
    const { clock, sleeper, endOf } = start();
    clock.after(30, sleeper.close);
    t.equal(await endOf(sleeper[kind](100)), 30, kind);
    t.equal(await endOf(sleeper[kind](100)), 30, kind);
  }
});

void t.test('no timer is left behind', async (t) => {
  const { clock, sleeper, endOf } = start();
  clock.after(10, sleeper.wake);
  t.equal(await endOf(sleeper.untilWoken(100)), 10);
  while (clock.step());
  t.equal(clock.nowMs(), 10);
});
