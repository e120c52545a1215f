/**
 * Goal: how many listeners one core and one gigabyte hold. Method: all processes of the service are kept on one
 * core, and a crowd of listeners in a process of its own on another. The crowd grows in steps; each step is
 * measured once all of its songs have been going for long enough that reports, counted plays and new songs
 * come as evenly as they would for ever. The last step whose p99 holds is what one core holds.
 */
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { tempFolder } from '../contract-suites/harness.ts';
import { makeLibrary } from './listeners/library.ts';
import { isHeld, P99_MS_MAX, type Result, ramp, type Step } from './listeners/ramp.ts';
import { type Service, startEmbedded, startOverNats } from './listeners/services.ts';
import type { BenchReport } from './report.ts';
import { openFilesMax, type Usage } from './usage.ts';

const GOAL_PER_CORE = 20_000;
const GOAL_KB_EACH = 40;
const STEPS = [2500, 5000, 7500, 10_000, 12_500, 15_000, 17_500, 20_000, 25_000, 30_000];
/** What the service holds open beside the listeners. */
const OTHER_FILES = 200;

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

const heldBy = ({ steps }: Result): Step | undefined => steps.filter(isHeld).at(-1);
const bytesEach = ({ empty }: Result, step: Step, of: keyof Usage, parts = step.usage.map((_, i) => i)) =>
  sum(parts.map((i) => (step.usage[i]?.[of] ?? 0) - (empty[i]?.[of] ?? 0))) / step.listeners;

const count = (n: number): string => Math.round(n).toLocaleString('en');
const kb = (bytes: number): string => `${(bytes / 1000).toFixed(1)} KB`;
const ms = (value: number): string => `${value.toFixed(1)} ms`;
const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

function rowsOf(name: string, result: Result): [string, string][] {
  const { parts, steps, empty } = result;
  const held = heldBy(result);
  const first = steps.at(-1);
  const rows: [string, string][] = steps.map((step) => {
    const { listeners, all, next, cpu, ownDelayP99Ms, ownCpu, failures } = step;
    const failed = Object.entries(failures).map(([what, times]) => `; ${times} × ${what}`);
    return [
      `${name}, ${count(listeners)} listeners`,
      `p50 ${ms(all.p50Ms)}, p99 ${ms(all.p99Ms)} (a new song ${ms(next.p99Ms)}), core ${percent(sum(cpu))} busy; crowd’s own delay p99 ${ms(ownDelayP99Ms)}, core ${percent(ownCpu)}${failed.join('')}`,
    ];
  });
  const step = held ?? first;
  if (!step) return rows;
  rows.push([
    `${name}: memory each at ${count(step.listeners)}`,
    `${kb(bytesEach(result, step, 'rssBytes'))}, of it ${kb(bytesEach(result, step, 'anonymousBytes'))} not pages of files; ${count(1e9 / bytesEach(result, step, 'rssBytes'))} a GB`,
  ]);
  if (parts.length > 1) {
    const byPart = parts.map(
      (part, i) =>
        `${part.name} ${kb(bytesEach(result, step, 'rssBytes', [i]))}, core ${percent(step.cpu[i] ?? 0)}`,
    );
    rows.push([`${name}: by part`, byPart.join('; ')]);
  }
  rows.push([`${name}: empty`, `${count(sum(empty.map(({ rssBytes }) => rssBytes)) / 1e6)} MB`]);
  return rows;
}

export default async function bench(): Promise<BenchReport> {
  if (process.platform !== 'linux' || availableParallelism() < 2) {
    throw new Error('This needs Linux and two cores: one for the service, one for its listeners.');
  }
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await tempFolder());
  const listenersMax = Math.min((await openFilesMax()) - OTHER_FILES, STEPS.at(-1) ?? 0);
  const accountsFile = join(folder.path, 'accounts.jsonl');
  const freshData = async (name: string) => {
    const library = await makeLibrary(join(folder.path, name), listenersMax);
    await writeFile(accountsFile, library.accounts.map((account) => JSON.stringify(account)).join('\n'));
    return library;
  };

  const measure = async (start: () => Promise<Service>): Promise<Result> => {
    await using service = await start();
    return await ramp(service, accountsFile, [...STEPS.filter((step) => step < listenersMax), listenersMax]);
  };
  const whole = await freshData('whole');
  const embedded = await measure(() => startEmbedded(whole.dataDir));
  const cluster = await freshData('cluster');
  const overNats = await measure(() => startOverNats(cluster.dataDir, cluster.secret, folder.path, 1));
  const results = [embedded, overNats];
  const held = results.map(heldBy);
  const met = results.every((result, i) => {
    const step = held[i];
    return (
      step !== undefined &&
      step.listeners >= GOAL_PER_CORE &&
      bytesEach(result, step, 'rssBytes') <= GOAL_KB_EACH * 1000
    );
  });
  const said = (i: number): string => {
    const [result, step] = [results[i], held[i]];
    return result && step
      ? `${count(step.listeners)} at ${kb(bytesEach(result, step, 'rssBytes'))}`
      : 'less than the first step';
  };
  return {
    name: 'listeners',
    goal: `${count(GOAL_PER_CORE)} listeners a core, ${GOAL_KB_EACH} KB each, command p99 <= ${P99_MS_MAX} ms`,
    measured: `one process ${said(0)}; gateway and actor node over NATS ${said(1)}`,
    met,
    rows: [...rowsOf('one process', embedded), ...rowsOf('over NATS', overNats)],
  };
}
