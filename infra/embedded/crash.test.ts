/**
 * Goal: what was acknowledged survives `kill -9` at any moment.
 * Method: a child writes to all durable engines and tells each acknowledgement; it is killed after a random
 * number of them; then every acknowledged write must be there, whole. CRASH_SEED repeats a run's kills.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { systemClock } from '../../kit/sources.ts';
import { tempFolder } from '../../test/contract-suites/harness.ts';
import { contentOf, crashRows } from './crash-writer.ts';
import { type Embedded, openEmbedded } from './open-embedded.ts';

const ROUNDS = 20;
const ACKNOWLEDGED_MAX = 1000;
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000);
const writer = fileURLToPath(new URL('./crash-writer.ts', import.meta.url));

const startWriter = (dataDir: string, run: string): ChildProcess =>
  spawn(process.execPath, [writer, dataDir, run], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH ?? '' },
  });

/** Kills the writer when it has acknowledged `killAfter` writes; resolves with all that it got out. */
async function acknowledgedBefore(child: ChildProcess, killAfter: number): Promise<string[]> {
  const lines: string[] = [];
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    lines.push(line);
    if (lines.length === killAfter) child.kill('SIGKILL');
  }
  const [, signal] = await exited;
  if (signal !== 'SIGKILL') throw new Error(`the writer ended by itself: ${signal}`);
  return lines;
}

async function isKept({ journal, tables, objects }: Embedded, line: string): Promise<boolean> {
  const [engine, name = '', n = '', seq = ''] = line.split(' ');
  if (engine === 'table') {
    return (await tables.open(crashRows).get('p', [name]))?.text === contentOf(name);
  }
  if (engine === 'object') return String(await objects.get(`crash/${name}`)) === contentOf(name);
  const [record] = await journal.read('crash', name, Number(seq) - 1);
  return record?.seq === Number(seq) && record.data === contentOf(`${name}-${n}`);
}

async function assertChainsWhole(t: Test, { journal }: Embedded, run: number): Promise<void> {
  for (let worker = 0; worker < 8; worker++) {
    const subject = `crash.${run}-${worker}`;
    const records = await journal.read('crash', subject);
    t.ok(
      records.every(({ data }, n) => data === contentOf(`${subject}-${n}`)),
      `${subject} has no gap`,
    );
  }
}

void t.test('every acknowledged write survives kill -9', { timeout: 120_000 }, async (t) => {
  t.comment(`CRASH_SEED=${SEED}`);
  await using folder = await tempFolder();
  const dataDir = `${folder.path}/data`;
  const kills = fc.sample(fc.integer({ min: 1, max: ACKNOWLEDGED_MAX }), { numRuns: ROUNDS, seed: SEED });
  let checked = 0;
  for (const [run, killAfter] of kills.entries()) {
    const lines = await acknowledgedBefore(startWriter(dataDir, String(run)), killAfter);
    await using embedded = await openEmbedded({ dataDir, clock: systemClock });
    const lost: string[] = [];
    for (const line of lines) if (!(await isKept(embedded, line))) lost.push(line);
    t.strictSame(lost, [], `round ${run}: nothing of ${lines.length} is lost`);
    await assertChainsWhole(t, embedded, run);
    checked += lines.length;
  }
  t.ok(checked >= kills.reduce((sum, killAfter) => sum + killAfter, 0));
});

void t.test(
  'a consumer notices what another process appends, and appends beside it',
  { timeout: 60_000 },
  async (t) => {
    await using folder = await tempFolder();
    const dataDir = `${folder.path}/data`;
    await using embedded = await openEmbedded({ dataDir, clock: systemClock });
    const seqs: number[] = [];
    const enough = Promise.withResolvers<void>();
    await using _consumer = await embedded.journal.consume({
      stream: 'crash',
      consumer: 'watcher',
      handle: async (records) => {
        seqs.push(...records.map(({ seq }) => seq));
        if (seqs.length >= 500) enough.resolve();
      },
    });
    const child = startWriter(dataDir, 'other');
    const acknowledged = acknowledgedBefore(child, 1_000_000);
    for (let expectedSeq = 0, n = 0; n < 50; n++) {
      expectedSeq = await embedded.journal.append('crash', 'crash.own', n, { expectedSeq });
    }
    await enough.promise;
    child.kill('SIGKILL');
    await acknowledged;
    t.strictSame(
      seqs,
      [...Array(seqs.length).keys()].map((n) => n + 1),
      'no seq is given twice or left out',
    );
    t.equal((await embedded.journal.read('crash', 'crash.own')).length, 50);
  },
);
