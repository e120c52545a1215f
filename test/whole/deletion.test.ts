// Goal: a deleted account leaves nothing personal behind (A27, A28). Method: a listener does all that writes,
// deletes the account while commands are still coming in, and every row and record of the store is read.
import { join } from 'node:path';
import t from 'tap';
import { openStore } from '../../infra/embedded/store.ts';
import { setLogLevel } from '../../kit/log.ts';
import { makeMusic } from '../../media/ingest/testing/music.ts';
import { PASSWORD, run, settingsIn, takeIn } from './running.ts';

setLogLevel('silent');
const root = t.testdir({ music: {} });
const settings = settingsIn(root);
await takeIn(settings, join(root, 'music'), async (ffmpeg) => {
  await makeMusic(ffmpeg, join(root, 'music'), 'song.flac', { samples: 3 * 44_100 });
});

const DATABASES = [
  'tables.rows',
  'tables.expiries',
  'journal.records',
  'journal.heads',
  'journal.seen',
  'journal.positions',
];

/** Every key and value of the store, as text. */
async function contents(): Promise<string[]> {
  await using store = openStore(join(settings.dataDir, 'store'));
  return DATABASES.flatMap((name) =>
    [...store.database(name).getRange({})].map(({ key, value }) => `${name} ${JSON.stringify(key)} ${value}`),
  );
}

t.test('what a deleted account leaves is what its SPEC says', async (t) => {
  const { ask, signUp, stop } = await run(t, settings);
  const stays = await signUp('beatrice');
  const gone = await signUp('ephemera', { displayName: 'Madame Éphémère', deviceName: 'Walkman of E' });
  const { accessToken: token, userId, deviceId } = gone;
  const songId = JSON.parse((await ask('GET', '/api/songs', { token })).text).items[0].songId as string;
  const sign = { username: 'ephemera', password: PASSWORD, deviceName: 'Kitchen of E' };
  const second = JSON.parse((await ask('POST', '/api/login', { body: sign })).text);

  for (const session of [stays, gone]) {
    const own = { token: session.accessToken };
    await ask('PUT', `/api/me/likes/${songId}`, own);
    await ask('POST', '/api/me/player/queue', { ...own, body: { op: 'add', songIds: [songId] } });
    const played = await ask('POST', '/api/me/player/play', { ...own, body: { songIds: [songId] } });
    const { hlsUrl, playId } = JSON.parse(played.text).stream;
    t.equal((await ask('GET', hlsUrl.replace('master.m3u8', '96/0.m4s'))).status, 200);
    const heard = { playId, listenedMs: 2000, positionMs: 2000, playing: true };
    await ask('POST', '/api/me/player/progress', { ...own, body: heard });
  }
  await ask('POST', '/api/me/subscription', { token, body: { paymentToken: 'ok' } });
  const { refreshToken } = gone;
  const renewed = JSON.parse((await ask('POST', '/api/token/refresh', { body: { refreshToken } })).text);

  const busy = Array.from({ length: 40 }, (_, i) =>
    i % 2 === 0
      ? ask('POST', '/api/me/player/play', { token, body: { songIds: [songId] } })
      : ask('POST', '/api/me/player/mode', { token, body: { shuffle: i % 4 === 1 } }),
  );
  const deleted = ask('DELETE', '/api/me', { token, body: { password: PASSWORD } });
  const late = Array.from({ length: 40 }, (_, i) =>
    i % 2 === 0
      ? ask('PUT', `/api/me/likes/${songId}`, { token })
      : ask('POST', '/api/me/player/mode', { token, body: { shuffle: i % 4 === 1 } }),
  );
  t.equal((await deleted).status, 204);
  await Promise.all([...busy, ...late]);
  for (const path of ['/api/me', '/api/me/player', '/api/me/history', '/api/me/likes']) {
    t.equal((await ask('GET', path, { token })).status, 401, path);
  }
  await stop();

  const left = await contents();
  const whole = left.join('\n').toLowerCase();
  const secrets = [gone, second, renewed].flatMap((session) => [
    session.refreshToken,
    session.refreshToken.split('.').at(-1),
    session.deviceId,
  ]);
  for (const personal of ['ephemera', 'éphémère', 'of e"', ...secrets, deviceId]) {
    t.notOk(whole.includes(personal.toLowerCase()), personal);
  }
  t.ok(
    left.some((line) => line.includes('segmentsServed')),
    'evidence of plays is kept, without a name',
  );
  t.ok(whole.includes('beatrice') && whole.includes(stays.deviceId.toLowerCase()), 'others keep theirs');
  const named = left.filter((line) => line.includes(userId));
  const mayStay = /^journal\.\S+ \[(\d+,)?"accounts",|^tables\.\S+ \[(\d+,)?"[a-z_]*erased/;
  t.same(
    named.filter((line) => !mayStay.test(line)),
    [],
  );
});
