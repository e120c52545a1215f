/**
 * Goal: a list of 5,000 songs, and one of 50,000, scrolls at 60 frames a second.
 * Method: the player in Chromium, its list of songs answered by the test; the wheel turned without a pause for a
 * while, the time between frames taken by requestAnimationFrame, and beside it the same browser's frames with
 * nothing to scroll, which is the most that this machine can show.
 */
import type { Page } from 'playwright-core';
import { openBrowser } from '../e2e/browser.ts';
import { makeLibrary, NIGHT_FERRIES } from '../e2e/library.ts';
import { signUp } from '../e2e/listener.ts';
import { startOn } from '../e2e/service.ts';
import type { BenchReport } from './report.ts';

const SIZES = [5000, 50_000] as const;
const PAGE = 100;
const FOR_MS = 5000;
/** A frame that takes longer is seen. */
const LATE_MS = 1.5 * (1000 / 60);
/** Of the frames that the machine shows at rest, so many must be shown while scrolling. */
const GOAL_SHARE = 0.95;

const idOf = (n: number): string => String(n).padStart(22, '0');

const songAt = (n: number) => ({
  songId: idOf(n),
  title: `Song number ${n} with a name of some length`,
  artists: [{ artistId: idOf(n % 97), name: `Artist ${n % 97}` }],
  album: { albumId: idOf(n % 613), title: `Album ${n % 613}` },
  discNumber: 1,
  trackNumber: n % 12,
  durationMs: 180_000 + (n % 60) * 1000,
  explicit: n % 7 === 0,
  genres: [],
  moods: [],
  lyrics: 'none',
  hasPreview: false,
});

async function answerSongs(page: Page, total: number): Promise<void> {
  await page.route('**/api/catalog/counts', (route) =>
    route.fulfill({ json: { songs: total, albums: 613, artists: 97 } }),
  );
  await page.route('**/api/songs?*', (route) => {
    const from = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0);
    const items = Array.from({ length: Math.min(PAGE, total - from) }, (_, i) => songAt(from + i));
    const next = from + PAGE;
    return route.fulfill({ json: { items, ...(next < total && { nextCursor: String(next) }) } });
  });
}

interface Frames {
  readonly shown: number;
  readonly late: number;
  readonly longestMs: number;
}

/** Frames while the list moves by `stepPx` with each of them; 0 to stand still. */
const framesWhile = (page: Page, stepPx: number): Promise<Frames> =>
  page.evaluate(
    ({ stepPx, forMs, lateMs }) =>
      new Promise<Frames>((done) => {
        const box = document.getElementById('content');
        const gaps: number[] = [];
        let last = performance.now();
        const startedMs = last;
        const frame = (nowMs: number) => {
          gaps.push(nowMs - last);
          last = nowMs;
          if (stepPx > 0) box?.scrollBy(0, stepPx);
          if (nowMs - startedMs < forMs) requestAnimationFrame(frame);
          else {
            const late = gaps.filter((gap) => gap > lateMs).length;
            done({ shown: gaps.length, late, longestMs: Math.max(...gaps) });
          }
        };
        requestAnimationFrame(frame);
      }),
    { stepPx, forMs: FOR_MS, lateMs: LATE_MS },
  );

/** Loads pages until the list is as long as it will be. */
async function loadAll(page: Page, total: number): Promise<void> {
  while ((await page.evaluate(() => document.querySelectorAll('.songs').length)) > 0) {
    const isAll = await page.evaluate((rows) => {
      const list = document.querySelector<HTMLElement>('.songs');
      const box = document.getElementById('content');
      const first = list?.querySelector<HTMLElement>('li');
      if (!list || !box || !first) return false;
      box.scrollTop = box.scrollHeight;
      return Math.round(list.offsetHeight / first.offsetHeight) >= rows;
    }, total);
    if (isAll) break;
    await page.evaluate(() => new Promise((next) => requestAnimationFrame(next)));
  }
}

async function measure(page: Page, url: string, total: number) {
  await answerSongs(page, total);
  await page.goto(`${url}/library/songs`);
  await page.locator('.song').first().waitFor();
  await loadAll(page, total);
  await page.evaluate(() => document.getElementById('content')?.scrollTo(0, 0));
  const rest = await framesWhile(page, 0);
  const scrolling = await framesWhile(page, 60);
  const nodes = await page.evaluate(() => document.querySelectorAll('.songs *').length);
  await page.unrouteAll();
  return { total, rest, scrolling, nodes, share: scrolling.shown / rest.shown };
}

export default async function run(): Promise<BenchReport> {
  const service = await startOn(await makeLibrary([NIGHT_FERRIES]));
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    await signUp(page, service.url, 'ada');
    const found = [];
    for (const total of SIZES) found.push(await measure(page, service.url, total));
    const fps = (frames: Frames) => ((frames.shown * 1000) / FOR_MS).toFixed(1);
    return {
      name: 'scroll',
      goal: `at least ${GOAL_SHARE * 100} % of the frames at rest`,
      measured: found.map(({ total, share }) => `${total}: ${(share * 100).toFixed(1)} %`).join(', '),
      met: found.every(({ share }) => share >= GOAL_SHARE),
      rows: found.map(({ total, rest, scrolling, nodes }) => [
        `${total} songs`,
        `${fps(scrolling)} frames a second of ${fps(rest)} at rest; ${scrolling.late} of ${scrolling.shown} late, ` +
          `longest ${scrolling.longestMs.toFixed(0)} ms; ${nodes} elements in the list`,
      ]),
    };
  } finally {
    await browser.close();
    await service.stop();
  }
}
