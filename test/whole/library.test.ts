/**
 * Goal: an administrator's folder is taken in beside the running service and followed from then on, whatever
 * becomes of the process that reads it. Method: the service's own library on a temp folder, its reader killed.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ServiceBroker } from 'moleculer';
import t from 'tap';
import { createCatalog } from '../../actors/catalog/actor.ts';
import { openEngines } from '../../infra/open-engines.ts';
import { clientOf } from '../../kit/client.ts';
import { setLogLevel } from '../../kit/log.ts';
import { systemSources } from '../../kit/sources.ts';
import { libraryOf } from '../../library.config.ts';
import { findFfmpeg } from '../../media/ingest/ffmpeg.ts';
import { makeMusic } from '../../media/ingest/testing/music.ts';
import {
  type Folder,
  LIBRARY_TOPIC,
  type LibraryNews,
  libraryContract,
} from '../../media/library/contract.ts';
import { SCHEMA } from '../../tables.config.ts';
import { settingsIn } from './running.ts';

setLogLevel('silent');
const ffmpeg = await findFfmpeg();

async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 600; tries++) {
    const seen = await look();
    if (seen) return seen;
    await pause(50);
  }
  throw new Error(`never: ${what}`);
}

t.test(
  'a folder is taken in, followed, survives its reader, and is removed',
  { timeout: 180_000 },
  async (t) => {
    const root = t.testdir({ music: {} });
    const music = join(root, 'music');
    const settings = settingsIn(root, { ANTIPHON_LOG_LEVEL: 'silent' });
    const engines = await openEngines({ settings, sources: systemSources, schema: SCHEMA });
    const broker = new ServiceBroker({ logger: false });
    broker.createService(libraryOf(engines, settings));
    await broker.start();
    t.teardown(async () => {
      await broker.stop();
      await catalog[Symbol.asyncDispose]();
      await engines[Symbol.asyncDispose]();
    });
    const library = clientOf(libraryContract, broker);
    const catalog = createCatalog({ ...engines, sources: systemSources });
    await catalog.start();
    const titles = async () =>
      (await catalog.handlers.allSongs({})).items
        .map(({ title }) => title)
        .sort()
        .join();
    const hasTitles = (expected: string) =>
      until(`songs ${expected}`, async () => (await titles()) === expected);
    const make = (name: string, seed: number) =>
      makeMusic(ffmpeg, music, name, { samples: 44_100, seed, tags: { title: name.replace(/\..*/, '') } });
    const news: LibraryNews[] = [];
    await engines.topics.subscribe(LIBRARY_TOPIC, (message) => void news.push(message as LibraryNews));

    await make('one.mp3', 1);
    await writeFile(join(music, 'odd.mp3'), 'no music');
    const added = await library.addFolder({ path: music });
    t.match(added, { path: music, state: { s: 'waiting' } });
    t.equal(
      (await library.addFolder({ path: music })).folderId,
      added.folderId,
      'adding twice is adding once',
    );
    await hasTitles('one');
    const atRest = (): Promise<Folder> =>
      until('rest', async () =>
        (await library.folders({})).items.find(({ state, counts }) => state.s === 'idle' && counts.files > 0),
      );
    t.match(await atRest(), { watched: true, counts: { songs: 1, files: 1, refused: 1 } });
    t.match((await library.refusals({ folderId: added.folderId })).items, [
      { path: join(music, 'odd.mp3'), code: 'NOT_MUSIC' },
    ]);
    await until('news', async () => news.some(({ folder }) => folder?.counts.songs === 1));

    await mkdir(join(music, 'new'));
    await make('new/two.mp3', 2);
    await rename(join(music, 'new/two.mp3'), join(music, 'new/moved.mp3'));
    await hasTitles('new/two,one');
    await rm(join(music, 'one.mp3'));
    await hasTitles('new/two');

    const readers = execFileSync('pgrep', ['-P', String(process.pid), '-f', 'library.process'], {
      encoding: 'utf8',
    });
    process.kill(Number(readers.trim()), 'SIGKILL');
    await make('three.mp3', 3);
    await hasTitles('new/two,three');

    const nested = library.addFolder({ path: join(music, 'new') });
    await t.rejects(nested, { code: 'FOLDER_NESTED' });
    await t.rejects(library.addFolder({ path: settings.dataDir }), { code: 'FOLDER_HOLDS_DATA' });
    await library.removeFolder({ folderId: added.folderId });
    t.same((await library.folders({})).items, []);
    await hasTitles('');
  },
);
