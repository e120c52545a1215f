/**
 * Goal: over JetStream, workers share the queue, and a killed worker's file is taken up by another by itself.
 * Method: one nats-server holds the journal; a worker process is killed in the middle of a song; two more
 * workers, each with a connection of its own, then do what is left.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t from 'tap';
import { startNats } from '../../infra/local/nats.ts';
import { trackKeys } from '../package/names.ts';
import type { PackagedTrack } from '../package/types.ts';
import { enqueueImport } from './enqueue.ts';
import { openIngestWorld, openSharedJournal, releasesIn } from './testing/cluster.ts';
import { makeMusic } from './testing/music.ts';
import { startIngestWorker } from './worker.ts';

const SONGS = 4;

t.test('a killed worker of a cluster is replaced by the others', { timeout: 180_000 }, async (t) => {
  const root = t.testdir({ music: {}, data: {}, nats: {} });
  const [dataDir, music] = [join(root, 'data'), join(root, 'music')];
  await using nats = await startNats({ count: 1, folder: join(root, 'nats') });
  const [natsUrl = ''] = nats.urls;
  await using world = await openIngestWorld(dataDir);
  for (let seed = 1; seed <= SONGS; seed++) {
    await makeMusic(world.deps.ffmpeg, music, `${seed}.wav`, {
      samples: 44_100,
      seed,
      tags: { title: `${seed}` },
    });
  }
  const program = join(import.meta.dirname, 'testing/worker-process.ts');
  const step = '+ put tracks/24.mp4';
  const dying = spawn(process.execPath, [program, dataDir, step, natsUrl], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await using importers = await openSharedJournal(natsUrl);
  const importing = enqueueImport({ ...world.deps, journal: importers.journal }, { folders: [music] });
  const [told] = await once(dying.stdout, 'data');
  t.equal(String(told).trim(), step, 'it is in the middle of a song');
  dying.kill('SIGKILL');

  await using ones = await openSharedJournal(natsUrl);
  await using _one = await startIngestWorker({ ...world.deps, nodeId: 'one', journal: ones.journal });
  await using twos = await openSharedJournal(natsUrl);
  await using _two = await startIngestWorker({ ...world.deps, nodeId: 'two', journal: twos.journal });
  const summary = await importing;
  t.match(summary, { total: SONGS, released: SONGS, refused: [], duplicates: [] });
  const releases = await releasesIn(world.embedded);
  t.same([...new Set(releases.map(({ title }) => title))].sort(), ['1', '2', '3', '4']);
  for (const { songId } of releases) {
    const index = JSON.parse(String(await world.deps.objects.get(trackKeys.index(songId)))) as PackagedTrack;
    const keys: string[] = [];
    for await (const key of world.deps.objects.list(trackKeys.prefix(songId))) keys.push(key);
    t.equal(keys.length, index.renditions.length + 3, 'one encoding, whole');
  }
  t.match(await world.deps.jobs.status(), { waiting: 0, inWork: [], done: SONGS, refused: 0 });
});
