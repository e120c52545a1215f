/**
 * Goal: what the dead left is removed, and what the living work on is not, here and in containers beside.
 * Method: folders named as such processes name them; one process really works, one has really died.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import t from 'tap';
import { RefusedError } from '../files/refusal.ts';
import { makeWorkFolder, sweepTempFolder, withRoom } from './work-folder.ts';

const HOUR_S = 3600;

t.test('the living keep their folders, the dead do not', async (t) => {
  const temp = join(t.testdir(), 'temp');
  await mkdir(temp);
  const { pid: deadPid } = spawnSync(process.execPath, ['-e', '']);
  const own = await makeWorkFolder(temp);
  const kept = [`song-${process.ppid}-1-${hostname()}-abcdef`, 'song-7-1-another-host-abcdef', 'other'];
  const dead = [
    `song-${deadPid}-1-${hostname()}-abcdef`,
    // As in a container that was killed and started again.
    `song-${process.pid}-1-${hostname()}-abcdef`,
    'song-7-1-a-host-of-yesterday-abcdef',
  ];
  for (const name of [...kept, ...dead]) await mkdir(join(temp, name));
  const yesterdayS = Date.now() / 1000 - 25 * HOUR_S;
  await utimes(join(temp, 'song-7-1-a-host-of-yesterday-abcdef'), yesterdayS, yesterdayS);
  await sweepTempFolder(temp);
  t.same((await readdir(temp)).sort(), [...kept, basename(own.path)].sort());
  await own[Symbol.asyncDispose]();
  t.same((await readdir(temp)).sort(), kept.sort());
});

t.test('a temporary folder that is not there is made', async (t) => {
  const temp = join(t.testdir(), 'a/b');
  await sweepTempFolder(temp);
  t.same(await readdir(temp), []);
});

t.test('a step that fails on a full disk is no fault of the file', async (t) => {
  const folder = t.testdir();
  const damaged = () => Promise.reject(new RefusedError('DAMAGED'));
  const full = withRoom(folder, damaged, async () => 4096);
  await t.rejects(full, { code: 'INGEST_NO_ROOM', retryable: true });
  await t.rejects(
    withRoom(folder, damaged, async () => 1024 ** 3),
    { code: 'DAMAGED' },
  );
  await t.rejects(withRoom(folder, damaged), { code: 'DAMAGED' }, 'this disk has room');
  t.equal(await withRoom(folder, async () => 'done'), 'done');
});
