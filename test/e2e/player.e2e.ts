/**
 * Goal: the rest of what a listener does on one device works, and reads well where it does not.
 * Method: one browser, one account, a small library.
 */
import t from 'tap';
import { openBrowser } from './browser.ts';
import { makeLibrary, NIGHT_FERRIES, PAPER_HARBOUR } from './library.ts';
import {
  goTo,
  heardIn,
  isFetchedAt,
  isSilent,
  listenIn,
  logIn,
  openAlbum,
  playAlbum,
  signUp,
  soundingAt,
  soundsBeyond,
} from './listener.ts';
import { startOn } from './service.ts';

const TIMEOUT_MS = 30_000;

const secondsOf = ({ songs }: typeof PAPER_HARBOUR, title: string): number =>
  songs.find((song) => song.title === title)?.seconds ?? Number.NaN;

t.test('one listener, one device', async (t) => {
  const service = await startOn(await makeLibrary([PAPER_HARBOUR, NIGHT_FERRIES]));
  t.teardown(() => service.stop());
  const browser = await openBrowser();
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(TIMEOUT_MS);
  await listenIn(page);
  await signUp(page, service.url, 'ada');
  const bar = page.getByRole('region', { name: 'Player' });

  await t.test(
    'signed out, a wrong password is told apart from nothing, and the right one opens',
    async (t) => {
      await goTo(page, 'Settings');
      await page.getByRole('button', { name: 'Log out' }).click();
      await logIn(page, 'ada', 'wrong password');
      const wrong = await page.getByRole('alert').textContent();
      await logIn(page, 'nobody', 'wrong password');
      t.match(wrong, /password/i);
      t.equal(await page.getByRole('alert').textContent(), wrong, 'an unknown name gets the same words');
      await logIn(page, 'ada');
      await page.getByRole('navigation', { name: 'Main' }).waitFor();
    },
  );

  await t.test('what could not be saved is not shown as saved', async (t) => {
    await goTo(page, 'Settings');
    await page.route('**/api/me', (route) =>
      route.request().method() === 'PATCH'
        ? route.fulfill({ status: 503, json: { code: 'AWAY' } })
        : route.fallback(),
    );
    const explicit = page.getByLabel('Play explicit songs');
    const before = await explicit.isChecked();
    await explicit.click();
    await page.getByText('away for the moment').waitFor();
    t.equal(await explicit.isChecked(), before);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('away for the moment').nth(1).waitFor();
    t.equal(await page.getByText('Saved.').count(), 0);
    await page.unroute('**/api/me');
  });

  await t.test('a search with a typing error finds the song, the album and the artist', async () => {
    await goTo(page, 'Search');
    await page.getByRole('searchbox').fill('coper tied');
    await page.locator('.song', { hasText: 'Copper Tide' }).waitFor();
    await page.getByRole('searchbox').fill('nigth feries');
    await page.locator('.card', { hasText: 'Night Ferries' }).waitFor();
    await page.getByRole('searchbox').fill('otilie');
    await page.locator('.artist-card', { hasText: 'Ottilie Fenn' }).waitFor();
  });

  await t.test('a genre may have any name', async () => {
    await page.goto(`${service.url}/genres/${encodeURIComponent('100% & more')}`);
    await page.getByRole('heading', { name: '100% & more', level: 1 }).waitFor();
  });

  await t.test('a song that cannot be played says why', async (t) => {
    await openAlbum(page, NIGHT_FERRIES.title);
    const arrival = page.locator('.song', { hasText: 'Arrival' });
    t.match(await arrival.textContent(), /not available in your country/);
    t.ok(await arrival.getByRole('button', { name: 'Play Arrival' }).isDisabled());
  });

  await t.test('the next song of an album follows without a stop, from what was fetched ahead', async (t) => {
    await playAlbum(page, NIGHT_FERRIES.title);
    await bar.getByText('Departure').waitFor();
    await isFetchedAt(page, secondsOf(NIGHT_FERRIES, 'Departure') + 1);
    const fetched: string[] = [];
    page.on('request', (request) => request.url().includes('/m/') && fetched.push(request.url()));
    const before = (await heardIn(page)).length;
    await bar.getByText('Crossing').waitFor();
    await soundsBeyond(page, secondsOf(NIGHT_FERRIES, 'Departure') + 0.5);
    t.same((await heardIn(page)).slice(before), [], 'the sound neither stops nor waits');
    const first = fetched.filter((url) => /(m3u8|init\.mp4|key|\/0\.m4s)$/.test(url));
    t.same(first, [], 'nothing of its start is fetched when it is due');
  });

  await t.test('next by hand takes the song that is ready', async (t) => {
    await playAlbum(page, PAPER_HARBOUR.title);
    await bar.getByText('Slow Lantern').waitFor();
    await isFetchedAt(page, secondsOf(PAPER_HARBOUR, 'Slow Lantern') + 1);
    await bar.getByRole('button', { name: 'Next' }).click();
    await bar.getByText('Copper Tide').waitFor();
    await soundsBeyond(page, secondsOf(PAPER_HARBOUR, 'Slow Lantern') + 0.2);
    await bar.getByRole('button', { name: 'Previous' }).click();
    await bar.getByText('Slow Lantern').waitFor();
    await soundsBeyond(page, 0.2);
    t.ok(((await soundingAt(page)) ?? 0) < 10, 'it sounds from its start');
  });

  await t.test('a song picked by hand sounds, not the one that was fetched ahead', async () => {
    await isFetchedAt(page, secondsOf(PAPER_HARBOUR, 'Slow Lantern') + 1);
    await page.getByRole('button', { name: 'Play Window Weather', exact: true }).click();
    await bar.getByText('Window Weather').waitFor();
    await page.waitForFunction(
      (seconds) =>
        window.listening.audios.some((audio) => !audio.paused && Math.round(audio.duration) === seconds),
      secondsOf(PAPER_HARBOUR, 'Window Weather'),
    );
    await page.getByRole('button', { name: 'Play Slow Lantern', exact: true }).click();
    await bar.getByText('Slow Lantern').waitFor();
  });

  await t.test('a reload keeps the session, the song and the place in it', async (t) => {
    await soundsBeyond(page, 2);
    await bar.getByRole('button', { name: 'Pause' }).click();
    await isSilent(page);
    const seconds = async () => Number((await bar.locator('time').first().textContent())?.slice(2));
    const before = await seconds();
    await page.reload();
    await bar.getByText('Slow Lantern').waitFor();
    const after = await seconds();
    t.ok(Math.abs(after - before) <= 1, `0:0${before} before, 0:0${after} after`);
    t.equal(await soundingAt(page), undefined, 'paused it stays');
    await bar.getByRole('button', { name: 'Play', exact: true }).click();
    await soundsBeyond(page, 2);
  });

  await t.test('the keyboard alone reaches everything and plays', async (t) => {
    await goTo(page, 'Home');
    await page.locator('.card').first().waitFor();
    const names = new Set<string>();
    await page.locator('body').press('Tab');
    for (let presses = 0; presses < 100; presses++) {
      const focused = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        if (element === document.body) return undefined;
        // The link of a card is marked around the whole card.
        const marked = [getComputedStyle(element), getComputedStyle(element, '::after')].some(
          ({ outlineStyle, outlineColor, boxShadow }) =>
            (outlineStyle !== 'none' && !/, 0\)$/.test(outlineColor)) || boxShadow !== 'none',
        );
        return { name: element.getAttribute('aria-label') ?? element.textContent?.trim() ?? '', marked };
      });
      await page.keyboard.press('Tab');
      if (!focused) continue;
      names.add(focused.name);
      if (!focused.marked) t.fail(`${focused.name} does not show that it has the focus`);
    }
    for (const name of [
      'Skip to content',
      'Search',
      'Play Night Ferries',
      'Pause',
      'Next',
      'Position',
      'Volume',
      'Queue',
      'Devices',
    ]) {
      t.ok(names.has(name), `Tab reaches ${name}`);
    }
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await page.keyboard.press(' ');
    await isSilent(page);
    await page.keyboard.press(' ');
    await soundsBeyond(page, 0);
    const before = (await soundingAt(page)) ?? 0;
    await page.keyboard.press('ArrowRight');
    await soundsBeyond(page, before + 4);
    await page.keyboard.press('n');
    await bar.getByText('Copper Tide').waitFor();
  });

  await t.test('logged out, the song stops and waits', async () => {
    await soundsBeyond(page, 0);
    await goTo(page, 'Settings');
    await page.getByRole('button', { name: 'Log out' }).click();
    await isSilent(page);
    await logIn(page, 'ada');
    await bar.getByText('Copper Tide').waitFor();
    await bar.getByRole('button', { name: 'Play', exact: true }).waitFor();
  });

  await t.test('of two tabs one sounds, the one in which something was played last', async (t) => {
    await bar.getByRole('button', { name: 'Play', exact: true }).click();
    await soundsBeyond(page, 0);
    const other = await browser.newPage();
    other.setDefaultTimeout(TIMEOUT_MS);
    await listenIn(other);
    await other.goto(service.url);
    await other.getByRole('region', { name: 'Player' }).getByText('Copper Tide').waitFor();
    t.equal(await soundingAt(other), undefined, 'a new tab leaves the sound where it is');
    await playAlbum(other, NIGHT_FERRIES.title);
    await soundsBeyond(other, 0.2);
    await isSilent(page);
    await other.close();
    await bar.getByRole('button', { name: 'Play', exact: true }).waitFor();
    t.equal(await soundingAt(page), undefined, 'closed, it leaves silence');
    await bar.getByRole('button', { name: 'Play', exact: true }).click();
    await bar.getByText('Departure').waitFor();
    await soundsBeyond(page, 0);
  });
});
