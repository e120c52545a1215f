/**
 * Goal: what a song costs to be taken into the catalogue, with everything that follows from it (lists, counts,
 * search). Method: a library as homes have them is released in calls of RELEASES_AT_ONCE_MAX on the embedded
 * engines, until all consumers have caught up; CPU time of the process per song. The limit is the bare durable
 * append of the same releases in the same run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createCatalog } from '../../actors/catalog/actor.ts';
import type { ArtistRef, SongRelease } from '../../actors/catalog/contract.ts';
import { createSearch } from '../../actors/search/actor.ts';
import { RELEASES_AT_ONCE_MAX } from '../../config/limits.ts';
import { openEmbedded } from '../../infra/embedded/open-embedded.ts';
import { systemClock, systemIds, systemRandom } from '../../kit/sources.ts';
import type { BenchReport } from './report.ts';

const CPU_MS_GOAL = 1.5;
const DELAY_MS_GOAL = 50;
const ALBUMS = 1500;
const ALBUM_SONGS = 12;
const ARTISTS = 600;
/** Compilations with a different artist on each song. */
const COMPILATIONS = 100;
const COMPILATION_SONGS = 15;
/** What lies in one folder without an album in its tags. */
const LOOSE_SONGS = 500;
const GENRES = ['Rock', 'Jazz', 'Folk', 'Electronic', 'Classical', 'Hip-Hop', 'Pop', 'Ambient'];
const WORDS = [
  'river',
  'night',
  'stone',
  'glass',
  'winter',
  'silent',
  'golden',
  'paper',
  'harbour',
  'engine',
];

const wordsOf = (n: number, count: number): string =>
  Array.from({ length: count }, (_, i) => WORDS[(n * (i + 3) + i * 7) % WORDS.length]).join(' ');

const artists: readonly ArtistRef[] = Array.from({ length: ARTISTS }, (_, i) => ({
  artistId: systemIds.next(),
  name: `${wordsOf(i, 2)} ${i}`,
  sortName: `${i} ${wordsOf(i, 2)}`,
}));
const VARIOUS: ArtistRef = { artistId: systemIds.next(), name: 'Various Artists' };
/** Few artists have most albums. */
const artistAt = (n: number): ArtistRef =>
  artists[Math.floor(ARTISTS * (((n * 7919) % 10_007) / 10_007) ** 2)] as ArtistRef;

function songOf(album: SongRelease['album'], by: readonly ArtistRef[], n: number, at: number): SongRelease {
  return {
    songId: systemIds.next(),
    title: `${wordsOf(n * 31 + at, 3)} ${at}`,
    album,
    artists: [...by],
    discNumber: 1,
    trackNumber: at + 1,
    durationMs: 180_000 + at * 1000,
    explicit: false,
    genres: [GENRES[n % GENRES.length] as string],
    moods: [],
    year: 1960 + (n % 60),
    credits: [
      { role: 'performer', name: by[0]?.name ?? '', shareBp: 10_000 },
      { role: 'composer', name: artistAt(n + at).name, shareBp: 0 },
    ],
    rights: [{ regions: [] }],
    original: {
      format: 'flac',
      codec: 'flac',
      mimeType: 'audio/flac',
      lossless: true,
      kbps: 900,
      sampleRateHz: 44_100,
      bitDepth: 16,
      channels: 2,
      bytes: 25_000_000,
    },
    loudness: { integratedLufs: -9.1 },
    hasPreview: false,
    rungs: [24, 96, 160, 320],
  };
}

function library(): SongRelease[] {
  const albumOf = (title: string, by: ArtistRef): SongRelease['album'] => ({
    albumId: systemIds.next(),
    title,
    artists: [by],
    type: 'album',
    coverId: systemIds.next(),
  });
  const albums = Array.from({ length: ALBUMS }, (_, n) => {
    const album = albumOf(`${wordsOf(n, 2)} ${n}`, artistAt(n));
    return Array.from({ length: ALBUM_SONGS }, (_, at) => songOf(album, album.artists, n, at));
  });
  const compilations = Array.from({ length: COMPILATIONS }, (_, n) => {
    const album: SongRelease['album'] = { ...albumOf(`Hits ${n}`, VARIOUS), type: 'compilation' };
    return Array.from({ length: COMPILATION_SONGS }, (_, at) =>
      songOf(album, [artistAt(n * COMPILATION_SONGS + at)], n, at),
    );
  });
  const loose = albumOf('Unknown Album', VARIOUS);
  return [
    ...albums.flat(),
    ...compilations.flat(),
    ...Array.from({ length: LOOSE_SONGS }, (_, at) => songOf(loose, [artistAt(at)], at, 0)),
  ];
}

const cpuMsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

const chunksOf = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

export default async function bench(): Promise<BenchReport> {
  // The engines' timers keep no process alive, and here nothing else does while consumers catch up.
  const alive = setInterval(() => {}, 1000);
  const dataDir = await mkdtemp(join(tmpdir(), 'antiphon-catalog-bench-'));
  try {
    await using engines = await openEmbedded({ dataDir, clock: systemClock });
    const sources = { clock: systemClock, random: systemRandom, ids: systemIds };
    await using catalog = createCatalog({ ...engines, sources });
    await using search = createSearch({
      index: engines.searchIndex,
      journal: engines.journal,
      catalog: catalog.handlers,
      clock: systemClock,
    });
    await catalog.start();
    await search.start();
    await search.ready();
    const songs = library();
    const calls = chunksOf(songs, RELEASES_AT_ONCE_MAX);
    const releaseAll = async () => {
      for (const call of calls) await catalog.handlers.releaseMany({ songs: call });
    };
    const bareMs = await cpuMsOf(async () => {
      for (const call of calls) {
        await Promise.all(call.map((song) => engines.journal.append('bare', `bare.${song.songId}`, song)));
      }
    });
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const startedMs = performance.now();
    const releaseMs = await cpuMsOf(releaseAll);
    const tookMs = performance.now() - startedMs;
    const followMs = await cpuMsOf(async () => {
      await catalog.caughtUp();
      await search.ready();
    });
    delay.disable();
    const againMs = await cpuMsOf(releaseAll);
    const { songs: counted } = await catalog.handlers.counts({});
    if (counted !== songs.length) throw new Error(`${counted} of ${songs.length} songs are counted`);
    const perSong = (ms: number) => `${(ms / songs.length).toFixed(3)} ms of CPU a song`;
    const totalMs = releaseMs + followMs;
    const p99Ms = delay.percentile(99) / 1e6;
    return {
      name: 'catalog',
      goal: `at most ${CPU_MS_GOAL} ms of CPU a song with all that follows; event loop late by at most ${DELAY_MS_GOAL} ms at p99`,
      measured: `${perSong(totalMs)}, p99 ${p99Ms.toFixed(1)} ms`,
      met: totalMs / songs.length <= CPU_MS_GOAL && p99Ms <= DELAY_MS_GOAL,
      rows: [
        ['songs', String(songs.length)],
        ['bare durable append of the same', perSong(bareMs)],
        ['releasing, with what ran beside it', perSong(releaseMs)],
        ['what followed', perSong(followMs)],
        ['releasing again, unchanged', perSong(againMs)],
        ['songs a second while releasing', (songs.length / (tookMs / 1000)).toFixed(0)],
        [
          'event loop late, p50 / p99 / max',
          [delay.percentile(50), delay.percentile(99), delay.max]
            .map((ns) => `${(ns / 1e6).toFixed(1)} ms`)
            .join(' / '),
        ],
      ],
    };
  } finally {
    clearInterval(alive);
    await rm(dataDir, { recursive: true, force: true });
  }
}
