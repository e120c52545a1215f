/**
 * Goal: a service that dies under a listener costs them nothing: music goes on from what is buffered, the page
 * comes back by itself, and what was heard meanwhile counts, once.
 * Method: kill -9 while a song plays, start again on the same data folder, hear the song to its end.
 */
import type { Page } from 'playwright-core';
import t from 'tap';
import { openBrowser } from './browser.ts';
import { makeLibrary, PAPER_HARBOUR } from './library.ts';
import { heardIn, historyOf, listenIn, playAlbum, signUp, soundingAt, soundsBeyond } from './listener.ts';
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
  ];
  let service = await startOn(await makeLibrary([{ ...PAPER_HARBOUR, songs }]));
  t.teardown(() => service.stop());
  const browser = await openBrowser();
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(SONG_TIMEOUT_MS);
  await listenIn(page);
  await signUp(page, service.url, 'ada');
  await playAlbum(page, PAPER_HARBOUR.title);
  await soundsBeyond(page, 1);
  await page.waitForFunction(() => window.listening.audios.every((audio) => audio.readyState >= 3));

  const first = (await heardIn(page))[0]?.deck;
  await service.kill();
  const second = await soundingAlone(page, first);
  t.pass('the next song sounds, alone');
  service = await startAgain(service);
  await page.locator('.player-bar', { hasText: 'Crossing' }).waitFor();
  t.pass('the page shows it once the service is back');
  await page.getByText('Reconnecting').waitFor({ state: 'detached' });
  await page.waitForFunction(
    () => window.listening.heard.filter(({ event }) => event === 'ended').length === 2,
  );
  const played = (await heardIn(page)).filter(({ event }) => event === 'playing').map(({ deck }) => deck);
  t.same(played, [first, second], 'each sounded once, without a stop');
  t.equal((await historyOf(service.url, 'ada')).length, 2, 'the history has each once');
});

/** The one deck that sounds, once it is another than `before`. */
async function soundingAlone(page: Page, before: number | undefined): Promise<number | undefined> {
  const sounding = await page.waitForFunction((was) => {
    const decks = window.listening.audios.flatMap((audio, deck) => (audio.paused ? [] : [deck]));
    return decks.length === 1 && decks[0] !== was && { deck: decks[0] };
  }, before);
  return ((await sounding.jsonValue()) || undefined)?.deck;
}
