/**
 * Goal: a song that was never packaged sounds at once, wherever one goes in it. Method: the player in Chromium
 * and the service as started, over a library that was only indexed, 4 minutes a song in FLAC, MP3 and AAC;
 * clicks with the file in the machine's cache and without, seeks to places that were not fetched; then 16 songs
 * asked for at the same moment by address, with what the service and its encoders hold in memory meanwhile.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { findFfmpeg } from '../../media/ingest/ffmpeg.ts';
import { openBrowser } from '../e2e/browser.ts';
import { listenIn, openAlbum, signUp } from '../e2e/listener.ts';
import { startOn } from '../e2e/service.ts';
import { clickToPlaying } from './click.ts';
import { forget, type IndexedSong, makeIndexed } from './jit-library.ts';
import type { BenchReport } from './report.ts';

const ALBUM = 'Never Played';
const RUNS = 9;
const AT_ONCE = 16;
const SEEKS = [0.9, 0.3, 0.6, 0.75, 0.15, 0.97];
/** Rows that are out of sight are not there to be clicked. */
const ALL_SONGS_SEEN_PX = 3200;
const GOALS_MS = { start: 250, seek: 500 };
/** A second on, so that what a click sets off has settled. */
const SETTLED_MS = 2000;
/** Then it is taken for lost. */
const SEEK_MS_MAX = 10_000;

const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);
const median = (values: readonly number[]): number =>
  sorted(values)[Math.floor(values.length / 2)] ?? Number.NaN;
const ms = (value: number): string => `${value.toFixed(0)} ms`;
const row = (label: string, times: readonly number[]) =>
  [
    `${label} (${times.length} runs)`,
    `${ms(median(times))} (${ms(Math.min(...times))} to ${ms(Math.max(...times))})`,
  ] as const;

async function starts(page: Page, songs: readonly IndexedSong[], cold: boolean): Promise<number[]> {
  const times: number[] = [];
  // From the last to the first, so that none was expected as the next one.
  for (const song of songs.toReversed()) {
    if (cold) await forget(song);
    const button = page.getByRole('button', { name: `Play ${song.title}`, exact: true });
    times.push(await clickToPlaying(page, () => button.click()));
    await page.waitForTimeout(SETTLED_MS);
  }
  return times;
}

/** In the song that sounds, by the player's own bar, each to a place far from all before: until time goes on there. */
async function seeks(page: Page): Promise<number[]> {
  const times: number[] = [];
  for (const part of SEEKS) {
    const sought = page.evaluate(
      (to) =>
        new Promise<number>((resolve, reject) => {
          const audio = window.listening.audios.find((one) => !one.paused);
          const bar = document.querySelector<HTMLInputElement>('.seek input');
          if (!audio || !bar) {
            reject(new Error('nothing sounds'));
            return;
          }
          const askedMs = performance.now();
          let from: number | undefined;
          const look = () => {
            if (from !== undefined && !audio.seeking && audio.currentTime > from) {
              resolve(performance.now() - askedMs);
              return;
            }
            if (audio.seeking) from = audio.currentTime;
            setTimeout(look, 5);
          };
          bar.value = String(Math.round(to * Number(bar.max)));
          bar.dispatchEvent(new Event('input', { bubbles: true }));
          bar.dispatchEvent(new Event('change', { bubbles: true }));
          look();
        }),
      part,
    );
    const late = page.waitForTimeout(SEEK_MS_MAX).then(() => SEEK_MS_MAX);
    times.push(await Promise.race([sought, late]));
    await page.waitForTimeout(SETTLED_MS / 2);
  }
  return times;
}

/** Memory of the process and of those it has started, in MiB: shared pages count by their part. */
async function memoryOf(pid: number): Promise<{ service: number; encoders: number; count: number }> {
  const of = { service: 0, encoders: 0, count: 0 };
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const parent = Number(/^PPid:\s+(\d+)/m.exec(await readFile(`/proc/${name}/status`, 'utf8'))?.[1]);
      if (Number(name) !== pid && parent !== pid) continue;
      const pss = /^Pss:\s+(\d+)/m.exec(await readFile(`/proc/${name}/smaps_rollup`, 'utf8'))?.[1];
      if (Number(name) === pid) of.service = Number(pss) / 1024;
      else {
        of.encoders += Number(pss) / 1024;
        of.count += 1;
      }
    } catch {
      // It ended in the meantime.
    }
  }
  return of;
}

/** The least that any start takes: ffmpeg alone encodes the first segment, on the machine as it is at the moment. */
async function bareEncoder(songs: readonly IndexedSong[]): Promise<number[]> {
  const ffmpeg = await findFfmpeg();
  const times: number[] = [];
  for (const { path } of songs) {
    const startedMs = performance.now();
    const output = ['-t', '2', '-c:a', 'aac', '-b:a', '96k', '-f', 'adts', '-y', '/dev/null'];
    await promisify(execFile)(ffmpeg.path, [
      '-v',
      'error',
      '-nostdin',
      '-threads',
      '1',
      '-i',
      path,
      ...output,
    ]);
    times.push(performance.now() - startedMs);
  }
  return times;
}

async function manyAtOnce(url: string, pid: number, songs: readonly IndexedSong[]) {
  const headers = { 'Content-Type': 'application/json' };
  const account = { username: 'many', password: 'correct horse battery', deviceName: 'bench' };
  const made = await fetch(`${url}/api/accounts`, { method: 'POST', headers, body: JSON.stringify(account) });
  const { accessToken } = (await made.json()) as { accessToken: string };
  const authorized = { Authorization: `Bearer ${accessToken}` };
  const before = await memoryOf(pid);
  const most = { service: 0, encoders: 0, count: 0 };
  let done = false;
  const watching = (async () => {
    while (!done) {
      const now = await memoryOf(pid);
      for (const key of ['service', 'encoders', 'count'] as const) most[key] = Math.max(most[key], now[key]);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  const startedMs = performance.now();
  const waits = await Promise.all(
    songs.map(async ({ songId }) => {
      const stream = await fetch(`${url}/api/songs/${songId}/stream`, { headers: authorized });
      const { hlsUrl } = (await stream.json()) as { hlsUrl: string };
      const base = new URL(hlsUrl, url).href.replace('master.m3u8', '');
      const get = async (name: string): Promise<number> => {
        const answer = await fetch(base + name);
        await answer.arrayBuffer();
        if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
        return performance.now() - startedMs;
      };
      await Promise.all(['master.m3u8', '96/index.m3u8', '96/init.mp4', '96/key'].map(get));
      const first = await get('96/0.m4s');
      // The player goes on to the best rung.
      return { first, second: await get('160/1.m4s') };
    }),
  );
  done = true;
  await watching;
  return { before, most, first: waits.map((wait) => wait.first), second: waits.map((wait) => wait.second) };
}

export default async function bench(): Promise<BenchReport> {
  const { dataDir, musicDir, songs } = await makeIndexed(ALBUM, 2 * RUNS + AT_ONCE);
  const service = await startOn(dataDir);
  const context = await openBrowser({ height: ALL_SONGS_SEEN_PX });
  try {
    const page = await context.newPage();
    await listenIn(page);
    await signUp(page, service.url, 'listener');
    await openAlbum(page, ALBUM);
    const bare = await bareEncoder(songs.slice(0, RUNS));
    const warm = await starts(page, songs.slice(0, RUNS), false);
    const sought = await seeks(page);
    const cold = await starts(page, songs.slice(RUNS, 2 * RUNS), true);
    await context.close();
    const many = await manyAtOnce(service.url, service.pid, songs.slice(2 * RUNS));
    const mib = (value: number): string => `${value.toFixed(0)} MiB`;
    return {
      name: 'jit',
      goal: `a song never packaged: click to \`playing\` ${GOALS_MS.start} ms, a seek anywhere in it ${GOALS_MS.seek} ms`,
      measured: `${ms(median(warm))}, cold ${ms(median(cold))}; seek ${ms(Math.max(...sought))} at most`,
      met: Math.max(median(warm), median(cold)) <= GOALS_MS.start && Math.max(...sought) <= GOALS_MS.seek,
      rows: [
        row('limit: ffmpeg alone, the first 2 s', bare),
        row('click to `playing`, file in cache', warm),
        row('click to `playing`, file not in cache', cold),
        row('seek to a place not fetched', sought),
        row(`${AT_ONCE} at once: until the first segment`, many.first),
        row(`${AT_ONCE} at once: until the second, of a higher rung`, many.second),
        [
          'load average of the machine',
          loadavg()
            .map((load) => load.toFixed(1))
            .join(', '),
        ],
        ['memory of the service before, at most', `${mib(many.before.service)}, ${mib(many.most.service)}`],
        ['encoders at most, memory of all of them', `${many.most.count}, ${mib(many.most.encoders)}`],
      ],
    };
  } finally {
    await context.close();
    await service.stop();
    await rm(musicDir, { recursive: true });
  }
}
