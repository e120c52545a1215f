/** Takes the pictures of the README from the running player: demo music in a new folder, a listener, Chromium. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { openBrowser } from '../test/e2e/browser.ts';
import { goTo, listenIn, openAlbum, playAlbum, signUp, soundsBeyond } from '../test/e2e/listener.ts';
import { startService } from '../test/e2e/service.ts';

const FOLDER = join(import.meta.dirname, '..', 'docs', 'screenshots');
const DESK = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const DEMO_TIMEOUT_MS = 5 * 60_000;
const POLL_MS = 500;
const ALBUM = 'Neon Estuary';

async function shoot(page: Page, name: string): Promise<void> {
  await page.mouse.move(0, 0);
  await page.waitForLoadState('networkidle');
  await page.evaluate(() =>
    Promise.all([...document.images].map((image) => image.decode().catch(() => undefined))),
  );
  const png = await page.screenshot({ animations: 'disabled' });
  await writeFile(
    join(FOLDER, `${name}.png`),
    await sharp(png).png({ palette: true, quality: 90, effort: 10 }).toBuffer(),
  );
  console.log(`  ${name}.png`);
}

await mkdir(FOLDER, { recursive: true });
const service = await startService();
const browser = await openBrowser(DESK);
try {
  console.log('waiting for the demo music …');
  const giveUpAtMs = performance.now() + DEMO_TIMEOUT_MS;
  while (!/demo music (\d+)\/\1 /.test(service.output())) {
    if (performance.now() > giveUpAtMs) throw new Error(`no demo music:\n${service.output()}`);
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
  const page = await browser.newPage();
  await listenIn(page);
  await signUp(page, service.url, 'ada');
  const bar = page.getByRole('region', { name: 'Player' });

  await playAlbum(page, ALBUM);
  await bar.getByRole('button', { name: /^Like/ }).click();
  for (const button of (await page.getByRole('button', { name: /^Add .* to the queue/ }).all()).slice(1)) {
    await button.click();
  }
  await soundsBeyond(page, 12);
  await page.locator('.toast').last().waitFor({ state: 'detached' });
  await shoot(page, 'album');
  await bar.getByRole('button', { name: 'Lyrics' }).click();
  await page.locator('.line.now').waitFor();
  await shoot(page, 'lyrics');
  await bar.getByRole('button', { name: 'Queue' }).click();
  await page.getByRole('heading', { name: 'Queue' }).waitFor();
  await shoot(page, 'queue');
  await goTo(page, 'Search');
  await page.getByRole('searchbox').fill('vely meridan');
  await page.locator('.song').first().waitFor();
  await shoot(page, 'search');
  await goTo(page, 'Home');
  await page.locator('.card').first().waitFor();
  await shoot(page, 'home');
  await page.setViewportSize(PHONE);
  await shoot(page, 'phone-home');
  await openAlbum(page, ALBUM);
  await shoot(page, 'phone-player');
} finally {
  await browser.close();
  await service.stop();
}
process.exit(0);
