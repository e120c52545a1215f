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
  for (const [i, title] of ['Slow Lantern', 'Copper Tide'].entries()) {
    await makeMusic(ffmpeg, music, `${i + 1}.flac`, {
      samples: 12 * SAMPLE_RATE,
      seed: i + 1,
      tags: { title, artist: 'Ottilie Fenn', album: ALBUM, track: String(i + 1), genre: 'Folk' },
    });
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
  await folder.getByText('2 songs').waitFor();
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
