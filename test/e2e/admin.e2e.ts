/**
 * Goal: whoever has set the service up brings their music in and invites a friend, and stays in charge.
 * Method: the service as `npm start` runs it, closed to strangers; the administrator and the friend each in a
 * browser of their own; a folder of a few songs and one file that is none.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { findFfmpeg } from '../../media/ingest/ffmpeg.ts';
import { makeMusic } from '../../media/ingest/testing/music.ts';
import { violations } from './axe.ts';
import { openBrowser } from './browser.ts';
import { goTo, listenIn, logIn, openAlbum, soundsBeyond } from './listener.ts';
import { startService } from './service.ts';

const TIMEOUT_MS = 60_000;
const SAMPLE_RATE = 44_100;
const SECTIONS = ['', '/library', '/users', '/invitations', '/corrections', '/storage', '/keys'];
const PASSWORD = 'correct horse battery';
const ALBUM = 'Paper Harbour';

/** One artist in two spellings, and a compilation that names no album artist, with a guest in a title. */
const SONGS = [
  { name: '1.flac', seconds: 12, title: 'Slow Lantern', artist: 'Ottilie Fenn', album: ALBUM, track: '1' },
  { name: '2.flac', seconds: 12, title: 'Copper Tide', artist: 'Ottilie Fenn', album: ALBUM, track: '2' },
  { name: 'low/1.flac', title: 'Low Water', artist: 'Otilie Fenn', album: 'Low Water', track: '1' },
  {
    name: 'hits/1.flac',
    title: 'Night Bus',
    artist: 'Marlow Reed',
    album: 'Hits',
    track: '1',
    compilation: '1',
  },
  {
    name: 'hits/2.flac',
    title: 'Salt (feat. Ottilie Fenn)',
    artist: 'The Quiet Engines',
    album: 'Hits',
    track: '2',
    compilation: '1',
  },
];

const service = await startService({ ANTIPHON_DEMO: 'off', ANTIPHON_OPEN_SIGN_UP: 'off' });
t.teardown(() => service.stop());
const { url } = service;
const music = await mkdtemp(join(tmpdir(), 'antiphon-music-'));
t.teardown(() => rm(music, { recursive: true, force: true }));

const problems: string[] = [];
async function browse(t: Test): Promise<Page> {
  const browser = await openBrowser();
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(TIMEOUT_MS);
  page.on('pageerror', (error) => problems.push(String(error)));
  await listenIn(page);
  return page;
}

async function fillSignUp(page: Page, username: string): Promise<void> {
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Create account' }).click();
}

const admin = await browse(t);
const friend = await browse(t);

t.before(async () => {
  const ffmpeg = await findFfmpeg();
  for (const [i, { name, seconds = 2, ...tags }] of SONGS.entries()) {
    await makeMusic(ffmpeg, music, name, { samples: seconds * SAMPLE_RATE, seed: i + 1, tags });
  }
  await writeFile(join(music, 'no-song.flac'), 'this is no music');
});

t.test('the first administrator is asked for the music, and shown how it comes in', async (t) => {
  await admin.goto(`${url}/?code=${service.setupCode}`);
  await fillSignUp(admin, 'ada');
  await admin.getByRole('heading', { name: 'Bring your music' }).waitFor();
  await admin.getByRole('button', { name: 'Add a folder' }).click();
  const dialog = admin.getByRole('dialog');
  await dialog.getByLabel('Folder').fill(join(music, 'nowhere'));
  await dialog.getByRole('button', { name: 'Add a folder' }).click();
  await dialog.getByRole('alert').waitFor();
  t.match(await dialog.getByRole('alert').textContent(), /nowhere/, 'a path that is wrong is named');
  await dialog.getByLabel('Folder').fill(music);
  await dialog.getByRole('button', { name: 'Add a folder' }).click();
  await dialog.waitFor({ state: 'detached' });

  await goTo(admin, 'Administration');
  await admin.getByRole('link', { name: 'Library', exact: true }).last().click();
  const folder = admin.getByRole('region', { name: music });
  await folder.getByText(/Up to date/).waitFor();
  await folder.getByText('5 songs').waitFor();
  await folder.getByRole('button', { name: '1 file refused' }).click();
  await admin.getByRole('dialog').getByRole('cell', { name: 'no-song.flac' }).waitFor();
  await admin.keyboard.press('Escape');
  t.pass('the file that is no song is named');

  await openAlbum(admin, ALBUM);
  await admin.locator('.hero').getByRole('button', { name: 'Play', exact: true }).click();
  await soundsBeyond(admin, 1);
  t.pass('what came in plays');
});

t.test('a friend comes in by the link of an invitation, and nobody without one', async (t) => {
  await friend.goto(url);
  await friend.getByRole('tab', { name: 'Sign up' }).click();
  await fillSignUp(friend, 'bea');
  await friend
    .getByRole('alert')
    .getByText(/invitation/)
    .waitFor();

  await admin.goto(`${url}/admin/invitations`);
  await admin.getByRole('button', { name: 'Invite', exact: true }).click();
  await admin.getByLabel('Note for yourself').fill('for Bea');
  await admin.getByRole('button', { name: 'Make the link' }).click();
  const link = await admin.getByLabel('Link', { exact: true }).inputValue();
  t.ok(link.startsWith(`${url}/?invite=`));
  await admin.keyboard.press('Escape');

  await friend.goto(link);
  await friend.getByText('ada invites you.').waitFor();
  await fillSignUp(friend, 'bea');
  await friend.getByRole('link', { name: 'Home' }).first().waitFor();
  t.notMatch(friend.url(), /invite=/, 'the code is no business of the address bar');
  await admin.reload();
  await admin.getByText(/1 of 1 used \(bea\)/).waitFor();
});

t.test('the administration is for administrators, and says so to others', async (t) => {
  await friend.goto(`${url}/admin/users`);
  await friend.getByRole('heading', { name: 'Only for administrators' }).waitFor();
  const refused = friend.waitForResponse((response) => response.url().includes('/api/admin/'));
  await friend.evaluate(() => fetch('/api/admin/users'));
  t.equal((await refused).status(), 401);
});

async function inMenuOfBea(choice: string): Promise<void> {
  await admin.goto(`${url}/admin/users`);
  await admin.getByRole('button', { name: 'More for bea' }).click();
  await admin.getByRole('menuitem', { name: choice }).click();
}

t.test('who is disabled is out at once, and in again when enabled', async (t) => {
  await inMenuOfBea('Disable …');
  await admin.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
  await admin.getByRole('row').getByText('disabled').waitFor();
  await friend.goto(url);
  await friend.getByRole('tab', { name: 'Log in' }).waitFor();
  t.pass('the page that was open is signed out');
  await logIn(friend, 'bea');
  await friend
    .getByRole('alert')
    .getByText(/shut out/)
    .waitFor();
  await inMenuOfBea('Enable');
  await admin.getByRole('row').getByText('disabled').waitFor({ state: 'detached' });
  await logIn(friend, 'bea');
  await friend.getByRole('link', { name: 'Home' }).first().waitFor();
  t.pass('and in again');
});

t.test('a role given and taken holds without a new login; the last administrator stays', async (t) => {
  const role = async (name: string, choice: string) => {
    await admin.goto(`${url}/admin/users`);
    await admin.getByRole('button', { name: `More for ${name}` }).click();
    await admin.getByRole('menuitem', { name: 'Roles …' }).click();
    await admin.getByRole('dialog').getByLabel('Administrator').click();
    await admin.getByRole('dialog').getByRole('button', { name: choice }).click();
  };
  await role('bea', 'Save');
  await admin.getByRole('dialog').waitFor({ state: 'detached' });
  await friend.goto(`${url}/admin`);
  await friend.getByRole('heading', { name: 'Parts' }).waitFor();
  await role('bea', 'Save');
  await admin.getByRole('dialog').waitFor({ state: 'detached' });
  await friend.reload();
  await friend.getByRole('heading', { name: 'Only for administrators' }).waitFor();
  await role('ada', 'Save');
  await admin
    .getByRole('dialog')
    .getByRole('alert')
    .getByText(/last administrator/)
    .waitFor();
  t.pass('nobody is left without an administrator');
  await admin.keyboard.press('Escape');
  await admin.getByRole('dialog').waitFor({ state: 'detached' });
  await admin.getByRole('dialog').waitFor({ state: 'detached' });
});

const heading = (name: string) => admin.getByRole('heading', { name, level: 1, exact: true });

async function openArtist(name: string): Promise<string> {
  await admin.goto(`${url}/library/artists`);
  await admin.locator('.card a', { hasText: name }).first().click();
  await heading(name).waitFor();
  return admin.url();
}

/** In the menu of the page that is open, or of the song of that title on it. */
async function correct(choice: string, title?: string) {
  const scope = title === undefined ? admin.locator('.hero') : admin.getByRole('main');
  await scope.getByRole('button', { name: `More for ${title ?? ''}` }).click();
  await admin.getByRole('menuitem', { name: choice }).click();
  return admin.getByRole('dialog');
}

async function answer(button: string): Promise<void> {
  await admin.getByRole('dialog').getByRole('button', { name: button, exact: true }).click();
  await admin.getByRole('dialog').waitFor({ state: 'detached' });
}

let fenn = '';
let otherFenn = '';

t.test('what songs, albums and artists say is corrected where they are seen', async (t) => {
  await openAlbum(admin, ALBUM);
  const song = await correct('Correct …', 'Copper Tide');
  await song.getByLabel('Title').fill('Copper Tides');
  await song.getByLabel('Genres').fill('Folk, Sea songs');
  await answer('Save');
  await admin.locator('.song-list, main').getByText('Copper Tides', { exact: true }).first().waitFor();

  const album = await correct('Correct …');
  await album.getByLabel('Title').fill('Paper Harbor');
  await answer('Save');
  await heading('Paper Harbor').waitFor();

  fenn = await openArtist('Ottilie Fenn');
  const artist = await correct('Correct …');
  await artist.getByLabel('Name').fill('Ottilie Fenn-Reed');
  await answer('Save');
  await heading('Ottilie Fenn-Reed').waitFor();
  t.pass('and the page that is open shows it');
});

t.test('spellings of one artist become one; the address of the other one leads there', async (t) => {
  otherFenn = await openArtist('Otilie Fenn');
  await admin.goto(fenn);
  const dialog = await correct('Merge with another …');
  await dialog.getByRole('searchbox').fill('Otilie Fenn');
  await dialog.getByLabel('Otilie Fenn', { exact: false }).check();
  await answer('Merge');
  await admin.locator('.hero').getByText('4 songs').waitFor();
  await admin.goto(otherFenn);
  await heading('Ottilie Fenn-Reed').waitFor();
  t.pass('as do links, likes and playlists of before');
});

t.test('an album is parted and put together, and so is an artist', async (t) => {
  await openAlbum(admin, 'Hits');
  const hits = admin.url();
  const split = await correct('Move songs to another album …');
  await split.getByLabel('Salt').check();
  await split.getByLabel('To').fill('Winter Hits');
  await answer('Move');
  await admin.locator('.hero').getByText('1 song', { exact: true }).waitFor();
  await openAlbum(admin, 'Winter Hits');
  await admin.getByText('Salt', { exact: true }).first().waitFor();

  await admin.goto(hits);
  const merge = await correct('Merge with another …');
  await merge.getByLabel('Winter Hits').check();
  await answer('Merge');
  await admin.locator('.hero').getByText('2 songs').waitFor();

  await admin.goto(fenn);
  const parted = await correct('Give albums to another artist …');
  await parted.getByLabel('Paper Harbor').check();
  await parted.getByLabel('To').fill('Ottilie Fenn (pianist)');
  await answer('Move');
  await openArtist('Ottilie Fenn (pianist)');
  await admin.locator('.hero').getByText('2 songs').waitFor();
  t.pass('each is where it was put');
});

t.test('corrections are kept when files are read again', async (t) => {
  const [, tide] = SONGS;
  await makeMusic(await findFfmpeg(), music, '2.flac', {
    ...{ samples: 12 * SAMPLE_RATE, seed: 2 },
    tags: { ...tide, title: 'COPPER TIDE', genre: 'Noise', date: '1987', seconds: '' },
  });
  await openAlbum(admin, 'Paper Harbor');
  await admin.locator('.hero').getByText('1987').waitFor();
  await admin.getByText('Copper Tides', { exact: true }).first().waitFor();
  t.equal(
    await admin.getByText('COPPER TIDE', { exact: true }).count(),
    0,
    'what the file says now is below it',
  );
});

t.test('a correction is taken back from the list', async (t) => {
  const undo = async (about: string) => {
    await admin.goto(`${url}/admin/corrections`);
    const line = admin.getByRole('listitem').filter({ hasText: about });
    await line.getByRole('button', { name: 'Undo' }).click();
    await line.getByText(/undone/).waitFor();
  };
  await undo('Ottilie Fenn-Reed → Ottilie Fenn (pianist)');
  await undo('Otilie Fenn → Ottilie Fenn-Reed');
  await admin.goto(otherFenn);
  await heading('Otilie Fenn').waitFor();
  await undo('Copper Tide');
  await openAlbum(admin, 'Paper Harbor');
  await admin.getByText('COPPER TIDE', { exact: true }).first().waitFor();
  t.pass('it is as the files say');
});

t.test('every page of the administration is for everybody who administers', async (t) => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await admin.emulateMedia({ colorScheme });
    for (const section of SECTIONS) {
      await admin.goto(`${url}/admin${section}`);
      await admin.locator('.admin-section > :not(.skeleton)').first().waitFor();
      t.same(await violations(admin), [], `${section || '/'} ${colorScheme}`);
    }
  }
  t.same(problems, [], 'no page met an error');
});
