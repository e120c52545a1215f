/**
 * npm run chaos [-- --seed N] [--minutes M] [--rate CALLS_PER_S] [--faults kill,redis,…] [--scenario NAME,…]
 * [--report FILE]: a cluster of this machine under a steady load, its parts killed, stopped and cut off, and
 * the books checked in the end (docs/chaos.md).
 *
 * Linux, as root: it lives in namespaces of its own. Exit code 1 when a book is wrong, 2 for a wrong
 * call; all that was kept and logged then stays in a folder that it names.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cassandraJars } from '../infra/local/cassandra.ts';
import { goTool, NATS_SERVER, VERSITYGW } from '../infra/local/tools.ts';
import { FAULT_KINDS, kindsOf, planOf, scenarioOf } from '../test/chaos/plan.ts';
import { isInOrder, reportText } from '../test/chaos/report.ts';

const USAGE =
  'usage: npm run chaos [-- --seed N] [--minutes M] [--rate CALLS_PER_S] [--faults NAME,…] [--scenario NAME,…] [--report FILE]';
/** For the process that has the namespaces: the folder that it keeps everything in. */
const INSIDE = 'ANTIPHON_CHAOS_INSIDE';
const MINUTES_DEFAULT = '10';
const RATE_DEFAULT = '100';
const RATE_OF_SCENARIOS = '500';

const say = (text: string): void => void process.stdout.write(`antiphon: ${text}\n`);

function fail(exitCode: number, text: string): never {
  process.stderr.write(`antiphon: ${text}\n`);
  process.exit(exitCode);
}

function readCall() {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      minutes: { type: 'string', default: MINUTES_DEFAULT },
      rate: { type: 'string' },
      faults: { type: 'string' },
      scenario: { type: 'string' },
      report: { type: 'string' },
    },
  });
  const named = values.scenario ?? values.faults;
  const kinds = named === undefined || named === 'all' ? [...FAULT_KINDS] : kindsOf(named.split(','));
  const seed = Number(values.seed);
  const minutes = Number(values.minutes);
  const callsPerSec = Number(values.rate ?? (values.scenario ? RATE_OF_SCENARIOS : RATE_DEFAULT));
  if (!Number.isSafeInteger(seed) || !(minutes > 0) || !(callsPerSec > 0))
    throw new Error('numbers are wanted');
  const plan = values.scenario ? scenarioOf(seed, kinds) : planOf(seed, minutes, kinds);
  return { seed, plan, callsPerSec, reportFile: values.report };
}

type Call = ReturnType<typeof readCall>;

/**
 * Does the same in namespaces of its own, where hosts can be cut off, nothing else is touched, and nothing
 * outlives it.
 */
async function goInside({ seed }: Call): Promise<number> {
  // In there is no network to fetch them over.
  await Promise.all([goTool(NATS_SERVER), goTool(VERSITYGW), cassandraJars()]);
  const folder = await mkdtemp(join(tmpdir(), 'antiphon-chaos-'));
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1), '--seed', String(seed)];
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const child = spawn('unshare', [...namespaces, '--', ...again], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: folder },
  });
  let stopped = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      stopped = true;
      child.kill('SIGKILL');
    });
  }
  const code = await new Promise<number>((resolve) => {
    child.on('error', () => fail(1, 'unshare (util-linux) is needed, so this runs on Linux only'));
    child.on('exit', (exitCode) => resolve(exitCode ?? 1));
  });
  if (code === 0 || stopped) await rm(folder, { recursive: true, force: true });
  else say(`all that was kept and logged is in ${folder}`);
  return code;
}

async function runInside({ seed, plan, callsPerSec, reportFile }: Call, folder: string): Promise<number> {
  const { run } = await import('../test/chaos/run.ts');
  const cassandraNodes = plan.faults.some(({ kind }) => kind.startsWith('cassandra')) ? 3 : 1;
  const report = await run({ seed, plan, callsPerSec, cassandraNodes, folder, say }).catch((error: Error) =>
    fail(1, `the run broke off: ${error.stack}`),
  );
  process.stdout.write(reportText(report));
  if (reportFile !== undefined) await writeFile(reportFile, JSON.stringify(report, plainMaps, 1));
  return isInOrder(report) ? 0 : 1;
}

const plainMaps = (_key: string, value: unknown): unknown =>
  value instanceof Map ? Object.fromEntries(value) : value;

const call = (() => {
  try {
    return readCall();
  } catch (error) {
    return fail(2, `${(error as Error).message}. ${USAGE}`);
  }
})();
const folder = process.env[INSIDE];
process.exit(folder ? await runInside(call, folder) : await goInside(call));
