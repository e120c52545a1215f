/**
 * Goal: an actor node killed, one stopped and one cut off cost nothing that was acknowledged, and each key is
 * served again. Method: npm run chaos with a light load; the books are its own, their finding is this test's.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { tempFolder } from '../contract-suites/harness.ts';
import type { Report } from './run.ts';

const run = promisify(execFile);
const CHAOS = join(import.meta.dirname, '..', '..', 'scripts', 'chaos.ts');
const FAULTS = ['actor-kill', 'actor-stop', 'actor-partition'];

t.test('an actor node killed, one stopped, one cut off', async (t) => {
  await using folder = await tempFolder();
  const file = join(folder.path, 'report.json');
  const args = ['--scenario', FAULTS.join(','), '--rate', '20', '--seed', '1', '--report', file];
  // Its exit code says that a book is wrong; which one, the report says.
  const told = await run(process.execPath, [CHAOS, ...args]).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  const text = await readFile(file, 'utf8').catch(() => t.bailout(`${told.stdout}\n${told.stderr}`));
  const { windows, books } = JSON.parse(String(text)) as Report;
  t.same(
    windows.map(({ label }) => label).filter((label) => FAULTS.includes(label)),
    FAULTS,
  );
  for (const { rule, checked, wrong } of books) {
    t.ok(checked > 0, `there was something to check: ${rule}`);
    t.same(wrong, [], rule);
  }
});
