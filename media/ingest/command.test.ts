import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { type Clock, systemIds } from '../../kit/sources.ts';
import { runImportCommand } from './command.ts';
import { findFfmpeg } from './ffmpeg.ts';
import { type ImportWalk, importFolder } from './import.ts';
import type { IngestDeps } from './song.ts';
import { FolderObjects, memoryIngestTables, RememberingCatalog } from './testing/engines.ts';
import { makeMusic } from './testing/music.ts';

const ffmpeg = await findFfmpeg();

function setUp(root: string) {
  let nowMs = 0;
  const clock: Clock = {
    // Two seconds pass between any two looks.
    nowMs: () => (nowMs += 2000),
    after: () => ({ cancel: () => {} }),
  };
  const deps: IngestDeps = {
    objects: new FolderObjects(join(root, 'data')),
    tables: memoryIngestTables(),
    catalog: new RememberingCatalog(),
    ids: systemIds,
    ffmpeg,
    tempFolder: join(root, 'temp'),
  };
  let text = '';
  const write = (part: string): void => {
    text += part;
  };
  const importing = (walk: ImportWalk) => importFolder({ ...walk, deps });
  return { clock, importing, write, text: () => text };
}

t.test('each refused file is named with the reason, and the import succeeds', async (t) => {
  const root = t.testdir({ music: {}, temp: {} });
  const music = join(root, 'music');
  await makeMusic(ffmpeg, music, 'good.wav', { samples: 44100 });
  await writeFile(join(music, 'bad\u001b[2J.mp3'), 'no music');
  const { text, ...rest } = setUp(root);
  t.equal(await runImportCommand({ folders: [music], ...rest }), 0);
  t.match(text(), /2\/2 .*files\/min .*x realtime .*1 refused/);
  t.match(text(), /2 files in .*: 1 taken in, 0 unchanged, 0 copies, 1 refused\./);
  t.match(text(), /bad\?\[2J\.mp3\n {4}It holds no music[^[]* \[NOT_MUSIC\]/);
  t.notMatch(text(), '\u001b', 'no file commands the terminal');
});

t.test('nothing is wider than a terminal of 80 columns but a long path', async (t) => {
  const root = t.testdir({ music: {}, temp: {} });
  const music = join(root, 'music');
  await writeFile(join(music, `${'long '.repeat(30)}.mp3`), 'no music');
  const { text, ...rest } = setUp(root);
  t.equal(await runImportCommand({ folders: [music], columns: 80, ...rest }), 0);
  const lines = text()
    .split(/[\n\r]/)
    .map((line) => line.replace('\u001b[K', ''))
    .filter((line) => !line.includes(music));
  t.ok(lines.some((line) => line.includes('1/1') && line.endsWith('…')));
  t.ok(lines.some((line) => line.endsWith('[NOT_MUSIC]')));
  for (const line of lines) t.ok(line.length < 80, line);
});

t.test('a folder that is not there fails the import', async (t) => {
  const root = t.testdir();
  const { text, ...rest } = setUp(root);
  t.equal(await runImportCommand({ folders: [join(root, 'gone')], ...rest }), 1);
  t.match(text(), /The import stopped: The folder .*gone cannot be read \(ENOENT\)/);
});
