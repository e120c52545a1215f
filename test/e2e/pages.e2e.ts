/**
 * Goal: every page can be used by anyone: at any width, in light and dark, by finger, by keyboard alone, with
 * assistive technology, in a script that runs the other way, and without a network.
 * Method: axe-core's rules on each page at three widths in both themes; the sizes of what is tapped; walks by key.
 */
import type { BrowserContext, Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { violations } from './axe.ts';
import { openBrowser } from './browser.ts';
import { makeLibrary, NIGHT_FERRIES, PAPER_HARBOUR } from './library.ts';
import { goTo, listenIn, openAlbum, playAlbum, signUp, soundsBeyond } from './listener.ts';
import { startOn } from './service.ts';

const DESK = { width: 1280, height: 800 };
const SIZES = [DESK, { width: 820, height: 1100 }, { width: 390, height: 844 }];
const THEMES = ['light', 'dark'] as const;
/** CSS pixels (WCAG 2.2, 2.5.8). */
const TAP_PX_MIN = 24;
const TIMEOUT_MS = 20_000;
const FIRST_LOAD_BYTES_MAX = 150_000;

/** What came over the network for the page so far, as it was compressed. */
const loadedBytes = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const entries = [
      ...performance.getEntriesByType('navigation'),
      ...performance.getEntriesByType('resource'),
    ] as PerformanceResourceTiming[];
    return entries.reduce((sum, entry) => sum + entry.encodedBodySize, 0);
  });

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

interface Opened {
  readonly page: Page;
  readonly browser: BrowserContext;
  readonly url: string;
}

async function open(t: Test): Promise<Opened> {
  const service = await startOn(await makeLibrary([NIGHT_FERRIES, PAPER_HARBOUR]));
  t.teardown(() => service.stop());
  const browser = await openBrowser(DESK);
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(TIMEOUT_MS);
  await listenIn(page);
  return { page, browser, url: service.url };
}

const player = (page: Page) => page.getByRole('region', { name: 'Player' });
const focusedName = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { activeElement: focused } = document;
    return focused?.getAttribute('aria-label') ?? focused?.textContent?.trim() ?? '';
  });

t.test('every page is for everyone', async (t) => {
  const { page, url } = await open(t);

  const look = async (name: string) => {
    await t.test(name, async (t) => {
      await page.locator('[aria-busy=true]').waitFor({ state: 'detached' });
      for (const size of SIZES) {
        await page.setViewportSize(size);
        for (const colorScheme of THEMES) {
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
          t.same(await violations(page), [], `axe finds nothing at ${size.width} px, ${colorScheme}`);
        }
        t.same(await overflowing(page), [], `nothing scrolls sideways at ${size.width} px`);
        t.same(await tooSmall(page), [], `what is tapped is large enough at ${size.width} px`);
      }
      await page.setViewportSize(DESK);
    });
  };

  await page.goto(url);
  await page.getByRole('tab', { name: 'Sign up' }).waitFor();
  const bytes = await loadedBytes(page);
  t.ok(bytes > 20_000 && bytes <= FIRST_LOAD_BYTES_MAX, `the first load takes ${bytes} bytes`);
  await look('welcome');
  await signUp(page, url, 'ada');
  await page.locator('.card').first().waitFor();
  await playAlbum(page, NIGHT_FERRIES.title);
  await soundsBeyond(page, 0.5);
  await player(page).getByRole('button', { name: 'Pause' }).click();
  await player(page).getByRole('button', { name: /^Like/ }).click();
  await look('album');
  await page.locator('.hero').getByRole('link', { name: NIGHT_FERRIES.artist }).click();
  await page.getByRole('heading', { name: NIGHT_FERRIES.artist, level: 1 }).waitFor();
  await look('artist');
  await goTo(page, 'Home');
  await page.locator('.card').first().waitFor();
  await look('home');
  for (const [path, ready] of [
    ['/library/albums', '.card'],
    ['/library/artists', '.card'],
    ['/library/songs', '.song'],
    ['/library/genres', '.tile'],
    [`/genres/${NIGHT_FERRIES.genre}`, '.card'],
    ['/likes', '.song'],
    ['/history', '.song'],
    ['/search?q=departure', '.song'],
    ['/nothing/here', '.notice'],
  ] as const) {
    await page.goto(`${url}${path}`);
    await page.locator(`#content ${ready}`).first().waitFor();
    await look(path);
  }
  await goTo(page, 'Settings');
  await page.getByText('this one').waitFor();
  await look('settings');
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  await look('keyboard shortcuts');
  await page.keyboard.press('Escape');
  await openAlbum(page, NIGHT_FERRIES.title);
  await player(page).getByRole('button', { name: 'Queue' }).click();
  await page.getByRole('heading', { name: 'Queue' }).waitFor();
  await look('queue');
  await page.getByRole('tab', { name: 'Lyrics' }).click();
  await page.locator('.line').first().waitFor();
  await look('lyrics');
  await page.getByRole('tab', { name: 'Credits' }).click();
  await page.locator('.credits').waitFor();
  await look('credits');
  await page.getByRole('button', { name: 'Close the panel' }).click();
  await page.locator('.song').first().click({ button: 'right' });
  await page.getByRole('menu').waitFor();
  await t.test('menu', async (t) => t.same(await violations(page), [], 'axe finds nothing'));
  await page.keyboard.press('Escape');
  await page.keyboard.press('f');
  await page.getByRole('dialog', { name: 'Now playing' }).waitFor();
  await look('now playing');
  await page.getByRole('dialog').getByRole('button', { name: 'Lyrics' }).click();
  await page.locator('.line').first().waitFor();
  await look('now playing with lyrics');
});

t.test('by keyboard alone', async (t) => {
  const { page, url } = await open(t);
  await signUp(page, url, 'ada');
  await page.locator('.card').first().waitFor();

  await t.test('a row is moved to by arrows, its menu opened, and the song put into the queue', async (t) => {
    await openAlbum(page, PAPER_HARBOUR.title);
    await page.getByRole('button', { name: 'Play Slow Lantern' }).focus();
    await page.keyboard.press('ArrowDown');
    t.equal(await focusedName(page), 'Play Copper Tide');
    await page.keyboard.press('End');
    t.equal(await focusedName(page), 'Play Window Weather');
    await page.keyboard.press('Enter');
    await player(page).getByText('Window Weather').waitFor();
    await page.keyboard.press('Home');
    await page.keyboard.press('Shift+F10');
    await page.getByRole('menu', { name: 'Slow Lantern' }).waitFor();
    await page.keyboard.press('ArrowDown');
    t.equal(await focusedName(page), 'Add to the queue');
    await page.keyboard.press('Enter');
    await page.getByText('Added to the queue.').waitFor();
    t.equal(await focusedName(page), 'Play Slow Lantern', 'the focus is back where the menu was opened');
  });

  await t.test('what is queued is moved by arrows, and the move is said', async (t) => {
    await page.getByRole('button', { name: 'Add Copper Tide to the queue' }).click();
    await page.locator('body').press('q');
    const rows = page.locator('.queue-list .song.queued .song-title');
    await rows.nth(1).waitFor();
    t.same(await rows.allTextContents(), ['Slow Lantern', 'Copper Tide']);
    await page.getByRole('button', { name: 'Move Copper Tide', exact: true }).focus();
    await page.keyboard.press('ArrowUp');
    await page.getByText('Copper Tide is now number 1').waitFor({ state: 'attached' });
    await page.waitForFunction(
      () => document.querySelector('.queue-list .song-title')?.textContent === 'Copper Tide',
    );
    t.equal(await focusedName(page), 'Move Copper Tide', 'it can be moved on');
  });

  await t.test('and dragged by the mouse', async (t) => {
    const grip = await page.getByRole('button', { name: 'Move Copper Tide', exact: true }).boundingBox();
    if (!grip) return t.fail('no grip');
    await page.mouse.move(grip.x + 8, grip.y + 20);
    await page.mouse.down();
    await page.mouse.move(grip.x + 8, grip.y + 50, { steps: 4 });
    await page.mouse.move(grip.x + 8, grip.y + 78, { steps: 4 });
    // The row follows the pointer frame by frame.
    await page.locator('.queue-row.dragged').waitFor();
    await page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
    );
    await page.mouse.up();
    await page.waitForFunction(
      () => document.querySelectorAll('.queue-list .song-title')[1]?.textContent === 'Copper Tide',
    );
  });

  await t.test('a click on what is queued goes there, and passes over what stood before it', async (t) => {
    await page
      .locator('.queue-list')
      .getByRole('button', { name: /^Copper Tide/ })
      .click();
    await player(page).getByText('Copper Tide').waitFor();
    await page.waitForFunction(
      () =>
        ![...document.querySelectorAll('.queue-list .song-title')].some(
          (row) => row.textContent === 'Slow Lantern',
        ),
    );
    t.equal(await page.locator('.queue-list .song.queued').count(), 0);
  });
});

t.test('the filter of the library finds what is not loaded yet', async (t) => {
  const { page, url } = await open(t);
  // A long list: its first page has one album, the others never come.
  await page.route('**/api/albums?*', (route) => {
    const asked = new URL(route.request().url());
    if (asked.searchParams.has('cursor')) return;
    asked.searchParams.set('limit', '1');
    asked.searchParams.set('sort', 'title');
    return route.continue({ url: asked.href });
  });
  await signUp(page, url, 'ada');
  const column = page.getByRole('region', { name: 'Your library' });
  const filter = column.getByRole('textbox', { name: 'Filter' });
  await column.getByRole('link', { name: NIGHT_FERRIES.title }).waitFor();
  t.equal(await column.getByRole('link').count(), 1);
  await filter.fill('paper harb');
  await column.getByRole('link', { name: PAPER_HARBOUR.title }).waitFor();
  t.equal(await column.getByRole('link', { name: NIGHT_FERRIES.title }).count(), 0);
  await filter.fill('qqqqqqqq');
  await column.getByText('Nothing here has that name.').waitFor();
});

t.test('pages behave as documents do', async (t) => {
  const { page, url } = await open(t);
  await page.setViewportSize({ width: 1280, height: 420 });
  await signUp(page, url, 'ada');
  await page.locator('.card').first().waitFor();
  const scrolled = () => page.evaluate(() => document.getElementById('content')?.scrollTop ?? 0);

  await page.evaluate(() => document.getElementById('content')?.scrollTo(0, 180));
  await page.waitForFunction(() => (document.getElementById('content')?.scrollTop ?? 0) > 100);
  const before = await scrolled();
  await page.locator('a.card-link', { hasText: NIGHT_FERRIES.title }).first().focus();
  // A scroll is told with the next frame.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const left = await scrolled();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: NIGHT_FERRIES.title, level: 1 }).waitFor();
  t.equal(await page.title(), `${NIGHT_FERRIES.title} · Antiphon`);
  t.equal(await page.evaluate(() => document.activeElement?.id), 'content', 'the focus is on the new page');
  t.equal(await scrolled(), 0, 'which starts at its top');
  await page.goBack();
  await page.getByRole('heading', { level: 1, name: /ada/ }).waitFor();
  await page.waitForFunction((top) => document.getElementById('content')?.scrollTop === top, left);
  t.ok(before > 100, 'on the way back it is where it was left');

  await t.test('a page that cannot be loaded anew stays', async () => {
    await page.route('**/api/albums/**', (route) => route.fulfill({ status: 503, json: { code: 'AWAY' } }));
    await page.goForward();
    await page.getByRole('heading', { name: NIGHT_FERRIES.title, level: 1 }).waitFor();
    await page.waitForLoadState('networkidle');
    await page.getByRole('heading', { name: NIGHT_FERRIES.title, level: 1 }).waitFor();
    await page.unroute('**/api/albums/**');
  });
});

t.test('in another language, and in one that runs from right to left', async (t) => {
  const { page, url } = await open(t);
  await signUp(page, url, 'ada');
  await goTo(page, 'Settings');
  await page.getByLabel('Language').selectOption('de');
  await page.getByRole('heading', { name: 'Einstellungen', level: 1 }).waitFor();
  await page.getByLabel('Sprache').selectOption('ar');
  await page.getByRole('heading', { name: 'الإعدادات', level: 1 }).waitFor();
  t.equal(await page.evaluate(() => document.documentElement.dir), 'rtl');
  for (const path of ['/', '/library/songs', '/settings']) {
    await page.goto(`${url}${path}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    for (const size of SIZES) {
      await page.setViewportSize(size);
      t.same(await overflowing(page), [], `${path} does not scroll sideways at ${size.width} px`);
      t.same(await violations(page), [], `axe finds nothing on ${path} at ${size.width} px`);
    }
    await page.setViewportSize(DESK);
  }
});

t.test('without a network the player opens and says so, and goes on when it is back', async () => {
  const { page, browser, url } = await open(t);
  await signUp(page, url, 'ada');
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  await page.reload();
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await browser.setOffline(true);
  await page.reload();
  await page.getByRole('heading', { name: 'No connection' }).waitFor();
  await browser.setOffline(false);
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
});
