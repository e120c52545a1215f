/**
 * Goal: under every fault of kit/sim a virtual actor takes each command at most once, loses none that it
 * acknowledged and refuses none that it did; and the simulation notices when the runtime is broken.
 * Method: hundreds of seeds here, as many as wanted with `npm run replay -- 1 counter --count 100000`.
 */
import t from 'tap';
import { simulate, simulateSeeds } from '../../kit/sim/simulate.ts';
import counter, { counterScenario } from './counter.scenario.ts';

const SEEDS = 1000;

t.test(
  'each acknowledged command is there exactly once, in its place, and none is refused once done',
  async () => {
    await simulateSeeds(counter, { count: SEEDS });
  },
);

t.test('the same seed gives the same trace', async (t) => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const [first, second] = [
      await simulate(seed, counter, { trace: true }),
      await simulate(seed, counter, { trace: true }),
    ];
    t.strictSame(first.trace, second.trace);
    t.ok(first.trace.length > 100);
  }
});

t.test('different seeds give different runs', async (t) => {
  const [one, two] = [
    await simulate(1, counter, { trace: true }),
    await simulate(2, counter, { trace: true }),
  ];
  t.notSame(one.trace, two.trace);
});

t.test('a runtime without the fence is caught', async (t) => {
  const unfenced = counterScenario('counter without fence', {
    journal: (real) => ({
      ...real,
      append: (stream, subject, data) => real.append(stream, subject, data),
    }),
  });
  await t.rejects(simulateSeeds(unfenced, { count: SEEDS }), {
    name: 'SimulationError',
    message: /lost|below zero/,
  });
});

t.test('a runtime without dedupe is caught', async (t) => {
  const forgetful = counterScenario('counter without dedupe', { forgetCommandId: true });
  await t.rejects(simulateSeeds(forgetful, { count: SEEDS }), {
    name: 'SimulationError',
    message: /twice|then refused/,
  });
});

/** Its nodes believe what they themselves have seen to be the last record, as without a second look. */
const trusting = counterScenario('counter that refuses from memory', {
  journal(real) {
    const seen = new Map<string, number>();
    const note = (subject: string, seq: number) => {
      seen.set(subject, seq);
      return seq;
    };
    return {
      ...real,
      append: async (stream, subject, data, options) =>
        note(subject, await real.append(stream, subject, data, options)),
      async read(stream, subject, afterSeq) {
        const records = await real.read(stream, subject, afterSeq);
        note(subject, records.at(-1)?.seq ?? seen.get(subject) ?? 0);
        return records;
      },
      lastSeq: async (_stream, subject) => seen.get(subject) ?? 0,
    };
  },
});

t.test('a runtime that refuses without asking the journal is caught', async (t) => {
  await t.rejects(simulateSeeds(trusting, { count: SEEDS }), {
    name: 'SimulationError',
    message: /then refused/,
  });
});

t.test('a journal that acknowledges before it writes is caught', async (t) => {
  const hasty = counterScenario('counter on a hasty journal', {
    journal: (real) => ({
      ...real,
      append: async (stream, subject, data, options) => {
        void real.append(stream, subject, data, options).catch(() => undefined);
        return (options?.expectedSeq ?? 0) + 1;
      },
    }),
  });
  await t.rejects(simulateSeeds(hasty, { count: SEEDS }), { name: 'SimulationError', message: /lost/ });
});
