/**
 * Goal: songs are packaged in the background in the right order, within the budget, whole or not at all.
 * Method: short files, real encoders, embedded tables; runs that say when someone waits.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Tables } from '../../kit/ports/tables.ts';
import { systemIds } from '../../kit/sources.ts';
import { enginesOf } from '../../test/doubles/engines.ts';
import { ManualClock } from '../../test/gateway/doubles.ts';
import { findFfmpeg } from '../ingest/ffmpeg.ts';
import { packagedTrack } from '../ingest/package.ts';
import { FolderObjects } from '../ingest/testing/engines.ts';
import { trackKeys } from '../package/names.ts';
import { startPackager } from './packager.ts';
import { openPackages } from './packages.ts';
import { createPlans } from './plan.ts';
import type { AudioFile } from './ports.ts';
import { jitLengths, jitPackages } from './tables.ts';
import { makeFile } from './testing.ts';

const ffmpeg = await findFfmpeg();
const SECONDS = 4;
/** What one song of that length is taken to come to; a tone comes to less. */
const SONG_BYTES = 320_000;
const music = t.testdir({});
const files = new Map<string, AudioFile>();
const ids = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(22));
for (const [i, songId] of ids.entries()) {
  const sound = { samples: SECONDS * 44_100, seed: i + 1 };
  files.set(songId, await makeFile(ffmpeg, music, `${songId}.flac`, sound));
}
const [a = '', b = '', c = '', d = ''] = ids;

interface Options {
  readonly budgetBytes?: number;
  readonly suggestions?: readonly string[];
  readonly folder?: string;
  readonly tables?: Tables;
  readonly busy?: boolean;
  readonly isCatalogAway?: boolean;
  readonly known?: Map<string, AudioFile>;
}

async function open(t: Test, options: Options = {}) {
  const folder = options.folder ?? t.testdir({});
  const tables = options.tables ?? (await enginesOf(t)).tables;
  const clock = new ManualClock();
  const objects = new FolderObjects(join(folder, 'objects'));
  const tempFolder = join(folder, 'tmp');
  await mkdir(tempFolder, { recursive: true });
  const packages = await openPackages({ objects, rows: tables.open(jitPackages), clock });
  const runs = { busy: options.busy ?? false, onChange: () => undefined };
  const told: { songId: string; hasPreview: boolean }[] = [];
  const known = options.known ?? files;
  const packager = await startPackager({
    ...{ objects, packages, runs, clock, tempFolder },
    plans: createPlans({
      files: { bestFile: async (songId) => known.get(songId) },
      lengths: tables.open(jitLengths),
      ffmpeg: async () => ffmpeg,
      clock,
    }),
    ffmpeg: async () => ffmpeg,
    ids: systemIds,
    budgetBytes: async () => options.budgetBytes ?? 1e9,
    packaged: async (song) => {
      told.push(song);
      if (options.isCatalogAway) await new Promise(() => undefined);
    },
    suggestions: async function* () {
      yield* options.suggestions ?? [];
    },
  });
  t.teardown(() => packager[Symbol.asyncDispose]());
  const order = () => told.map(({ songId }) => songId[0]).join('');
  return { folder, tables, objects, tempFolder, packages, runs, told, packager, order, clock };
}

t.test('played before next before liked before new, each told to the catalogue', async (t) => {
  const world = await open(t, { suggestions: [d, a], busy: true });
  world.packager.wish(c, 'liked');
  world.packager.wish(b, 'next');
  world.packager.wish(a, 'next');
  world.packager.wish(a, 'played');
  world.runs.busy = false;
  world.runs.onChange();
  await world.packager.idle();
  t.equal(world.order(), 'abcd');
  t.match(world.told[0], { songId: a, hasPreview: true, loudness: { integratedLufs: Number } });
  for (const songId of ids) t.equal((await packagedTrack(songId, world.objects))?.samples, SECONDS * 44_100);
  t.same(await readdir(world.tempFolder), []);
});

t.test('it stands still while someone waits for an encoder', async (t) => {
  const world = await open(t);
  world.packager.wish(a, 'played');
  while ((await readdir(world.tempFolder)).length === 0) await new Promise((done) => setTimeout(done, 5));
  world.runs.busy = true;
  world.runs.onChange();
  await new Promise((done) => setTimeout(done, 1500));
  t.equal(world.order(), '', 'not even its encoder goes on');
  world.runs.busy = false;
  world.runs.onChange();
  await world.packager.idle();
  t.equal(world.order(), 'a');
});

t.test('within the budget: the least recently played goes, and only what can be made again', async (t) => {
  const known = new Map(files);
  const world = await open(t, { budgetBytes: 2 * SONG_BYTES, known });
  for (const songId of [a, b]) {
    world.packager.wish(songId, 'played');
    await world.packager.idle();
    world.clock.advance(1000);
  }
  world.packager.wish(d, 'liked');
  await world.packager.idle();
  t.equal(world.order(), 'ab', 'nothing goes for a song that nobody plays');
  world.clock.advance(3_600_000);
  await world.packages.played(a);
  world.packager.wish(c, 'played');
  await world.packager.idle();
  t.equal(world.order(), 'abc');
  const there = async () => {
    const all = await Promise.all(
      ids.map(async (id) => ((await packagedTrack(id, world.objects)) ? id[0] : '')),
    );
    return all.join('');
  };
  t.equal(await there(), 'ac', 'b was played longest ago');
  const left: string[] = [];
  for await (const key of world.objects.list(trackKeys.prefix(b))) left.push(key);
  t.same(left, [], 'nothing of it is left');
  known.delete(a);
  known.delete(c);
  world.packager.wish(b, 'played');
  await world.packager.idle();
  t.equal(await there(), 'ac', 'the others have no file any more');
});

t.test('what was broken off is made anew, and what was only not told is kept', async (t) => {
  const world = await open(t, { busy: true });
  await world.packages.begin(a, SONG_BYTES);
  await world.objects.put(`${trackKeys.encoding(a, 'dead')}24.mp4`, Buffer.from('half'));
  await world.packages.begin(b, SONG_BYTES);
  await world.objects.put(trackKeys.index(b), Buffer.from('{"version":1}'));
  const again = await open(t, { folder: world.folder, tables: world.tables });
  await again.packager.idle();
  t.equal(again.order(), 'a');
  t.equal(again.packages.has(a), true);
  t.equal(again.packages.has(b), true);
  t.equal(await again.objects.get(`${trackKeys.encoding(a, 'dead')}24.mp4`), undefined);
});

t.test('a service that stops leaves the song to the next one', async (t) => {
  const world = await open(t);
  world.packager.wish(a, 'played');
  while ((await readdir(world.tempFolder)).length === 0) await new Promise((done) => setTimeout(done, 5));
  await world.packager[Symbol.asyncDispose]();
  t.equal(await packagedTrack(a, world.objects), undefined);
  t.same(await readdir(world.tempFolder), []);
  const again = await open(t, { folder: world.folder, tables: world.tables });
  await again.packager.idle();
  t.equal(again.order(), 'a');
});

t.test('a damaged file and one that is gone stop nothing', async (t) => {
  const folder = t.testdir({});
  const gone = await makeFile(ffmpeg, folder, 'gone.flac', { samples: 44_100 });
  await rm(gone.path);
  const short = { ...(files.get(b) as AudioFile), samples: 9 * 44_100, durationMs: 9000 };
  const known = new Map([...files, [a, gone], [b, short]]);
  const world = await open(t, { known, folder });
  for (const songId of [a, b, c]) world.packager.wish(songId, 'played');
  await world.packager.idle();
  t.equal(world.order(), 'c');
  for (const songId of [a, b]) t.equal(await packagedTrack(songId, world.objects), undefined);
  t.equal(
    (await world.tables.open(jitLengths).get(b, []))?.samples,
    SECONDS * 44_100,
    'its length is known now',
  );
});

t.test('stopping waits for no catalogue', async (t) => {
  const { packager, told } = await open(t, { suggestions: [a], isCatalogAway: true });
  while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await packager[Symbol.asyncDispose]();
  t.equal(told.length, 1);
});

t.test('stopping in the middle of a song whose folders are gone ends all the same', async (t) => {
  const { packager, folder, tempFolder, told } = await open(t, { suggestions: [a, b] });
  while ((await readdir(tempFolder)).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await rm(folder, { recursive: true });
  await packager[Symbol.asyncDispose]();
  t.same(told, []);
});
