import t from 'tap';
import { openBrowser } from './browser.ts';
import { makeLibrary, PAPER_HARBOUR } from './library.ts';
import {
  heardIn,
  historyOf,
  isFetchedAt,
  listenIn,
  playAlbum,
  signUp,
  soundingAt,
  soundsBeyond,
} from './listener.ts';
import { startAgain, startOn } from './service.ts';

const KILL_AT_SECONDS = 13;
const SONG_SECONDS = 36;
const SONG_TIMEOUT_MS = 90_000;

t.test('a killed service costs neither sound nor listened time', async (t) => {
  const song = { title: 'Slow Lantern', seconds: SONG_SECONDS };
  let service = await startOn(await makeLibrary([{ ...PAPER_HARBOUR, songs: [song] }]));
  t.teardown(() => service.stop());
  const browser = await openBrowser();
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(SONG_TIMEOUT_MS);
  await listenIn(page);
  await signUp(page, service.url, 'ada');
  await playAlbum(page, PAPER_HARBOUR.title);
  await soundsBeyond(page, KILL_AT_SECONDS);

  await service.kill();
  await page.getByText('Reconnecting').waitFor();
  const at = (await soundingAt(page)) ?? 0;
  await soundsBeyond(page, at + 3);
  t.pass('music goes on while the service is away');

  service = await startAgain(service);
  await page.getByText('Reconnecting').waitFor({ state: 'detached' });
  t.pass('the page is connected again');
  await page.locator('.player-bar .counted').waitFor();
  t.pass('the stream is counted');

  await page.waitForFunction(() => window.listening.heard.some(({ event }) => event === 'ended'));
  const pauses = (await heardIn(page)).filter(({ event }) => event === 'pause');
  t.equal(pauses.length, 1, 'the only pause is the one at the end');
  await page.getByRole('link', { name: 'History' }).click();
  await page.locator('.song .counted').waitFor();
  const history = await historyOf(service.url, 'ada');
  t.match(history, [{ counted: true }], 'one play, counted');
  const lostMs = SONG_SECONDS * 1000 - (history[0]?.listenedMs ?? 0);
  t.ok(lostMs < 1500, `all of the song is known as heard (${lostMs} ms short)`);
});

t.test('a song that ends while the service is away is followed by the next, once', async (t) => {
  const songs = [
    { title: 'Departure', seconds: 6 },
    { title: 'Crossing', seconds: 14 },
  ] as const;
  let service = await startOn(await makeLibrary([{ ...PAPER_HARBOUR, songs }]));
  t.teardown(() => service.stop());
  const browser = await openBrowser();
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(SONG_TIMEOUT_MS);
  await listenIn(page);
  await signUp(page, service.url, 'ada');
  await playAlbum(page, PAPER_HARBOUR.title);
  const [first] = songs;
  await soundsBeyond(page, 1);
  await isFetchedAt(page, first.seconds + 1);

  await service.kill();
  await soundsBeyond(page, first.seconds + 0.5);
  await page.locator('.player-bar', { hasText: 'Crossing' }).waitFor();
  t.pass('the next song sounds, and the page shows it');
  service = await startAgain(service);
  await page.getByText('Reconnecting').waitFor({ state: 'detached' });
  await page.waitForFunction(() => window.listening.heard.some(({ event }) => event === 'ended'));
  const heard = (await heardIn(page)).filter(({ event }) => event === 'playing' || event === 'ended');
  t.match(heard, [{ event: 'playing' }, { event: 'ended' }], 'they sounded once, without a stop');
  t.equal((await historyOf(service.url, 'ada')).length, 2, 'the history has each once');
});
