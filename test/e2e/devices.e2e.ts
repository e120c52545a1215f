/**
 * Goal: one listener with two devices hears one stream, sees the same on both, and what both heard of a song
 * counts once. Method: two browsers, one account.
 */
import t from 'tap';
import { openBrowser } from './browser.ts';
import { makeLibrary, PAPER_HARBOUR } from './library.ts';
import {
  goTo,
  historyOf,
  isSilent,
  listenIn,
  logIn,
  playAlbum,
  signUp,
  soundingAt,
  soundsBeyond,
} from './listener.ts';
import { startOn } from './service.ts';

const TIMEOUT_MS = 60_000;

t.test('two devices of one listener', async (t) => {
  const service = await startOn(await makeLibrary([PAPER_HARBOUR]));
  t.teardown(() => service.stop());
  const openDevice = async () => {
    const browser = await openBrowser();
    t.teardown(() => browser.close());
    const page = await browser.newPage();
    page.setDefaultTimeout(TIMEOUT_MS);
    await listenIn(page);
    return page;
  };
  const desk = await openDevice();
  const kitchen = await openDevice();
  const bar = (page: typeof desk) => page.getByRole('region', { name: 'Player' });

  await signUp(desk, service.url, 'ada');
  await kitchen.goto(service.url);
  await logIn(kitchen, 'ada');
  await playAlbum(desk, PAPER_HARBOUR.title);
  await soundsBeyond(desk, 4);

  await t.test('the other device shows what plays, and that it plays elsewhere', async (t) => {
    await bar(kitchen).getByText('Slow Lantern').waitFor();
    await bar(kitchen).getByRole('button', { name: 'Devices: playing on another one' }).waitFor();
    t.equal(await soundingAt(kitchen), undefined, 'it is silent');
  });

  await t.test('a like shows on both at once, and goes from both', async () => {
    await bar(desk).getByRole('button', { name: 'Like Slow Lantern' }).click();
    await bar(kitchen).getByRole('button', { name: 'Remove Slow Lantern from your likes' }).click();
    await bar(desk).getByRole('button', { name: 'Like Slow Lantern' }).waitFor();
  });

  await t.test('what one device queues or takes out, the other one sees', async () => {
    await bar(desk).getByRole('button', { name: 'Queue' }).click();
    await goTo(kitchen, 'Search');
    await kitchen.getByRole('searchbox').fill('window weather');
    await kitchen.getByRole('button', { name: 'Add Window Weather to the queue' }).click();
    await desk.locator('.song.queued').waitFor();
    await bar(kitchen).getByRole('button', { name: 'Queue' }).click();
    const queued = kitchen.locator('.song.queued');
    await queued.getByRole('button', { name: /Remove Window Weather/ }).click();
    await desk.locator('.song.queued').waitFor({ state: 'detached' });
  });

  await t.test('pause on one device silences the other', async () => {
    await bar(kitchen).getByRole('button', { name: 'Pause' }).click();
    await isSilent(desk);
    await bar(desk).getByRole('button', { name: 'Play', exact: true }).click();
    await bar(kitchen).getByRole('button', { name: 'Pause' }).waitFor();
  });

  await t.test('moved to the other device, the song goes on where it was', async (t) => {
    const before = (await soundingAt(desk)) ?? 0;
    await bar(kitchen)
      .getByRole('button', { name: /Devices/ })
      .click();
    await kitchen.getByRole('menuitemradio', { name: /this one/ }).click();
    await soundsBeyond(kitchen, before);
    await isSilent(desk);
    await desk.getByText('Playing on another device now.').waitFor();
    const after = (await soundingAt(kitchen)) ?? 0;
    t.ok(after - before < 10, `from ${before.toFixed(1)} s to ${after.toFixed(1)} s`);
  });

  await t.test('what both heard counts once, and both see it', async (t) => {
    await bar(kitchen).getByText('Copper Tide').waitFor();
    for (const page of [kitchen, desk]) {
      await goTo(page, 'History');
      await page.locator('.song', { hasText: 'Slow Lantern' }).locator('.counted').waitFor();
    }
    const [, first, ...rest] = await historyOf(service.url, 'ada');
    t.match(first, { counted: true }, 'one play, counted');
    t.same(rest, []);
    const listenedMs = first?.listenedMs ?? 0;
    t.ok(listenedMs > 32_000 && listenedMs <= 35_000, `both shares are in: ${listenedMs} ms`);
  });
});
