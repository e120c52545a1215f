/**
 * Goal: how much music one core packages. Method: import songs of the demo with one worker and divide their
 * length by the CPU time that ffmpeg reports; the limit is one rung alone, made of the same songs by the same
 * ffmpeg in the same run. The two-loop search follows the music: other music is up to a
 * tenth away, noise and pure tones further.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { MINUTE_MS } from '../../config/limits.ts';
import { systemIds } from '../../kit/sources.ts';
import { DEMO } from '../../media/demo/albums/index.ts';
import { render } from '../../media/demo/render.ts';
import { type Ffmpeg, findFfmpeg, npmFfmpegPath, runFfmpeg } from '../../media/ingest/ffmpeg.ts';
import { type IngestDeps, ingestSong } from '../../media/ingest/song.ts';
import { FolderObjects, memoryIngestTables, RememberingCatalog } from '../../media/ingest/testing/engines.ts';
import { cpuMsOf } from '../../media/ingest/transcode.ts';
import type { BenchReport } from './report.ts';

const GOAL = 17;
const SEED = 'antiphon';
/** The first track of each of as many albums: unlike genres. */
const SONGS = DEMO.slice(0, 4).map(({ track }) => track);

interface Cost {
  /** Of the music. */
  readonly durationMs: number;
  readonly cpuMs: number;
}

interface PackagedSong extends Cost {
  readonly title: string;
}

export default async function bench(): Promise<BenchReport> {
  const root = await mkdtemp(join(tmpdir(), 'antiphon-ingest-bench-'));
  try {
    const music = join(root, 'music');
    await mkdir(music);
    for (const track of SONGS) {
      await render(track.slug, SEED, {
        wavPath: wavPath(music, track.slug),
        coverPath: join(music, 'cover'),
      });
    }
    const system = await findFfmpeg();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const songs = await packageWith(system, music, join(root, 'system'));
    delay.disable();
    const npmPath = npmFfmpegPath();
    const npm = npmPath && npmPath !== system.path ? await findFfmpeg(npmPath) : undefined;
    const npmSongs = npm && (await packageWith(npm, music, join(root, 'npm')));
    const whole = sumOf(songs);
    const rungArgs = ['-c:a', 'aac', '-aac_coder', 'fast', '-b:a', '160k', join(root, 'rung.mp4')];
    const oneRung = { ...whole, cpuMs: await cpuMsWith(system, music, rungArgs) };
    const identityArgs = ['-map', '0:a:0', '-c', 'copy', '-f', 'hash', '-hash', 'sha256', 'pipe:1'];
    const identityMs = await cpuMsWith(system, music, identityArgs);
    return {
      name: 'ingest',
      goal: `>= ${GOAL} x realtime per core, all outputs`,
      measured: `${xRealtime(whole).toFixed(1)} x`,
      met: xRealtime(whole) >= GOAL,
      rows: [
        ...songs.map(
          (song) => [`${song.title}, ${(song.durationMs / 1000).toFixed(0)} s`, costText(song)] as const,
        ),
        [`all of them, ffmpeg ${system.version}`, costText(whole)],
        ...(npm && npmSongs
          ? [[`all of them, ffmpeg ${npm.version}`, costText(sumOf(npmSongs))] as const]
          : []),
        ['limit: decoding and the 160 kbit/s rung alone', costText(oneRung)],
        ['CPU of all outputs to that of the limit', `${(whole.cpuMs / oneRung.cpuMs).toFixed(1)} x`],
        ['probe and identity, besides', `${(identityMs / 1000).toFixed(2)} CPU s`],
        ['event loop delay meanwhile, p99', `${(delay.percentile(99) / 1e6).toFixed(1)} ms`],
      ],
    };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

const wavPath = (music: string, slug: string): string => join(music, `${slug}.wav`);

async function packageWith(ffmpeg: Ffmpeg, music: string, folder: string): Promise<PackagedSong[]> {
  const tempFolder = join(folder, 'temp');
  await mkdir(tempFolder, { recursive: true });
  const deps: IngestDeps = {
    objects: new FolderObjects(join(folder, 'objects')),
    tables: memoryIngestTables(),
    catalog: new RememberingCatalog(),
    ids: systemIds,
    ffmpeg,
    tempFolder,
  };
  const songs: PackagedSong[] = [];
  for (const track of SONGS) {
    const song = await ingestSong({ path: wavPath(music, track.slug) }, deps);
    if (song.s !== 'released' || !song.encoded) throw new Error(`${track.slug} was not encoded`);
    songs.push({ title: track.title, durationMs: song.durationMs, cpuMs: song.cpuMs });
  }
  return songs;
}

/** CPU time of one ffmpeg run for each song. */
async function cpuMsWith(ffmpeg: Ffmpeg, music: string, outputArgs: readonly string[]): Promise<number> {
  let cpuMs = 0;
  for (const { slug } of SONGS) {
    const args = ['-benchmark', '-y', '-threads', '1', '-i', wavPath(music, slug), ...outputArgs];
    const run = await runFfmpeg(ffmpeg, args, 2 * MINUTE_MS);
    if (run.exitCode !== 0) throw new Error(run.stderr);
    cpuMs += cpuMsOf(run.stderr);
  }
  return cpuMs;
}

const xRealtime = ({ durationMs, cpuMs }: Cost): number => durationMs / cpuMs;

const costText = (cost: Cost): string =>
  `${xRealtime(cost).toFixed(1)} x realtime, ${(cost.cpuMs / 1000).toFixed(2)} CPU s`;

const sumOf = (songs: readonly Cost[]): Cost => ({
  durationMs: songs.reduce((sum, song) => sum + song.durationMs, 0),
  cpuMs: songs.reduce((sum, song) => sum + song.cpuMs, 0),
});
