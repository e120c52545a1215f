/**
 * Goal: the demo is music that the catalogue takes, made from nothing but its seed, and whole after any death.
 * Method: short excerpts are performed in this process; one track goes through the real ingest.
 */
import { access, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import t from 'tap';
import { Isrc, RightsWindow } from '../../actors/catalog/contract.ts';
import { object } from '../../kit/contract.ts';
import { systemIds } from '../../kit/sources.ts';
import { problemsOf } from '../../kit/validate.ts';
import { findFfmpeg } from '../ingest/ffmpeg.ts';
import { digestOf } from '../ingest/ids.ts';
import { FolderObjects, memoryIngestTables, RememberingCatalog } from '../ingest/testing/engines.ts';
import type { DemoTrack } from './album.ts';
import { DEMO } from './albums/index.ts';
import { describe, ensureDemo, generateDemo } from './demo.ts';
import { lyricsOf, perform } from './perform.ts';
import { beatSecOf, secondsOf } from './score.ts';
import { SAMPLE_RATE } from './synth/dsp.ts';
import { loudnessOf } from './synth/master.ts';
import { seeded } from './synth/random.ts';
import { wavOf } from './synth/wav.ts';

const SEED = 'antiphon';
const NO_COVER = new Uint8Array();

function secondsOfTrack({ song, part }: DemoTrack): number {
  const barSec = song.beatsPerBar * beatSecOf(song);
  const until = part?.untilBar === undefined ? secondsOf(song) : part.untilBar * barSec;
  return until - (part?.fromBar ?? 0) * barSec;
}

/** Two bars and what rings on. */
const excerptOf = (track: DemoTrack): DemoTrack => {
  const { part: _, ...whole } = track;
  const [first] = track.song.sections;
  const section = { ...(first as DemoTrack['song']['sections'][0]), energy: 0.9, lead: true };
  return {
    ...whole,
    song: { ...track.song, sections: [{ ...section, chords: section.chords.slice(0, 2) }] },
  };
};

t.test('there is something for everyone', async (t) => {
  const of = (key: (entry: (typeof DEMO)[number]) => string | undefined): Set<string> =>
    new Set(DEMO.flatMap((entry) => key(entry) ?? []));
  t.ok(DEMO.length >= 12);
  t.equal(of(({ album }) => album.artist).size, 6);
  t.equal(of(({ album }) => album.title).size, 6);
  t.ok(of(({ track }) => track.genres[0]).size >= 7, 'genres');
  t.ok(of(({ track }) => track.language).size >= 6, 'languages');
  t.ok(of(({ album }) => album.releasedOn.slice(0, 3)).size >= 5, 'decades');
  t.equal(DEMO.filter(({ track }) => track.explicit).length, 1, 'explicit');
  t.equal(of(({ track }) => track.slug).size, DEMO.length);
  for (const { track } of DEMO) {
    const seconds = secondsOfTrack(track);
    t.ok(seconds >= 59 && seconds <= 90, `${track.slug} lasts ${seconds.toFixed(1)} s`);
  }
});

t.test('what is said of each song is what the catalogue takes', async (t) => {
  const isrcs = new Set<string>();
  const reasons = new Set<string>();
  for (const entry of DEMO) {
    const said = describe(entry, NO_COVER);
    isrcs.add(said.isrc ?? '');
    t.same(problemsOf(object({ isrc: Isrc }), { isrc: said.isrc }), []);
    t.equal(
      said.credits.reduce((total, { shareBp }) => total + shareBp, 0),
      10_000,
      `shares of ${said.title}`,
    );
    for (const window of said.rights) {
      t.same(problemsOf(RightsWindow, window), []);
      if (window.fromMs !== undefined && window.fromMs > Date.now()) reasons.add('NOT_RELEASED');
      if (window.regions.length > 0 && !window.regions.includes('CH')) reasons.add('NOT_IN_REGION');
    }
    t.ok(said.artistAbout?.[said.artists[0]?.name ?? '']);
  }
  t.equal(isrcs.size, DEMO.length, 'ISRCs differ');
  t.same([...reasons].sort(), ['NOT_IN_REGION', 'NOT_RELEASED'], 'both reasons can be seen');
});

t.test('words are sung in order, within the song, in the language that is named', async (t) => {
  for (const { track } of DEMO) {
    const lines = lyricsOf(track, SEED);
    t.equal(lines.length > 0, track.language !== undefined, track.slug);
    const written = track.song.sections.reduce((total, section) => total + (section.lines?.length ?? 0), 0);
    t.equal(lines.length, written, `every line of ${track.slug} has its time`);
    const times = lines.map(({ atMs }) => atMs);
    t.same(
      times,
      times.toSorted((a, b) => a - b),
    );
    t.ok((times.at(-1) ?? 0) < secondsOfTrack(track) * 1000);
  }
});

t.test('the same seed gives the same bytes, another seed other music', async (t) => {
  for (const slug of ['harbour-lights', 'la-valse-du-moulin']) {
    const track = excerptOf((DEMO.find((entry) => entry.track.slug === slug) as (typeof DEMO)[number]).track);
    const bytes = (seed: string): Buffer => wavOf(perform(track, seed), seeded(seed));
    t.ok(bytes('one').equals(bytes('one')));
    t.notOk(bytes('one').equals(bytes('two')));
  }
});

t.test('every band plays at its loudness, in stereo, without clipping, and ends in silence', async (t) => {
  const bands = new Map(DEMO.map(({ track }) => [track.song.band, track]));
  for (const track of bands.values()) {
    const sound = perform(excerptOf(track), SEED);
    const { left, right } = sound;
    const peak = left.reduce(
      (most, sample, i) => Math.max(most, Math.abs(sample), Math.abs(right[i] ?? 0)),
      0,
    );
    t.ok(peak < 0.86 && peak > 0.2, `${track.slug} peaks at ${peak.toFixed(2)}`);
    const { targetLufs } = track.song.band;
    t.ok(
      Math.abs(loudnessOf(sound) - targetLufs) < 2.5,
      `${track.slug}: ${loudnessOf(sound).toFixed(1)} LUFS`,
    );
    t.ok(Math.abs(left[0] ?? 1) < 0.001 && Math.abs(left.at(-1) ?? 1) < 0.001, 'no click at the ends');
    t.ok(
      left.some((sample, i) => Math.abs(sample - (right[i] ?? 0)) > 0.01),
      'the sides differ',
    );
    const mean = left.reduce((total, sample) => total + sample, 0) / left.length;
    t.ok(Math.abs(mean) < 0.001, 'no DC');
  }
});

t.test('two tracks of one piece meet without a gap', async (t) => {
  const halves = DEMO.filter(({ track }) => track.part).map(({ track }) => track);
  t.equal(halves.length, 2);
  const excerpt = (track: DemoTrack, part: NonNullable<DemoTrack['part']>): DemoTrack => ({
    ...excerptOf(track),
    part,
  });
  const [first, second] = halves as [DemoTrack, DemoTrack];
  t.equal(first.part?.untilBar, second.part?.fromBar);
  const one = perform(excerpt(first, { fromBar: 0, untilBar: 1 }), SEED);
  const two = perform(excerpt(second, { fromBar: 1 }), SEED);
  const whole = perform(excerptOf(first), SEED);
  t.equal(one.left.length + two.left.length, whole.left.length);
  t.same(one.left.at(-1), whole.left[one.left.length - 1]);
  t.same(two.left[0], whole.left[one.left.length]);
});

t.test('every album has a cover that can be drawn', async (t) => {
  for (const album of new Set(DEMO.map((entry) => entry.album))) {
    t.equal(album.cover(SEED), album.cover(SEED), 'from the seed alone');
    const { width, height } = await sharp(Buffer.from(album.cover(SEED))).metadata();
    t.same([width, height], [1000, 1000]);
    const { channels } = await sharp(Buffer.from(album.cover(SEED))).stats();
    t.ok(Math.max(...channels.map(({ stdev }) => stdev)) > 20, `${album.title} is no plain area`);
  }
});

t.test('a demo cut short is completed: only missing tracks are made', async (t) => {
  const root = t.testdir({ data: {}, temp: {} });
  const tempFolder = join(root, 'temp');
  const tables = memoryIngestTables();
  const catalog = new RememberingCatalog();
  const deps = {
    objects: new FolderObjects(join(root, 'data')),
    tables,
    catalog,
    ids: systemIds,
    ffmpeg: await findFfmpeg(),
    tempFolder,
  };
  const last = DEMO[0] as (typeof DEMO)[number];
  for (const { track } of DEMO.slice(1)) {
    const path = join(tempFolder, 'demo-v1', `${track.slug}.wav`);
    await tables.files.put(digestOf(path), [], { state: 'taken in before', songId: track.slug });
  }
  const told: string[] = [];
  const run = () =>
    ensureDemo({
      ...deps,
      catalogIsEmpty: async () => false,
      onProgress: ({ title, done, total }) => told.push(`${done}/${total} ${title}`),
    });
  await run();
  t.same(told, [`${DEMO.length}/${DEMO.length} ${last.track.title} · ${last.album.artist}`]);
  const [release] = catalog.releases;
  t.equal(release?.title, last.track.title);
  t.match(release?.album.coverId, /^\w{22}$/, 'its cover is stored');
  t.equal(release?.lyrics?.synced, true);
  t.ok((release?.durationMs ?? 0) > 59_000);
  await run();
  t.equal(catalog.releases.length, 1, 'nothing is made twice');
  await t.rejects(access(join(tempFolder, 'demo-v1')), 'no file is left behind');
});

t.test('a catalogue with music in it gets no demo', async (t) => {
  const catalog = new RememberingCatalog();
  const root = t.testdir({});
  await ensureDemo({
    objects: new FolderObjects(root),
    tables: memoryIngestTables(),
    catalog,
    ids: systemIds,
    ffmpeg: await findFfmpeg(),
    tempFolder: root,
    catalogIsEmpty: async () => false,
  });
  t.same(catalog.releases, []);
});

t.test('a demo goes on whose first song was released and not marked', async (t) => {
  const root = t.testdir({ data: {}, temp: { 'demo-v1': {} } });
  const stop = new AbortController();
  const told: number[] = [];
  await t.rejects(
    ensureDemo({
      objects: new FolderObjects(join(root, 'data')),
      tables: memoryIngestTables(),
      catalog: new RememberingCatalog(),
      ids: systemIds,
      ffmpeg: await findFfmpeg(),
      tempFolder: join(root, 'temp'),
      catalogIsEmpty: async () => false,
      signal: stop.signal,
      onProgress({ done }) {
        told.push(done);
        stop.abort(new Error('enough'));
      },
    }),
  );
  t.same(told, [1]);
});

t.test('rendering stops when it is told to', async (t) => {
  const folder = join(t.testdir({}), 'demo');
  await mkdir(folder);
  const stop = new AbortController();
  const songs = generateDemo(DEMO.slice(0, 1), folder, stop.signal);
  const next = songs.next();
  stop.abort();
  await t.rejects(next, { name: 'AbortError' });
});

t.test('a rendered file is a WAV of 44.1 kHz, 16 bit', async (t) => {
  const folder = t.testdir({});
  const seedSelect = DEMO.filter(({ track }) => track.slug === 'seed-select');
  for await (const { wavPath, entry } of generateDemo(seedSelect, folder)) {
    const wav = await readFile(wavPath);
    t.same([wav.readUInt32LE(24), wav.readUInt16LE(34), wav.readUInt16LE(22)], [SAMPLE_RATE, 16, 2]);
    t.equal((wav.length - 44) / 4, Math.round(secondsOf(entry.track.song) * SAMPLE_RATE));
  }
});
