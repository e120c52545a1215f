import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { systemClock } from '../../kit/sources.ts';
import { tempFolder } from '../../test/contract-suites/harness.ts';
import { openDataFolder } from './data-folder.ts';
import { openEmbedded } from './open-embedded.ts';

void t.test('a missing folder is made for its owner alone and opens again', async (t) => {
  await using folder = await tempFolder();
  const path = join(folder.path, 'deep', 'data');
  await Promise.all(Array.from({ length: 5 }, () => openDataFolder(path)));
  t.equal((await stat(path)).mode & 0o777, 0o700);
  await writeFile(join(path, 'anything'), 'x');
  t.equal(await openDataFolder(path), path);
  t.strictSame((await readdir(path)).sort(), ['antiphon-data.json', 'anything']);
});

void t.test(
  'an empty folder becomes ours, a foreign or damaged one is refused and left as it is',
  async (t) => {
    await using folder = await tempFolder();
    await mkdir(join(folder.path, 'lost+found'));
    await openDataFolder(folder.path);
    await using foreign = await tempFolder();
    await writeFile(join(foreign.path, 'holiday.jpg'), 'x');
    await t.rejects(openDataFolder(foreign.path), { code: 'DATA_FOLDER_FOREIGN', message: /holiday\.jpg/ });
    t.strictSame(await readdir(foreign.path), ['holiday.jpg']);
    await writeFile(join(folder.path, 'antiphon-data.json'), '{"format":');
    await t.rejects(openDataFolder(folder.path), { code: 'DATA_FOLDER_FOREIGN' });
  },
);

void t.test('a folder from a newer version is refused', async (t) => {
  await using folder = await tempFolder();
  await writeFile(join(folder.path, 'antiphon-data.json'), '{"app":"antiphon","format":2}');
  await t.rejects(openDataFolder(folder.path), { code: 'DATA_FOLDER_NEWER' });
});

void t.test('a folder that cannot be made or written is refused with its name', async (t) => {
  await using folder = await tempFolder();
  const file = join(folder.path, 'file');
  await writeFile(file, 'x');
  for (const path of [file, join(file, 'below')]) {
    await t.rejects(openDataFolder(path), { code: 'DATA_FOLDER_NOT_WRITABLE', message: new RegExp(path) });
  }
});

void t.test('in a folder that others can read, what is stored is still for its owner alone', async (t) => {
  await using folder = await tempFolder();
  await chmod(folder.path, 0o755);
  await using _embedded = await openEmbedded({ dataDir: folder.path, clock: systemClock });
  for (const name of ['store', 'objects']) t.equal((await stat(join(folder.path, name))).mode & 0o777, 0o700);
});
