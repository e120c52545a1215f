/** npm run replay -- SEED [SCENARIO] [--count N]: one seed with its trace, or N seeds up to the first failure. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Scenario, SimulationError, simulate } from '../kit/sim/simulate.ts';

const DEFAULT_SCENARIO = 'player-session';

const folder = join(import.meta.dirname, '..', 'test', 'sim');
const known = readdirSync(folder).flatMap((file) => file.match(/^(.+)\.scenario\.ts$/)?.slice(1) ?? []);

const { values, positionals } = parseArgs({
  options: { count: { type: 'string', default: '1' } },
  allowPositionals: true,
});
const [seed, count] = [Number(positionals[0]), Number(values.count)];
const name = positionals[1] ?? DEFAULT_SCENARIO;
if (!Number.isSafeInteger(seed) || !(count >= 1) || !known.includes(name)) {
  console.error(`usage: npm run replay -- SEED [SCENARIO] [--count N]  (scenarios: ${known.join(', ')})`);
  process.exit(2);
}

const { default: scenario } = (await import(join(folder, `${name}.scenario.ts`))) as { default: Scenario };
const PROGRESS_EVERY = 1000;
try {
  for (let i = 0; i < count; i++) {
    const { trace, steps } = await simulate(seed + i, scenario, { trace: count === 1 });
    if (count === 1) console.log([...trace, `seed ${seed} holds, ${steps} steps`].join('\n'));
    else if ((i + 1) % PROGRESS_EVERY === 0 || i + 1 === count) console.log(`${i + 1} seeds hold`);
  }
} catch (error) {
  if (!(error instanceof SimulationError)) throw error;
  console.log(error.trace.join('\n'));
  console.error(error);
  process.exit(1);
}
