/**
 * Goal: no file stops the rest for good, whatever it does to the process that reads it, and no folder is read twice
 * at once. Method: processes that die and that never answer, of their own and for true.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  LIBRARY_FILE_MS_MAX,
  LIBRARY_READER_SILENT_MS_MAX,
  LIBRARY_TURN_LOST_AFTER_MS,
} from '../../config/limits.ts';
import { systemClock } from '../../kit/sources.ts';
import { manualClock } from '../../test/contract-suites/harness.ts';
import { withFile } from '../files/reader.ts';
import { startReaderProcess } from './reader-process.ts';
import { takeTurn } from './turn.ts';

const turnIn = (dataDir: string, signal?: AbortSignal, onWait?: () => void) =>
  takeTurn({ dataDir, folderId: 'f1', clock: systemClock, signal, onWait });

/** Dies with the file in hand. */
async function diesWith(t: Test, dataDir: string, path: string, state: string): Promise<void> {
  const program = join(t.testdirName, 'dies.ts');
  writeFileSync(
    program,
    `import { takeTurn } from '${join(import.meta.dirname, 'turn.ts')}';
import { systemClock } from '${join(import.meta.dirname, '..', '..', 'kit', 'sources.ts')}';
const [dataDir, path, state] = process.argv.slice(2);
const turn = await takeTurn({ dataDir, folderId: 'f1', clock: systemClock });
turn.with('/music/before.mp3', 's', () => undefined);
turn.with(path, state, () => process.kill(process.pid, 'SIGKILL'));
`,
  );
  const [, signal] = await once(fork(program, [dataDir, path, state]), 'exit');
  t.equal(signal, 'SIGKILL');
}

t.test('L15: a file that has ended its reader twice is refused until it changes', async (t) => {
  const dataDir = t.testdir({});
  const deadly = '/music/deadly.mp3';
  for (let death = 1; death <= 2; death++) {
    await diesWith(t, dataDir, deadly, 'first');
    using turn = await turnIn(dataDir);
    t.equal(
      turn.with('/music/before.mp3', 's', () => 'read'),
      'read',
      'the others are read',
    );
    if (death === 1) continue;
    t.throws(() => turn.with(deadly, 'first', () => t.fail('it is not read')), {
      code: 'CRASHED_THE_READER',
    });
    t.equal(
      turn.with(deadly, 'second', () => 'read'),
      'read',
    );
  }
  using turn = await turnIn(dataDir);
  t.equal(
    turn.with(deadly, 'first', () => 'read'),
    'read',
    'nothing is held against what was read whole',
  );
});

t.test('L16: a folder is looked through by one at a time', async (t) => {
  const dataDir = t.testdir({});
  const first = await turnIn(dataDir);
  let waits = 0;
  const second = turnIn(dataDir, undefined, () => waits++);
  const leaving = new AbortController();
  const third = turnIn(dataDir, leaving.signal);
  leaving.abort(new Error('left'));
  await t.rejects(third, { message: 'left' });
  t.equal(waits, 1);
  first[Symbol.dispose]();
  (await second)[Symbol.dispose]();
});

t.test('L16: the turn of one that is gone, or not heard of, is taken over', async (t) => {
  const dataDir = t.testdir({ library: { 'f1.lock': '999999999' } });
  const lock = join(dataDir, 'library', 'f1.lock');
  (await turnIn(dataDir))[Symbol.dispose]();
  writeFileSync(lock, String(process.pid));
  const longAgo = (Date.now() - LIBRARY_TURN_LOST_AFTER_MS - 1000) / 1000;
  utimesSync(lock, longAgo, longAgo);
  (await turnIn(dataDir))[Symbol.dispose]();
  t.pass();
});

t.test('L15: a file that answers too slowly is refused', (t) => {
  const path = join(t.testdir({ 'slow.mp3': 'ID3' }), 'slow.mp3');
  const nowMs = performance.now();
  withFile(path, (file) => {
    t.intercept(performance, 'now', { value: () => nowMs + LIBRARY_FILE_MS_MAX + 1000 });
    t.throws(() => file.read(0, 3), { code: 'TOO_SLOW' });
  });
  t.end();
});

t.test('L15: a process that a file holds in a loop is ended, and begins again', async (t) => {
  const dir = t.testdir({ 'loops.ts': 'for (;;);' });
  const clock = manualClock();
  const ended = Promise.withResolvers<void>();
  await using reader = startReaderProcess({
    program: join(dir, 'loops.ts'),
    settings: {},
    clock,
    onState: () => undefined,
    onEnd: ended.resolve,
  });
  const before = reader.pid;
  clock.advance(LIBRARY_READER_SILENT_MS_MAX);
  await ended.promise;
  clock.advance(60_000);
  t.not(reader.pid, before);
  const now = reader.pid as number;
  process.kill(now, 'SIGKILL');
});
