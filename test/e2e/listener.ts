/** What a listener does and hears, in the words of the page. */
import type { Page } from 'playwright-core';

const PASSWORD = 'correct horse battery';

export interface Heard {
  /** Of the audio element, in the order in which the page made them. */
  readonly deck: number;
  readonly event: 'playing' | 'ended' | 'pause' | 'waiting';
  readonly atMs: number;
  /** On the deck's time line, where songs lie one behind the other. */
  readonly second: number;
  /** On its way to a place that the listener chose, or to the song that he skipped to. */
  readonly seeking: boolean;
}
interface Listening {
  readonly audios: HTMLAudioElement[];
  readonly heard: Heard[];
}
declare global {
  interface Window {
    readonly listening: Listening;
  }
}

/**
 * Listens in on the page's audio elements, which are not in its document; `heard.playing` and the like are
 * told to the window. Call before the page is opened.
 */
export async function listenIn(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const audios: HTMLAudioElement[] = [];
    const heard: Heard[] = [];
    Object.assign(globalThis, { listening: { audios, heard } });
    const Plain = globalThis.Audio;
    globalThis.Audio = class extends Plain {
      constructor() {
        super();
        const deck = audios.push(this) - 1;
        for (const event of ['playing', 'ended', 'pause', 'waiting'] as const) {
          this.addEventListener(event, () => {
            heard.push({
              deck,
              event,
              atMs: performance.now(),
              second: this.currentTime,
              seeking: this.seeking,
            });
            dispatchEvent(new Event(`heard.${event}`));
          });
        }
      }
    };
  });
}

export const heardIn = (page: Page): Promise<Heard[]> => page.evaluate(() => window.listening.heard);

/** Where the audio that sounds is on its time line, in seconds; undefined in silence. */
export const soundingAt = (page: Page): Promise<number | undefined> =>
  page.evaluate(() => window.listening.audios.find((audio) => !audio.paused)?.currentTime);

/** Until there is sound at this second of a deck's time line: behind the end of a song lies the next one. */
export async function isFetchedAt(page: Page, second: number): Promise<void> {
  await page.waitForFunction(
    (at) =>
      window.listening.audios.some(({ buffered }) =>
        Array.from({ length: buffered.length }).some(
          (_, i) => buffered.start(i) <= at && buffered.end(i) > at,
        ),
      ),
    second,
  );
}

/** Until sound has come out beyond this second of the time line. */
export async function soundsBeyond(page: Page, second: number): Promise<void> {
  await page.waitForFunction(
    (beyond) => window.listening.audios.some((audio) => !audio.paused && audio.currentTime > beyond),
    second,
  );
}

export async function isSilent(page: Page): Promise<void> {
  await page.waitForFunction(() => window.listening.audios.every((audio) => audio.paused));
}

export async function signUp(page: Page, url: string, username: string): Promise<void> {
  await page.goto(url);
  await page.getByRole('tab', { name: 'Sign up' }).click();
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
}

export async function logIn(page: Page, username: string, password = PASSWORD): Promise<void> {
  await page.getByRole('tab', { name: 'Log in' }).click();
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** By a link of the navigation, without loading the page anew. */
export const goTo = (page: Page, name: string): Promise<void> =>
  page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name, exact: true }).click();

export async function openAlbum(page: Page, title: string): Promise<void> {
  await goTo(page, 'Home');
  await page.locator('.card a', { hasText: title }).first().click();
  await page.getByRole('heading', { name: title, level: 1 }).waitFor();
}

export async function playAlbum(page: Page, title: string): Promise<void> {
  await openAlbum(page, title);
  await page.locator('.hero').getByRole('button', { name: 'Play', exact: true }).click();
}

/** One song of an album, unless it is the one that sounds. */
export async function playSong(page: Page, album: string, title: string): Promise<void> {
  await openAlbum(page, album);
  const row = page.locator('.song', { hasText: title });
  const playOrPause = row.getByRole('button', { name: new RegExp(`^(Play|Pause) ${title}$`) });
  if ((await playOrPause.getAttribute('aria-label')) === `Play ${title}`) await playOrPause.click();
}

/** The history as the API tells it, to a device of its own. */
export async function historyOf(
  url: string,
  username: string,
): Promise<{ songId: string; counted: boolean; listenedMs: number }[]> {
  const ask = async (path: string, init: RequestInit) => {
    const response = await fetch(`${url}/api${path}`, init);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const session = (await ask('/login', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username, password: PASSWORD, deviceName: 'test' }),
  })) as { accessToken: string };
  const headers = { Authorization: `Bearer ${session.accessToken}` };
  const { items } = (await ask('/me/history', { headers })) as {
    items: { songId: string; counted: boolean; listenedMs: number }[];
  };
  return items;
}
