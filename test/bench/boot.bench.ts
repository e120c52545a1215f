/**
 * Goal: a service that was used before is up again at once. Method: `npm start` on a data folder with a
 * library, from the spawn to the line that names the address; beside it what npm and Node take to do nothing.
 */
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeLibrary } from '../e2e/library.ts';
import type { BenchReport } from './report.ts';

const root = join(import.meta.dirname, '..', '..');
const RUNS = 7;
const GOAL_MS = 3000;
const SONGS = 30;
const SONG_SECONDS = 2;
const ALBUM = {
  title: 'Boots',
  artist: 'Bench',
  genre: 'Test',
  songs: Array.from({ length: SONGS }, (_, i) => ({ title: `Song ${i + 1}`, seconds: SONG_SECONDS })),
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Time until the process prints what matches, or ends when nothing is waited for; then it is ended. */
async function timeOf(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  until?: RegExp,
): Promise<number> {
  const startedMs = performance.now();
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, npm_config_loglevel: 'error', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    // npm tells only its shell to stop; a terminal tells the whole group, and so is this.
    detached: true,
  });
  const ended = new Promise<number>((done) => child.once('close', () => done(performance.now())));
  const ready = new Promise<number>((done) => {
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
      if (until?.test(output)) done(performance.now());
    });
  });
  const readyMs = await Promise.race([ready, ended]);
  if (until && child.pid) {
    process.kill(-child.pid, 'SIGTERM');
    await ended;
  }
  return readyMs - startedMs;
}

async function repeated(run: () => Promise<number>): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) times.push(await run());
  return times;
}

export default async function bench(): Promise<BenchReport> {
  const dataDir = await makeLibrary([ALBUM]);
  try {
    const env = { ANTIPHON_DATA: dataDir, ANTIPHON_PORT: '0', ANTIPHON_DEMO: 'off' };
    const boots = await repeated(() => timeOf('npm', ['start'], env, /is ready at/));
    const npm = await repeated(() => timeOf('npm', ['exec', '--call', 'true'], {}));
    const node = await repeated(() => timeOf(process.execPath, ['-e', '0'], {}));
    const seconds = (times: readonly number[]) => `${(median(times) / 1000).toFixed(2)} s`;
    const spread = (times: readonly number[]) =>
      `${seconds(times)} (${(Math.min(...times) / 1000).toFixed(2)} to ${(Math.max(...times) / 1000).toFixed(2)})`;
    return {
      name: 'boot',
      goal: `\`npm start\` on an existing data folder is ready within ${GOAL_MS / 1000} s`,
      measured: seconds(boots),
      met: median(boots) <= GOAL_MS,
      rows: [
        [`\`npm start\` to ready, ${SONGS} songs (${RUNS} runs)`, spread(boots)],
        ['limit: npm doing nothing', spread(npm)],
        ['limit: node doing nothing', spread(node)],
      ],
    };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}
