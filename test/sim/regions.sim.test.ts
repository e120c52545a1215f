/**
 * Goal: a region may be lost, or cut off, and come back: each play that was acknowledged anywhere counts once.
 * Method: seeds of kit/sim; regions.journal.ts is the protocol of docs/decisions/0015-regions.md.
 */
import t from 'tap';
import { simulateSeeds } from '../../kit/sim/simulate.ts';
import regions, { regionsScenario } from './regions.scenario.ts';

const SEEDS = 100;

t.test(
  'listeners of a lost region are served by the other one, and no play is lost or counted twice',
  async () => {
    await simulateSeeds(regions, { count: SEEDS });
  },
);

t.test('orphans that nobody hands in again are caught', async (t) => {
  await t.rejects(simulateSeeds(regionsScenario('regions', { dropOrphans: true }), { count: SEEDS }), {
    name: 'SimulationError',
    message: /lost/,
  });
});

t.test('plays that are not known by their ids are caught', async (t) => {
  await t.rejects(simulateSeeds(regionsScenario('regions', { forgetPlayIds: true }), { count: SEEDS }), {
    name: 'SimulationError',
    message: /twice/,
  });
});

t.test('a leg that is not ended where its mirror ended is caught', async (t) => {
  await t.rejects(simulateSeeds(regionsScenario('regions', { openEnded: true }), { count: SEEDS }), {
    name: 'SimulationError',
    message: /lost|twice/,
  });
});
