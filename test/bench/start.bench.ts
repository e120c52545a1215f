/**
 * Goal: music sounds at once. Method: the player in Chromium, from the click to the audio element's `playing`;
 * songs played for the first time, songs that were fetched ahead, and songs played for the first time with
 * 50 ms added to every request by the browser (CDP Network.emulateNetworkConditions). Each median stands
 * beside hls.js with its defaults in a page that has the signed URL in hand already.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { BrowserContext, Page } from 'playwright-core';
import { openBrowser } from '../e2e/browser.ts';
import { makeLibrary } from '../e2e/library.ts';
import { isFetchedAt, listenIn, openAlbum, signUp } from '../e2e/listener.ts';
import { startOn } from '../e2e/service.ts';
import { clickToPlaying } from './click.ts';
import type { BenchReport } from './report.ts';

const RUNS = 12;
const SONG_SECONDS = 8;
const LATENCY_MS = 50;
const GOALS_MS = { cold: 50, prefetched: 15, distant: 200 } as const;
const ALBUM = {
  title: 'Starts',
  artist: 'Bench',
  genre: 'Test',
  songs: Array.from({ length: RUNS }, (_, i) => ({ title: `Song ${i + 1}`, seconds: SONG_SECONDS })),
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function addLatency(context: BrowserContext, page: Page, latency: number): Promise<void> {
  const debuggerSession = await context.newCDPSession(page);
  await debuggerSession.send('Network.enable');
  const unlimited = { downloadThroughput: -1, uploadThroughput: -1, offline: false };
  await debuggerSession.send('Network.emulateNetworkConditions', { latency, ...unlimited });
}

/** The song that sounds is the `place`-th since one was picked by hand, from 0 on; the last has no next. */
const nextIsReady = (page: Page, place: number) => isFetchedAt(page, (place + 1) * SONG_SECONDS + 1);

/** From the last song to the first, so that none was fetched ahead as the next one. */
async function coldStarts(page: Page): Promise<number[]> {
  const times: number[] = [];
  for (const { title } of ALBUM.songs.toReversed()) {
    const button = page.getByRole('button', { name: `Play ${title}`, exact: true });
    times.push(await clickToPlaying(page, () => button.click()));
    await isFetchedAt(page, 1);
    if (title !== ALBUM.songs.at(-1)?.title) await nextIsReady(page, 0);
  }
  return times;
}

async function prefetchedStarts(page: Page): Promise<number[]> {
  const times: number[] = [];
  const next = page.getByRole('button', { name: 'Next' });
  await clickToPlaying(page, () => page.getByRole('button', { name: 'Play Song 1', exact: true }).click());
  for (const [place, { title }] of ALBUM.songs.slice(1).entries()) {
    await nextIsReady(page, place);
    times.push(await clickToPlaying(page, () => next.click()));
    await page.locator('.now-title', { hasText: title }).waitFor();
  }
  return times;
}

/** hls.js as it comes, in a page of the same origin, given the signed URL. */
async function bareStarts(context: BrowserContext, url: string, urls: readonly string[], latency: number) {
  const hls = await readFile(createRequire(import.meta.url).resolve('hls.js/dist/hls.js'), 'utf8');
  const times: number[] = [];
  for (const hlsUrl of urls) {
    const page = await context.newPage();
    await listenIn(page);
    await page.goto(url);
    await page.evaluate(hls);
    await page.evaluate((source) => {
      const button = document.createElement('button');
      button.id = 'bare';
      button.style.cssText = 'position: fixed; inset: 0; z-index: 99';
      button.onclick = () => {
        const audio = new Audio();
        const player = new Hls();
        player.loadSource(source);
        player.attachMedia(audio);
        void audio.play();
      };
      document.body.append(button);
    }, hlsUrl);
    await addLatency(context, page, latency);
    times.push(await clickToPlaying(page, () => page.locator('#bare').click()));
    await page.close();
  }
  return times;
}
declare const Hls: new () => { loadSource(url: string): void; attachMedia(audio: HTMLAudioElement): void };

export default async function bench(): Promise<BenchReport> {
  const service = await startOn(await makeLibrary([ALBUM]));
  const context = await openBrowser();
  try {
    const streams = new Map<string, string>();
    const openPlayer = async (username: string, latency: number) => {
      const page = await context.newPage();
      page.on('request', (request) => {
        const [, base = '', track] = /^(.+\/m\/[^/]+\/(\w+))\/\d+\/index\.m3u8$/.exec(request.url()) ?? [];
        if (track) streams.set(track, `${base}/master.m3u8`);
      });
      await listenIn(page);
      await signUp(page, service.url, username);
      await openAlbum(page, ALBUM.title);
      await addLatency(context, page, latency);
      return page;
    };
    const close = async (page: Page) => {
      await page.goto(`${service.url}/settings`);
      await page.getByRole('button', { name: 'Log out' }).click();
      await page.getByRole('tab', { name: 'Log in' }).waitFor();
      await page.close();
    };
    let page = await openPlayer('near', 0);
    const cold = await coldStarts(page);
    const prefetched = await prefetchedStarts(page);
    await close(page);
    page = await openPlayer('distant', LATENCY_MS);
    const distant = await coldStarts(page);
    await close(page);
    const urls = [...streams.values()];
    const bare = await bareStarts(context, service.url, urls, 0);
    const bareDistant = await bareStarts(context, service.url, urls, LATENCY_MS);

    const measured = { cold: median(cold), prefetched: median(prefetched), distant: median(distant) };
    const ms = (value: number) => `${value.toFixed(0)} ms`;
    const row = (label: string, times: readonly number[]) =>
      [
        `${label} (${times.length} runs)`,
        `${ms(median(times))} (${ms(Math.min(...times))} to ${ms(Math.max(...times))})`,
      ] as const;
    return {
      name: 'start',
      goal: `click to sound ${Object.values(GOALS_MS).join(', ')} ms: cold, prefetched, cold with ${LATENCY_MS} ms added per request`,
      measured: `${ms(measured.cold)}, ${ms(measured.prefetched)}, ${ms(measured.distant)}`,
      met: (Object.keys(GOALS_MS) as (keyof typeof GOALS_MS)[]).every(
        (name) => measured[name] <= GOALS_MS[name],
      ),
      rows: [
        row('cold', cold),
        row('prefetched', prefetched),
        row(`cold, ${LATENCY_MS} ms added`, distant),
        row('limit: hls.js defaults, URL in hand', bare),
        row(`limit: hls.js defaults, URL in hand, ${LATENCY_MS} ms added`, bareDistant),
      ],
    };
  } finally {
    await context.close();
    await service.stop();
  }
}
