/**
 * Goal: what a new user does in the first minute works: open the page, sign up, press play, hear music, see
 * it counted after 30 seconds, find it in the history.
 * Method: the service as `npm start` runs it with an empty data folder, and a real browser.
 */
import type { Page } from 'playwright-core';
import t from 'tap';
import { openBrowser } from './browser.ts';
import { startService } from './service.ts';

const MUSIC_TIMEOUT_MS = 90_000;
const COUNTED_TIMEOUT_MS = 60_000;

const signUp = async (page: Page, url: string) => {
  await page.goto(url);
  await page.getByRole('tab', { name: 'Sign up' }).click();
  await page.getByLabel('Username').fill('ada');
  await page.getByLabel('Password').fill('correct horse battery');
  await page.getByRole('button', { name: 'Create account' }).click();
};

t.test('from sign-up to a counted stream in the history', async (t) => {
  const service = await startService();
  t.teardown(() => service.stop());
  const browser = await openBrowser();
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });

  await signUp(page, service.url);
  const album = page.locator('.card a').first();
  await album.waitFor({ timeout: MUSIC_TIMEOUT_MS });
  await album.click();
  await page.locator('.hero').getByRole('button', { name: 'Play', exact: true }).click();

  const heard = () =>
    page.waitForFunction(() => {
      const shown = document.querySelector('.seek time')?.textContent ?? '0:00';
      return (
        shown >= '0:02' && document.querySelector('.play-button')?.getAttribute('aria-label') === 'Pause'
      );
    });
  await heard();
  t.pass('music sounds');

  await page.locator('.player-bar .counted').waitFor({ timeout: COUNTED_TIMEOUT_MS });
  t.pass('the stream is counted');

  await page.getByRole('link', { name: 'History' }).click();
  await page.locator('.song .counted').first().waitFor();
  t.equal(await page.locator('.song').count(), 1, 'the history has the play once');

  await page.reload();
  await page.locator('.song .counted').first().waitFor();
  t.pass('the history is there after a reload');
  t.same(problems, [], 'the browser met no error');
});

t.test('over plain HTTP in a home network, where browsers keep some of their means back', async (t) => {
  const service = await startService();
  t.teardown(() => service.stop());
  const browser = await openBrowser({ args: ['--host-resolver-rules=MAP music.home 127.0.0.1'] });
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));

  await signUp(page, service.url.replace('127.0.0.1', 'music.home'));
  t.notOk(await page.evaluate(() => isSecureContext), 'the page is one that browsers do not trust');
  const album = page.locator('.card a').first();
  await album.waitFor({ timeout: MUSIC_TIMEOUT_MS });
  await album.click();
  await page.locator('.hero').getByRole('button', { name: 'Play', exact: true }).click();
  const bar = page.getByRole('region', { name: 'Player' });
  await bar.getByRole('button', { name: 'Pause' }).click();
  await bar.getByRole('button', { name: 'Play', exact: true }).waitFor();
  await page.reload();
  await page.locator('.hero').waitFor();
  await bar.getByRole('button', { name: 'Play', exact: true }).click();
  await page.waitForFunction(() => (document.querySelector('.seek time')?.textContent ?? '0:00') >= '0:02');
  t.same(problems, []);
});
