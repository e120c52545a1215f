/** Goal: each trouble of the simulated world does what it is called after. Method: one exact story each. */
import t from 'tap';
import type { Start } from './node.ts';
import { type Scenario, type SimulationError, simulate } from './simulate.ts';
import type { World } from './world.ts';

const story = (run: (world: World) => Promise<void>): Scenario => ({ name: 'story', run });
const tell = (run: (world: World) => Promise<void>) => simulate(1, story(run));

/** Remembers how often it was asked, in memory only. */
const forgetful: Start<never> = () => {
  let asked = 0;
  return async () => ++asked;
};

t.test('a node that crashes comes back without its memory', (t) =>
  tell(async (world) => {
    world.node('n1', forgetful);
    t.equal(await world.ask('a', {}), 1);
    t.equal(await world.ask('a', {}), 2);
    world.crash('n1', 100);
    await t.rejects(world.ask('a', {}, { timeoutMs: 50 }), { code: 'NO_ANSWER' });
    await world.sleep(100);
    t.equal(await world.ask('a', {}), 1);
  }),
);

t.test('a paused node answers late, with the memory it had', (t) =>
  tell(async (world) => {
    world.node('n1', forgetful);
    await world.ask('a', {});
    world.pause('n1', 5000);
    const startedAtMs = world.clock.nowMs();
    t.equal((await world.insist('a', {}, { triesMax: 10 })) !== 1, true);
    t.ok(world.clock.nowMs() - startedAtMs >= 5000);
  }),
);

t.test('a dead process never goes on, whatever it awaited', (t) =>
  tell(async (world) => {
    const wokenUp: string[] = [];
    world.node('n1', (env) => async () => {
      await env.journal.append('s', 's.a', 1);
      wokenUp.push('append');
      return 1;
    });
    const answer = world.ask('a', {}, { timeoutMs: 100 });
    await world.sleep(3);
    world.crash('n1', 10);
    await t.rejects(answer, { code: 'NO_ANSWER' });
    await world.sleep(1000);
    t.strictSame(wokenUp, []);
  }),
);

t.test('a node cut off from the bus is silent, from the stores it fails', (t) =>
  tell(async (world) => {
    world.node('n1', (env) => () => env.journal.append('s', 's.a', 1));
    world.cut('n1', 'stores', 100);
    await t.rejects(world.ask('a', {}), { code: 'STORE_AWAY' });
    await world.sleep(100);
    world.cut('n1', 'bus', 100);
    await t.rejects(world.ask('a', {}, { timeoutMs: 50 }), { code: 'NO_ANSWER' });
    await world.sleep(100);
    t.equal(await world.ask('a', {}), 1);
  }),
);

t.test('a consumer gets each record in order, again after a failure, and goes on after a crash', (t) =>
  tell(async (world) => {
    const handled: number[] = [];
    let fail = true;
    world.node('n1', (env) => {
      const consumer = env.journal.consume({
        stream: 's',
        consumer: 'c',
        handle: async (records) => {
          for (const { seq } of records) handled.push(seq);
          if (fail) throw new Error('not yet');
        },
      });
      return async (_id, message: string) => {
        if (message === 'append') return env.journal.append('s', 's.a', {});
        return (await consumer).caughtUp();
      };
    });
    await world.ask('a', 'append');
    await world.sleep(50);
    t.ok(handled.length >= 1);
    fail = false;
    await world.ask('a', 'caughtUp');
    t.strictSame(new Set(handled), new Set([1]));
    world.crash('n1', 10);
    await world.sleep(20);
    handled.length = 0;
    await world.ask('a', 'append');
    await world.ask('a', 'caughtUp');
    t.strictSame(handled, [2]);
  }),
);

t.test('a failed check, a bug in a node and a wait without end fail the seed, with its trace', async (t) => {
  const failing: [RegExp, (world: World) => Promise<void>][] = [
    [/one is not two/, async (world) => world.check(false, 'one is not two')],
    [
      /undefined behaviour/,
      async (world) => {
        world.node('n1', () => async () => {
          throw new Error('undefined behaviour');
        });
        await world.ask('a', {});
      },
    ],
    [/still waits/, () => new Promise(() => {})],
  ];
  for (const [message, run] of failing) {
    const withNote = story(async (world) => {
      world.note('once upon a time');
      await run(world);
    });
    const error = await simulate(7, withNote).catch((caught: unknown) => caught);
    t.match(error, { name: 'SimulationError', seed: 7, message });
    t.equal((error as SimulationError).trace[0], '0 once upon a time');
  }
});
