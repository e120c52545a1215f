/**
 * Goal: a cluster's workers take in what a person's own machine would, and a worker that dies or sleeps
 * anywhere leaves no track half-published, none twice, and nothing behind.
 * Method: embedded engines and real encoding. Workers tell each step that others can see; they are stopped
 * there in process, killed there as processes, or put to sleep there while another one works.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { UnavailableError } from '../../kit/errors.ts';
import type { JournalRecord } from '../../kit/ports/journal.ts';
import { trackKeys } from '../package/names.ts';
import type { PackagedTrack } from '../package/types.ts';
import { INGEST_STREAM, type IngestEnded, type IngestQueued, ingestSubject } from './contract.ts';
import { enqueueImport } from './enqueue.ts';
import { findFfmpeg } from './ffmpeg.ts';
import { deleteFiles, sendFiles, sweepIncoming } from './incoming.ts';
import { type Handle, type OnStep, openIngestWorld, releasesIn, watched } from './testing/cluster.ts';
import { makeMusic } from './testing/music.ts';
import { type IngestWorkerDeps, startIngestWorker } from './worker.ts';

type World = Awaited<ReturnType<typeof openIngestWorld>>;
const SAMPLES = 44_100;
const WORKER = join(import.meta.dirname, 'testing/worker-process.ts');
// Timers of clocks keep no process alive; a waiting test does.
const alive = setInterval(() => undefined, 1000);
t.teardown(() => clearInterval(alive));
const oneSong = findFfmpeg().then((ffmpeg) =>
  makeMusic(ffmpeg, t.testdir(), 'song.wav', { samples: SAMPLES, tags: { title: 'One' } }),
);

async function fixture(t: Test): Promise<World & { readonly music: string; readonly dataDir: string }> {
  const root = t.testdir({ music: {}, data: {} });
  const dataDir = join(root, 'data');
  const world = await openIngestWorld(dataDir);
  t.teardown(() => world[Symbol.asyncDispose]());
  return { ...world, music: join(root, 'music'), dataDir };
}

/** A worker that is handed its records by the test. */
async function workerOf(deps: IngestWorkerDeps, onStep: OnStep = async () => undefined): Promise<Handle> {
  let handle: Handle | undefined;
  const seen = watched(deps, onStep);
  await startIngestWorker({
    ...seen,
    journal: {
      ...seen.journal,
      async consume(options) {
        handle = options.handle;
        return { caughtUp: async () => undefined, [Symbol.asyncDispose]: async () => undefined };
      },
    },
  });
  return handle as Handle;
}

/** Sends and queues a file as an importer does, without waiting for its end. */
async function queue({ deps }: World, path: string, state = 'state'): Promise<JournalRecord> {
  const jobId = deps.ids.next();
  const sent = await sendFiles(jobId, path, {}, deps.objects);
  const data: IngestQueued = { type: 'ingestQueued', jobId, day: '2026-11-21', path, state, ...sent };
  const seq = await deps.journal.append(INGEST_STREAM, ingestSubject(jobId), data, { expectedSeq: 0 });
  return { stream: INGEST_STREAM, subject: ingestSubject(jobId), seq, atMs: deps.clock.nowMs(), data };
}

async function keysOf({ deps }: World, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of deps.objects.list(prefix)) keys.push(key);
  return keys;
}

/** One job, one end, one song that is whole, and nothing else anywhere. */
async function assertPublishedOnce(t: Test, world: World, { subject }: JournalRecord): Promise<void> {
  const ends = (await world.deps.journal.read(INGEST_STREAM, subject)).slice(1).map(({ data }) => data);
  t.equal(ends.length, 1, 'the job ended once');
  t.match(ends[0], { type: 'ingestDone' });
  const { songId } = (ends[0] as Extract<IngestEnded, { type: 'ingestDone' }>).song;
  const releases = await releasesIn(world.embedded);
  t.ok(releases.length > 0);
  for (const release of releases) t.same(release, releases[0], 'whoever released it said the same');
  t.equal(releases[0]?.songId, songId);
  const index = JSON.parse(String(await world.deps.objects.get(trackKeys.index(songId)))) as PackagedTrack;
  const wanted = [
    trackKeys.index(songId),
    trackKeys.preview(songId),
    trackKeys.waveform(songId),
    ...index.renditions.map(({ rung }) => trackKeys.rendition(songId, rung, index.encodingId)),
  ];
  t.same(await keysOf(world, 'tracks/'), wanted.sort(), 'the song is whole and there is no other encoding');
  for (const { rung, fileBytes } of index.renditions) {
    const info = await world.deps.objects.head(trackKeys.rendition(songId, rung, index.encodingId));
    t.equal(info?.bytes, fileBytes, `the index tells of this ${rung}`);
  }
  t.same(await keysOf(world, 'incoming/'), [], 'what was sent is gone');
  t.same(
    (await readdir(world.deps.tempFolder)).filter((name) => name.includes(`-${process.pid}-`)),
    [],
  );
}

t.test('a folder is taken in by workers as it is by one process', async (t) => {
  const world = await fixture(t);
  const { deps, music } = world;
  await makeMusic(deps.ffmpeg, music, 'a/song.flac', { samples: SAMPLES, seed: 1, tags: { title: 'A' } });
  await writeFile(join(music, 'a/song.lrc'), '[00:00.50]Hello');
  await makeMusic(deps.ffmpeg, music, 'b.wav', { samples: SAMPLES, seed: 2, tags: { title: 'B' } });
  await writeFile(join(music, 'notes.mp3'), 'no music');
  // Its headers are in order: only who decodes it can tell.
  const holed = await makeMusic(deps.ffmpeg, music, 'holed.flac', { samples: SAMPLES, seed: 3 });
  const bytes = await readFile(holed);
  await writeFile(holed, bytes.fill(0, bytes.length >> 2, bytes.length >> 1));
  await using _worker = await startIngestWorker(deps);
  const progress: string[] = [];
  const run = () =>
    enqueueImport(
      { ...deps, journal: world.embedded.journal },
      {
        folders: [music],
        onProgress: ({ done, total }) => progress.push(`${done}/${total}`),
      },
    );

  const first = await run();
  t.match(first, { total: 4, released: 2, unchanged: 0 });
  t.equal(progress.at(-1), '4/4');
  t.same(first.refused.map(({ file, code }) => [file, code]).sort(), [
    [holed, 'TRUNCATED'],
    [join(music, 'notes.mp3'), 'NOT_MUSIC'],
  ]);
  t.match(first.refused.find(({ file }) => file === holed)?.why, /^It ends before the length/);
  const releases = await releasesIn(world.embedded);
  t.same(releases.map(({ title }) => title).sort(), ['A', 'B']);
  t.equal(releases.find(({ title }) => title === 'A')?.lyrics?.lines[0]?.text, 'Hello');
  t.same(await keysOf(world, 'incoming/'), []);

  const status = await deps.jobs.status();
  t.match(status, { waiting: 0, inWork: [], done: 2, refused: 1 });
  t.match(status.refusals, [{ path: holed, code: 'TRUNCATED' }], 'what was never sent is no job');

  t.match(await run(), { total: 4, released: 0, unchanged: 2 }, 'again: nothing is sent that is known');
  await makeMusic(deps.ffmpeg, music, 'copy.wav', { samples: SAMPLES, seed: 2, tags: { title: 'Copy' } });
  t.same((await run()).duplicates, [{ file: join(music, 'copy.wav'), of: join(music, 'b.wav') }]);
  await rename(join(music, 'b.wav'), join(music, 'moved.wav'));
  await rename(join(music, 'copy.wav'), join(music, 'moved too.wav'));
  const moved = await run();
  t.match(moved, { released: 1 }, 'one of those that moved speaks for the sound that b.wav spoke for');
  t.equal(moved.duplicates.length, 1);
});

t.test('a worker that dies at any step is completed by the next one', async (t) => {
  for (const step of [
    'fetch incoming/song',
    'put tracks/24.mp4',
    'put tracks/320.mp4',
    'put tracks/index.json',
    'release',
    'own',
    'remember',
    'append ingestDone',
    'delete incoming/song',
  ]) {
    await t.test(`after: ${step}`, async (t) => {
      const world = await fixture(t);
      const record = await queue(world, await oneSong);
      let dead = false;
      const dying = await workerOf(world.deps, async (taken) => {
        if (taken === `+ ${step}`) dead = true;
        if (dead) throw new Error('killed');
      });
      await t.rejects(dying([record]), { message: 'killed' });
      await (await workerOf(world.deps))([record]);
      await assertPublishedOnce(t, world, record);
    });
  }
});

/** A worker process that has reached the step, in the middle of the job. */
async function workerProcess(dataDir: string, step: string) {
  const child = spawn(process.execPath, [WORKER, dataDir, step], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [told] = await Promise.race([once(child.stdout, 'data'), exited]);
  if (String(told).trim() !== step) throw new Error(`the worker did not come to: ${step}`);
  return {
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async wake() {
      child.stdin.write('go on\n');
      const [code] = await exited;
      if (code !== 0) throw new Error(`the worker failed when it woke: ${code}`);
    },
  };
}

t.test('a worker that slept while another one ended its job does no harm', async (t) => {
  for (const step of ['+ put tracks/24.mp4', '- put tracks/index.json', '- append ingestDone']) {
    await t.test(`at: ${step}`, async (t) => {
      const world = await fixture(t);
      const record = await queue(world, await oneSong);
      const sleeper = await workerProcess(world.dataDir, step);
      await (await workerOf(world.deps))([record]);
      const before = await releasesIn(world.embedded);
      await sleeper.wake();
      t.same(await releasesIn(world.embedded), before, 'it released nothing any more');
      await assertPublishedOnce(t, world, record);
    });
  }
});

t.test('a worker that slept does not bring back the tags of before', async (t) => {
  const world = await fixture(t);
  const make = (title: string) =>
    makeMusic(world.deps.ffmpeg, world.music, 'song.flac', { samples: SAMPLES, tags: { title } });
  const record = await queue(world, await make('Old'), 'old');
  const sleeper = await workerProcess(world.dataDir, '+ put tracks/index.json');
  const worker = await workerOf(world.deps);
  await worker([record]);
  const newer = await queue(world, await make('New'), 'new');
  await worker([newer]);
  await sleeper.wake();
  t.same(
    (await releasesIn(world.embedded)).map(({ title }) => title),
    ['Old', 'New'],
  );
});

t.test('a service that is away ends no job; an upload that is gone does, with the reason', async (t) => {
  const world = await fixture(t);
  const path = await makeMusic(world.deps.ffmpeg, world.music, 'song.wav', { samples: SAMPLES });
  const record = await queue(world, path);
  // As the bus says it.
  const error = Object.assign(new Error("Service 'catalog.release' is not found."), { retryable: true });
  const worker = await workerOf({ ...world.deps, catalog: { release: () => Promise.reject(error) } });
  await t.rejects(
    worker([record]),
    { code: 'INGEST_HELD_UP', retryable: true },
    'it is no fault of the file',
  );
  t.equal((await world.deps.journal.read(INGEST_STREAM, record.subject)).length, 1);
  await deleteFiles((record.data as IngestQueued).jobId, world.deps.objects);
  await worker([record]);
  const [, end] = await world.deps.journal.read(INGEST_STREAM, record.subject);
  t.match(end?.data, { type: 'ingestRefused', code: 'UPLOAD_LOST' });
});

t.test('a file that could not be queued is not shown as one that waits', async (t) => {
  const world = await fixture(t);
  const { deps, embedded, music } = world;
  await makeMusic(deps.ffmpeg, music, 'song.wav', { samples: SAMPLES });
  const away = new UnavailableError('JOURNAL_AWAY', 'Try again.');
  const journal = {
    append: () => Promise.reject(away),
    read: embedded.journal.read.bind(embedded.journal),
    parked: embedded.journal.parked.bind(embedded.journal),
  };
  await t.rejects(enqueueImport({ ...deps, journal }, { folders: [music] }), away);
  t.match(await deps.jobs.status(), { waiting: 0 });
});

t.test('uploads that no job waits for are swept, the young and the waiting are not', async (t) => {
  const world = await fixture(t);
  const path = join(world.music, 'x');
  await mkdir(world.music, { recursive: true });
  await writeFile(path, 'x');
  const [waiting, ended] = [await queue(world, path), await queue(world, path)];
  await world.deps.journal.append(INGEST_STREAM, ended.subject, { type: 'ingestRefused' });
  await sendFiles(world.deps.ids.next(), path, {}, world.deps.objects);
  const sweep = (atMs: number) =>
    sweepIncoming({ ...world.deps, clock: { ...world.deps.clock, nowMs: () => atMs } });
  await sweep(Date.now());
  t.equal((await keysOf(world, 'incoming/')).length, 3, 'all are young');
  await sweep(Date.now() + 10 * 24 * 3_600_000);
  t.same(await keysOf(world, 'incoming/'), [`incoming/${(waiting.data as IngestQueued).jobId}/song`]);
});

t.test('a worker that stops waits for its sweep, which else meets closed engines', async (t) => {
  const { deps } = await fixture(t);
  const [held, begun] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const timer = Promise.withResolvers<() => void>();
  let sweeps = 0;
  const worker = await startIngestWorker({
    ...deps,
    journal: {
      ...deps.journal,
      consume: async () => ({
        caughtUp: async () => undefined,
        [Symbol.asyncDispose]: async () => undefined,
      }),
    },
    clock: {
      nowMs: () => deps.clock.nowMs(),
      after(_delayMs, fn) {
        timer.resolve(fn);
        return { cancel: () => undefined };
      },
    },
    objects: {
      ...deps.objects,
      async *list(prefix) {
        sweeps += 1;
        if (sweeps > 1) {
          begun.resolve();
          await held.promise;
        }
        yield* deps.objects.list(prefix);
      },
    },
  });
  const onSweep = await timer.promise;
  onSweep();
  await begun.promise;
  let stopped = false;
  const stopping = worker[Symbol.asyncDispose]().then(() => {
    stopped = true;
  });
  await new Promise(setImmediate);
  t.notOk(stopped);
  held.resolve();
  await stopping;
});

t.test('workers that are killed one after the other: the last one completes the job', async (t) => {
  const root = t.testdir({ data: {} });
  const dataDir = join(root, 'data');
  let record: JournalRecord;
  {
    await using world = await openIngestWorld(dataDir);
    record = await queue(world, await oneSong);
  }
  for (const step of [
    '+ fetch incoming/song',
    '+ put tracks/160.mp4',
    '+ put tracks/index.json',
    '+ release',
    '+ append ingestDone',
  ]) {
    await (await workerProcess(dataDir, step)).kill();
  }
  const last = spawn(process.execPath, [WORKER, dataDir], { stdio: 'inherit' });
  t.same(await once(last, 'exit'), [0, null]);
  await using world = await openIngestWorld(dataDir);
  await assertPublishedOnce(t, world, record);
  t.same(await readdir(world.deps.tempFolder), [], 'the dead left nothing in the temporary folder');
});
