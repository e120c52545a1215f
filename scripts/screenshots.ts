/**
 * Takes a picture of every page from the running player, at three widths, in light and dark: demo music in a new
 * folder, a listener, Chromium. Those of the README are kept in docs/screenshots; with `--all FOLDER` all are
 * written to FOLDER, to look at.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { openBrowser } from '../test/e2e/browser.ts';
import { goTo, listenIn, openAlbum, playAlbum, signUp, soundsBeyond } from '../test/e2e/listener.ts';
import { startService } from '../test/e2e/service.ts';

const KEPT_IN = join(import.meta.dirname, '..', 'docs', 'screenshots');
const SIZES = {
  desktop: { width: 1440, height: 900 },
  tablet: { width: 834, height: 1112 },
  phone: { width: 390, height: 844 },
} as const;
const THEMES = ['light', 'dark'] as const;
const DEMO_TIMEOUT_MS = 20 * 60_000;
const POLL_MS = 500;
const ALBUM = 'Neon Estuary';
const WEBP_QUALITY = 84;
/** What README and docs show. */
const KEPT = new Set([
  'home-desktop-dark',
  'home-desktop-light',
  'album-desktop-dark',
  'now-playing-lyrics-desktop-dark',
  'genres-desktop-light',
  'queue-desktop-light',
  'search-desktop-dark',
  'songs-tablet-light',
  'home-phone-light',
  'album-phone-dark',
  'now-playing-phone-dark',
  'now-playing-lyrics-phone-dark',
]);

const all = process.argv.indexOf('--all');
const allIn = all > 0 ? process.argv[all + 1] : undefined;

async function shoot(page: Page, name: string): Promise<void> {
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of THEMES) {
      const file = `${name}-${size}-${colorScheme}`;
      const isKept = KEPT.has(file);
      if (!isKept && !allIn) continue;
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      await page.mouse.move(0, 0);
      await page.evaluate(() =>
        Promise.all([...document.images].map((image) => image.decode().catch(() => undefined))),
      );
      const png = await page.screenshot({ animations: 'disabled' });
      // Drawn without a graphics card, rounded corners of what scrolls let nothing through, not even the ground.
      const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const webp = await sharp(png)
        .flatten({ background })
        .webp({ quality: WEBP_QUALITY, effort: 6 })
        .toBuffer();
      for (const folder of [isKept && KEPT_IN, allIn]) {
        if (folder) await sharp(webp).toFile(join(folder, `${file}.webp`));
      }
      console.log(`  ${file}`);
    }
  }
  await page.setViewportSize(SIZES.desktop);
}

await mkdir(KEPT_IN, { recursive: true });
if (allIn) await mkdir(allIn, { recursive: true });
const service = await startService();
const browser = await openBrowser(SIZES.desktop);
try {
  console.log('waiting for the demo music …');
  const giveUpAtMs = performance.now() + DEMO_TIMEOUT_MS;
  while (!/demo music (\d+)\/\1 /.test(service.output())) {
    if (performance.now() > giveUpAtMs) throw new Error(`no demo music:\n${service.output()}`);
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
  const page = await browser.newPage();
  await listenIn(page);
  await page.goto(service.url);
  await page.getByRole('tab', { name: 'Sign up' }).waitFor();
  await shoot(page, 'welcome');
  await signUp(page, service.url, 'ada');
  const bar = page.getByRole('region', { name: 'Player' });
  const content = page.locator('#content');

  await playAlbum(page, ALBUM);
  await bar.getByRole('button', { name: /^Like/ }).click();
  await soundsBeyond(page, 12);
  await bar.getByRole('button', { name: 'Pause' }).click();
  await shoot(page, 'album');
  await content.locator('.hero a').first().click();
  await page.locator('.artist-hero').waitFor();
  await shoot(page, 'artist');
  await goTo(page, 'Home');
  await content.locator('.card').first().waitFor();
  await shoot(page, 'home');
  for (const list of ['albums', 'artists', 'songs', 'genres']) {
    await page.goto(`${service.url}/library/${list}`);
    await content.locator('.card, .song, .tile').first().waitFor();
    await page.locator('.seek-track.waved').waitFor({ state: 'attached' });
    await shoot(page, list);
  }
  for (const [link, ready] of [
    ['Likes', '.song'],
    ['History', '.song'],
    ['Settings', '.badge'],
  ] as const) {
    await goTo(page, link);
    await content.locator(ready).first().waitFor();
    await shoot(page, link.toLowerCase());
  }
  await goTo(page, 'Search');
  await page.getByRole('searchbox').fill('vely meridan');
  await content.locator('.song').first().waitFor();
  await shoot(page, 'search');

  await openAlbum(page, ALBUM);
  for (const panel of ['Queue', 'Lyrics', 'Credits']) {
    await page.setViewportSize(SIZES.desktop);
    if (panel === 'Queue') await bar.getByRole('button', { name: 'Queue' }).click();
    else await page.getByRole('tab', { name: panel }).click();
    await page.locator('.queue-list, .line.now, .credits').first().waitFor();
    await shoot(page, panel.toLowerCase());
  }
  await page.keyboard.press('Escape');
  await page.keyboard.press('f');
  const nowPlaying = page.getByRole('dialog', { name: 'Now playing' });
  await nowPlaying.waitFor();
  await shoot(page, 'now-playing');
  await nowPlaying.getByRole('button', { name: 'Lyrics' }).click();
  await page.locator('.line.now').waitFor();
  await shoot(page, 'now-playing-lyrics');
} finally {
  await browser.close();
  await service.stop();
}
process.exit(0);
