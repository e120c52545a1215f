/**
 * Goal: under every fault of kit/sim a virtual actor takes each command at most once and loses none that it
 * acknowledged; and the simulation is worth something, since it notices when the runtime is broken.
 * Method: hundreds of seeds here, as many as wanted with `npm run replay -- 1 counter --count 100000`.
 */
import t from 'tap';
import { SimulationError, simulate, simulateSeeds } from '../../kit/sim/simulate.ts';
import counter, { counterScenario } from './counter.scenario.ts';

const SEEDS = 1000;

t.test('each acknowledged command is there exactly once, in its place', async () => {
  await simulateSeeds(counter, { count: SEEDS });
});

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
  await t.rejects(simulateSeeds(unfenced, { count: SEEDS }), SimulationError);
});

t.test('a runtime without dedupe is caught', async (t) => {
  const forgetful = counterScenario('counter without dedupe', { forgetCommandId: true });
  await t.rejects(simulateSeeds(forgetful, { count: SEEDS }), SimulationError);
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
  await t.rejects(simulateSeeds(hasty, { count: SEEDS }), SimulationError);
});
