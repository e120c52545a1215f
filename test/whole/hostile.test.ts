// Goal: the composed service withstands outsiders and hostile listeners. Method: it runs whole on a temp
// folder with one short song; requests go over HTTP, and the store's own files are read afterwards.
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { ROUTES } from '../../actors/gateway/routes.ts';
import { setLogLevel } from '../../kit/log.ts';
import { makeMusic } from '../../media/ingest/testing/music.ts';
import { PASSWORD, run, settingsIn, takeIn } from './running.ts';

setLogLevel('silent');
const root = t.testdir({ music: {} });
const music = join(root, 'music');
const settings = settingsIn(root);

/** With its ending it fills a file name, so that no `.lrc` fits beside it. */
const LONG_NAME = `${'n'.repeat(252)}.au`;

const taken = await takeIn(settings, music, async (ffmpeg) => {
  await makeMusic(ffmpeg, music, 'song.flac', { samples: 3 * 44_100 });
  await writeFile(join(music, LONG_NAME), await readFile(join(music, 'song.flac')));
  await symlink('/etc/passwd', join(music, 'song.lrc'));
  await symlink('/etc/passwd', join(music, 'passwd.mp3'));
  await writeFile(join(music, 'empty.mp3'), '');
  await writeFile(join(music, 'list.mp3'), '#EXTM3U\n/etc/passwd\n');
  await writeFile(join(music, 'concat.mp3'), "ffconcat version 1.0\nfile '/etc/passwd'\n");
  await mkdir(join(music, 'deep'));
});
const { ask, signUp } = await run(t, settings);

const mallory = await signUp('mallory');
const token = mallory.accessToken;

t.test('an import takes in the music and refuses each trap by name', async (t) => {
  t.equal(taken.released, 1);
  t.equal(taken.duplicates.length, 1, 'a name too long for lyrics beside it stops nothing');
  const refused = taken.refused.map(({ file, code }) => [file.slice(music.length + 1), code]);
  const names = ['concat.mp3', 'empty.mp3', 'list.mp3', 'passwd.mp3', 'song.lrc'];
  t.same(refused.map(([file]) => file).sort(), names);
  for (const name of ['passwd.mp3', 'song.lrc']) {
    t.equal(Object.fromEntries(refused)[name], 'SYMLINK_LEAVES_FOLDER');
  }
  t.same(await readdir(join(settings.dataDir, 'tmp')), [], 'nothing half-written is left');
});

t.test('nobody else on the machine can look into the data folder', async (t) => {
  for (const name of ['.', 'store', 'objects', 'tmp', 'secrets.json', 'bus.sock']) {
    const { mode } = await stat(join(settings.dataDir, name));
    t.equal(mode & 0o077, 0, name);
  }
});

t.test('every route that needs an account refuses outsiders and forged tokens', async (t) => {
  const [, claims = '', mac = ''] = token.split('.');
  const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
  const hs256 = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url');
  const forged = [undefined, 'x', `${none}.${claims}.`, `${hs256}.${claims}.${mac}`];
  for (const { method, path, auth } of ROUTES.filter((route) => route.auth !== 'none')) {
    for (const bad of forged) {
      const answer = await ask(method, `/api${path}`, bad === undefined ? {} : { token: bad });
      t.equal(answer.status, 401, `${method} ${path}`);
      t.match(answer.type, 'application/problem+json');
    }
    if (auth === 'admin') t.equal((await ask(method, `/api${path}`, { token })).status, 403, path);
  }
});

t.test('nonsense in a body gets a reason, never a stack or a 5xx', async (t) => {
  const deep = `{"username":${'['.repeat(9000)}${']'.repeat(9000)}}`;
  const bodies = ['{', '[]', 'null', deep, '{"__proto__":{"roles":["admin"]}}', '{"\\u0000":"\\ud800"}'];
  for (const { method, path } of ROUTES.filter((route) => route.method !== 'GET')) {
    for (const body of bodies) {
      const answer = await ask(method, `/api${path}`, { token, body });
      t.ok(answer.status >= 400 && answer.status < 500, `${method} ${path} ${answer.status}`);
      t.match(answer.type, 'application/problem+json');
      t.notMatch(answer.text, /node_modules|\.ts:\d/);
    }
  }
});

t.test('a name holds nothing that commands a terminal', async (t) => {
  for (const displayName of ['\u001b[2J', 'a\u0000b', '\ud800', 'abc\u202edef', 'two\nlines']) {
    const body = JSON.stringify({ displayName });
    t.equal((await ask('PATCH', '/api/me', { token, body })).status, 400, body);
  }
  t.equal((await ask('PATCH', '/api/me', { token, body: { displayName: 'Zoë 🎧 李' } })).status, 200);
});

t.test('a signed address opens its own song up to its own rung, and nothing else', async (t) => {
  const songId = JSON.parse((await ask('GET', '/api/songs', { token })).text).items[0].songId as string;
  const { hlsUrl } = JSON.parse((await ask('GET', `/api/songs/${songId}/stream`, { token })).text);
  const base = (hlsUrl as string).replace('/master.m3u8', '');
  for (const file of ['index.m3u8', 'key', '0.m4s', 'init.mp4', 'init.enc.mp4']) {
    t.equal((await ask('GET', `${base}/160/${file}`)).status, 200, file);
    t.equal((await ask('GET', `${base}/320/${file}`)).status, 403, `320 ${file}`);
    const raised = `${base.replace('.160.', '.320.')}/320/${file}`;
    t.equal((await ask('GET', raised)).status, 403, `raised ${file}`);
    const other = `${base.replace(songId, mallory.userId)}/160/${file}`;
    t.equal((await ask('GET', other)).status, 403, `other song ${file}`);
  }
  t.equal((await ask('GET', `${base}/320.m4a`)).status, 403);
  const refused = await ask('GET', `${base.replace('.160.', '.320.')}/320/key`);
  t.notOk(refused.text.includes(base.split('/')[2] ?? base), 'the refusal does not repeat the token');
});

t.test('an unknown user and a wrong password get the same answer', async (t) => {
  const answers = await Promise.all(
    ['mallory', 'nobody-here'].map((username) =>
      ask('POST', '/api/login', { body: { username, password: 'not the password' } }),
    ),
  );
  const [known, unknown] = answers.map(({ status, text }) => ({ status, ...JSON.parse(text), instance: '' }));
  t.equal(known.status, 401);
  t.same(known, unknown);
});

t.test('a refresh token used twice ends its family', async (t) => {
  const { refreshToken } = await signUp('trent');
  const next = JSON.parse((await ask('POST', '/api/token/refresh', { body: { refreshToken } })).text);
  t.equal((await ask('POST', '/api/token/refresh', { body: { refreshToken } })).status, 401);
  const after = await ask('POST', '/api/token/refresh', { body: { refreshToken: next.refreshToken } });
  t.equal(after.status, 401);
});

t.test('neither tokens nor password of a deleted account open anything', async (t) => {
  const gone = await signUp('ephemera', { deviceName: 'Ephemeral Walkman' });
  const body = { password: PASSWORD };
  t.equal((await ask('DELETE', '/api/me', { token: gone.accessToken, body })).status, 204);
  t.equal((await ask('GET', '/api/me', { token: gone.accessToken })).status, 401);
  t.equal(
    (await ask('POST', '/api/token/refresh', { body: { refreshToken: gone.refreshToken } })).status,
    401,
  );
  t.equal((await ask('POST', '/api/login', { body: { username: 'ephemera', ...body } })).status, 401);
});
