/**
 * Goal: what the dead left is removed, and what the living work on is not, here and in containers beside.
 * Method: folders named as such processes name them; one process really works, one has really died.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import t from 'tap';
import { makeWorkFolder, sweepTempFolder } from './work-folder.ts';

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
