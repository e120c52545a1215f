/**
 * Goal: every counted stream is in the history and in all counts exactly once, whoever writes it, however often and late
 * (SPEC H1, H2, H3, H6, H7, H9 of history); and the simulation notices when it is not.
 * Method: some seeds here, as many as wanted with `npm run replay -- 1 history --count 10000`.
 */
import t from 'tap';
import { entryTable, songTotalTable } from '../../actors/history/tables.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import { simulateSeeds } from '../../kit/sim/simulate.ts';
import { ID_LENGTH } from '../../kit/sources.ts';
import history, { historyScenario } from './history.scenario.ts';

const SEEDS = 300;
const MUTANT_SEEDS_MAX = 300;

t.test('H1 H2 H3 H6 H7 H9 hold whatever goes wrong', async () => {
  await simulateSeeds(history, { count: SEEDS });
});

/** One row a play, read, changed and put; in each process one after another. */
function readModifyPut(tables: Tables): Tables {
  let lastTurn: Promise<unknown> = Promise.resolve();
  return {
    open(spec) {
      const table = tables.open(spec);
      if (spec.name !== entryTable.name) return table;
      const put: typeof table.put = (pk, ck, row) => {
        const [sort, part] = ck as unknown as [string, string];
        const key = [sort, part.slice(0, ID_LENGTH)] as unknown as typeof ck;
        const turn = lastTurn.then(async () => table.put(pk, key, { ...(await table.get(pk, key)), ...row }));
        lastTurn = turn.catch(() => undefined);
        return turn;
      };
      return { ...table, put };
    },
  };
}

t.test('a history of plain puts over what was read is caught', async (t) => {
  const mutant = historyScenario('history', readModifyPut);
  await t.rejects(simulateSeeds(mutant, { count: MUTANT_SEEDS_MAX }), {
    name: 'SimulationError',
    message: /is listed (as counted: false|with 0 ms)/,
  });
});

t.test('a history that acknowledges before it writes is caught', async (t) => {
  const hasty = historyScenario('history', (tables) => ({
    open(spec) {
      const table = tables.open(spec);
      if (spec.name !== entryTable.name) return table;
      return {
        ...table,
        put: async (...args) => {
          table.put(...args).catch(() => undefined);
        },
      };
    },
  }));
  await t.rejects(simulateSeeds(hasty, { count: MUTANT_SEEDS_MAX }), {
    name: 'SimulationError',
    message: /are listed of|is listed/,
  });
});

/** Totals that forget for whom they were last added to. */
function forgetful(tables: Tables): Tables {
  return {
    open(spec) {
      const table = tables.open(spec);
      if (spec.name !== songTotalTable.name) return table;
      const without = <R>(row: R): R => ({ ...row, pending: {} });
      return {
        ...table,
        insertIfAbsent: (pk, ck, row, options) => table.insertIfAbsent(pk, ck, without(row), options),
        compareAndSet: (pk, ck, version, row) => table.compareAndSet(pk, ck, version, without(row)),
      };
    },
  };
}

t.test('totals that do not know what they hold already are caught', async (t) => {
  await t.rejects(simulateSeeds(historyScenario('history', forgetful), { count: MUTANT_SEEDS_MAX }), {
    name: 'SimulationError',
    message: /is said to have/,
  });
});
