/**
 * Goal: under every fault of kit/sim no play counts twice, none under 30 s of listening counts, none with
 * 30 s is lost, no acknowledged command is lost and one device sounds at a time (SPEC.md of player-session);
 * and the simulation notices when one of these is broken.
 * Method: honest and lying players on three nodes, judged by an oracle that knows what sounded when. Here
 * some seeds; as many as wanted with `npm run replay -- 1 player-session --count 10000`.
 */
import t from 'tap';
import { SimulationError, simulateSeeds } from '../../kit/sim/simulate.ts';
import player, { type Mutation, playerScenario } from './player-session.scenario.ts';

const SEEDS = 1000;
const MUTANT_SEEDS_MAX = 300;

t.test('PS8 PS12 PS14 PS17 PS18 PS19 PS24 PS26 PS27 hold whatever goes wrong', async () => {
  await simulateSeeds(player, { count: SEEDS });
});

const mutations: Record<string, Mutation> = {
  'counting at 29 s': { rules: { countedAfterMs: 29_000 } },
  'counting at 31 s': { rules: { countedAfterMs: 31_000 } },
  'counting the distance of a seek': { rules: { seekCounts: true } },
  'appending without the fence': {
    journal: (real) => ({
      ...real,
      append: (stream, subject, data) => real.append(stream, subject, data),
    }),
  },
};

for (const [name, mutation] of Object.entries(mutations)) {
  t.test(`${name} is caught`, async (t) => {
    const mutant = playerScenario('player-session', mutation);
    await t.rejects(simulateSeeds(mutant, { count: MUTANT_SEEDS_MAX }), SimulationError);
  });
}
