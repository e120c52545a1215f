/**
 * Goal: every page can be used by anyone: on a phone's width, by fingers, and with assistive technology.
 * Method: each page at both widths; axe-core's rules; the sizes of what is tapped.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import t from 'tap';
import { openBrowser } from './browser.ts';
import { makeLibrary, NIGHT_FERRIES } from './library.ts';
import { goTo, listenIn, openAlbum, playAlbum, signUp, soundsBeyond } from './listener.ts';
import { startOn } from './service.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const PHONE = { width: 390, height: 844 };
const DESK = { width: 1280, height: 800 };
/** CSS pixels; WCAG 2.2 asks for 24 (AA), a finger is glad of more. */
const TAP_PX_MIN = 36;

interface AxeResults {
  readonly violations: {
    readonly id: string;
    readonly impact: string;
    readonly nodes: { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** What axe-core calls serious or critical, one line each. */
async function violations(page: Page): Promise<string[]> {
  // The page's policy allows no foreign script; the debugger may run one.
  await page.evaluate(await axeSource());
  const { violations: found } = (await page.evaluate('axe.run()')) as AxeResults;
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}

let axe: string | undefined;
async function axeSource(): Promise<string> {
  axe ??= await readFile(AXE, 'utf8');
  return axe;
}

/** What is too small to tap among the controls that are shown; links within a line of text are exempt (WCAG 2.5.8). */
const tooSmall = (page: Page): Promise<string[]> =>
  page.evaluate((px) => {
    const controls = document.querySelectorAll<HTMLElement>('button, nav a, select, input:not([type=range])');
    return [...controls].flatMap((control) => {
      const { width, height } = control.getBoundingClientRect();
      const tapped = control.closest('label') ?? control;
      const area = tapped.getBoundingClientRect();
      const fits = width === 0 || Math.min(area.width, area.height) >= px;
      return fits
        ? []
        : [
            `${control.getAttribute('aria-label') ?? control.textContent} ${Math.round(width)} x ${Math.round(height)}`,
          ];
    });
  }, TAP_PX_MIN);

const overflowing = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [document.documentElement, document.getElementById('content')].flatMap((box) =>
      box && box.scrollWidth > box.clientWidth
        ? [`${box.tagName} ${box.scrollWidth} > ${box.clientWidth}`]
        : [],
    ),
  );

t.test('every page is for everyone', async (t) => {
  const service = await startOn(await makeLibrary([NIGHT_FERRIES]));
  t.teardown(() => service.stop());
  const browser = await openBrowser();
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  await listenIn(page);

  const look = async (name: string) => {
    await t.test(name, async (t) => {
      await page.locator('[aria-busy=true]').waitFor({ state: 'detached' });
      for (const size of [DESK, PHONE]) {
        await page.setViewportSize(size);
        t.same(await violations(page), [], `axe finds nothing serious at ${size.width} px`);
        t.same(await overflowing(page), [], `nothing scrolls sideways at ${size.width} px`);
      }
      t.same(await tooSmall(page), [], 'what is tapped is large enough for a finger');
      await page.setViewportSize(DESK);
    });
  };

  await page.goto(service.url);
  await page.getByRole('tab', { name: 'Sign up' }).waitFor();
  await look('welcome');
  await signUp(page, service.url, 'ada');
  await playAlbum(page, NIGHT_FERRIES.title);
  await soundsBeyond(page, 0.5);
  const bar = page.getByRole('region', { name: 'Player' });
  await bar.getByText('Crossing').waitFor();
  await bar.getByRole('button', { name: 'Pause' }).click();
  await bar.getByRole('button', { name: /^Like/ }).click();
  await look('album');
  await page.locator('.hero').getByRole('link', { name: NIGHT_FERRIES.artist }).click();
  await page.getByRole('heading', { name: NIGHT_FERRIES.artist, level: 1 }).waitFor();
  await look('artist');
  await goTo(page, 'Home');
  await page.locator('.card').first().waitFor();
  await look('home');
  await goTo(page, 'Search');
  await page.getByRole('searchbox').fill('departure');
  await page.locator('.song').first().waitFor();
  await look('search');
  for (const name of ['Likes', 'History']) {
    await goTo(page, name);
    await page.locator('.song').first().waitFor();
    await look(name.toLowerCase());
  }
  await goTo(page, 'Settings');
  await page.getByText('this one').waitFor();
  await look('settings');
  await openAlbum(page, NIGHT_FERRIES.title);
  await bar.getByRole('button', { name: 'Queue' }).click();
  await page.getByRole('heading', { name: 'Queue' }).waitFor();
  await look('queue');
  await bar.getByRole('button', { name: 'Lyrics' }).click();
  await page.locator('.line').first().waitFor();
  await look('lyrics');
  await bar.getByRole('button', { name: 'Devices' }).click();
  await page.getByRole('menuitemradio', { name: /this one/ }).waitFor();
  await look('devices');
});
