/**
 * Goal: how much music one core packages. Method: import songs with one worker and divide their length by
 * the CPU time of the encoder; the bare decoding of the same songs in the same run is the limit it stands on.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemIds } from '../../kit/sources.ts';
import { type Ffmpeg, findFfmpeg, npmFfmpegPath, runFfmpeg } from '../../media/ingest/ffmpeg.ts';
import { type ImportSummary, importFolder } from '../../media/ingest/import.ts';
import { FolderObjects, memoryIngestTables, RememberingCatalog } from '../../media/ingest/testing/engines.ts';
import type { BenchReport } from './report.ts';

const GOAL = 17;
const SONGS = 2;
const SONG_SECONDS = 60;

/** Debian's singularity-music (CC BY-SA 3.0), when it is installed: music that anybody can measure with. */
const INSTALLED_MUSIC = '/usr/share/games/singularity/music';

/**
 * Where it is not, pink noise of a given seed with chords in it. The encoder's search takes about a fifth
 * longer with that than with music, and much longer still with tones alone.
 */
function songGraph(index: number): string {
  const root = 110 * 2 ** ((index * 5) / 12);
  const chord = [1, 1.5, 2.5].map((ratio) => `0.03*sin(2*PI*t*${(root * ratio).toFixed(2)})`).join('+');
  return [
    `aevalsrc='${chord}|${chord}:s=44100:d=${SONG_SECONDS}'[chords]`,
    `anoisesrc=color=pink:seed=${index + 1}:amplitude=0.4:sample_rate=44100:duration=${SONG_SECONDS},aformat=channel_layouts=stereo[noise]`,
    '[chords][noise]amix=inputs=2:duration=shortest',
  ].join(';');
}

/** Makes SONGS files in `folder` and says what they are. */
async function prepareMusic(ffmpeg: Ffmpeg, folder: string): Promise<string> {
  await mkdir(folder);
  const installed = existsSync(INSTALLED_MUSIC)
    ? (await readdir(INSTALLED_MUSIC)).filter((name) => name.endsWith('.ogg')).sort()
    : [];
  for (let i = 0; i < SONGS; i++) {
    const name = installed[i];
    const input = name
      ? ['-ss', '30', '-t', String(SONG_SECONDS), '-i', join(INSTALLED_MUSIC, name)]
      : ['-filter_complex', songGraph(i)];
    await mustRun(ffmpeg, [...input, '-c:a', 'flac', join(folder, `${i}.flac`)]);
  }
  return installed.length >= SONGS ? 'singularity-music' : 'generated';
}

export default async function bench(): Promise<BenchReport> {
  const root = await mkdtemp(join(tmpdir(), 'antiphon-ingest-bench-'));
  try {
    const system = await findFfmpeg();
    const music = join(root, 'music');
    const what = await prepareMusic(system, music);
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const summary = await importWith(system, music, join(root, 'system'));
    delay.disable();
    const npmPath = npmFfmpegPath();
    const npm = npmPath && npmPath !== system.path ? await findFfmpeg(npmPath) : undefined;
    const npmSummary = npm && (await importWith(npm, music, join(root, 'npm')));
    const decodeMs = await decodeCpuMs(system, music);
    const perCore = xRealtime(summary);
    return {
      name: 'ingest',
      goal: `>= ${GOAL} x realtime per core, all outputs`,
      measured: `${perCore.toFixed(1)} x`,
      met: perCore >= GOAL,
      rows: [
        ['music', `${what}, ${SONGS} songs of ${SONG_SECONDS} s, FLAC`],
        [`all outputs, ffmpeg ${system.version}`, cpuOf(summary)],
        ...(npm && npmSummary ? [[`all outputs, ffmpeg ${npm.version}`, cpuOf(npmSummary)] as const] : []),
        ['bare decoding', `${(decodeMs / 1000).toFixed(2)} CPU s`],
        ['event loop delay meanwhile, p99', `${(delay.percentile(99) / 1e6).toFixed(1)} ms`],
      ],
    };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function importWith(ffmpeg: Ffmpeg, music: string, folder: string): Promise<ImportSummary> {
  const summary = await importFolder({
    folders: [music],
    workers: 1,
    deps: {
      objects: new FolderObjects(join(folder, 'objects')),
      tables: memoryIngestTables(),
      catalog: new RememberingCatalog(),
      ids: systemIds,
      ffmpeg,
      tempFolder: join(folder, 'temp'),
    },
  });
  if (summary.released !== SONGS) throw new Error(`only ${summary.released} of ${SONGS} songs were taken in`);
  return summary;
}

const xRealtime = ({ encodedMs, encodedCpuMs }: ImportSummary): number => encodedMs / encodedCpuMs;

const cpuOf = (summary: ImportSummary): string =>
  `${xRealtime(summary).toFixed(1)} x realtime, ${(summary.encodedCpuMs / 1000).toFixed(2)} CPU s`;

async function decodeCpuMs(ffmpeg: Ffmpeg, music: string): Promise<number> {
  let ms = 0;
  for (let i = 0; i < SONGS; i++) {
    const stderr = await mustRun(ffmpeg, ['-benchmark', '-i', join(music, `${i}.flac`), '-f', 'null', '-']);
    ms += 1000 * Number(/utime=([\d.]+)s/.exec(stderr)?.[1] ?? 0);
  }
  return ms;
}

async function mustRun(ffmpeg: Ffmpeg, args: readonly string[]): Promise<string> {
  const run = await runFfmpeg(ffmpeg, args, 120_000);
  if (run.exitCode !== 0) throw new Error(run.stderr);
  return run.stderr;
}
