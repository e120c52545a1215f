// Goal: the log holds no secret, and one entry a line. Method: the service runs as its own process at level
// trace; every secret that is handed out is looked for in all that it has written.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { WebSocket } from 'ws';
import { setLogLevel } from '../../kit/log.ts';
import { makeMusic } from '../../media/ingest/testing/music.ts';
import { settingsIn, takeIn } from './running.ts';

setLogLevel('silent');
const root = t.testdir({ music: {} });
const PASSWORD = 'Correct-Horse-7-Battery';

await takeIn(settingsIn(root), join(root, 'music'), async (ffmpeg) => {
  await makeMusic(ffmpeg, join(root, 'music'), 'song.flac', { samples: 3 * 44_100 });
});

async function urlOf(service: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: service.stdout as NodeJS.ReadableStream })) {
    const url = /ready at (\S+)/.exec(line)?.[1];
    if (url) return url;
  }
  throw new Error('the service did not start');
}

/** Sends bytes as they are, since fetch would refuse them. */
async function raw(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.end(bytes, 'latin1');
  return text(socket);
}

t.test('no secret reaches the log, and no request writes a line of its own', async (t) => {
  const service = spawn(process.execPath, [join(import.meta.dirname, '../../scripts/start.ts')], {
    env: {
      PATH: process.env.PATH,
      ANTIPHON_DATA: join(root, 'data'),
      ANTIPHON_PORT: '0',
      ANTIPHON_DEMO: 'off',
      ANTIPHON_LOG_LEVEL: 'trace',
      ANTIPHON_TRUSTED_PROXIES: '127.0.0.1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => service.kill('SIGKILL'));
  const logged = text(service.stderr);
  const url = await urlOf(service);
  service.stdout.resume();

  let callers = 0;
  const secrets = new Set<string>([PASSWORD]);
  const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        'x-forwarded-for': `10.1.0.${++callers}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const answer = await response.text();
    const cookie = /antiphon_refresh=([^;]+)/.exec(response.headers.get('set-cookie') ?? '')?.[1];
    if (cookie) secrets.add(cookie);
    return { status: response.status, cookie, body: answer.startsWith('{') ? JSON.parse(answer) : {} };
  };
  const keep = (session: { accessToken: string; refreshToken: string }) => {
    secrets.add(session.accessToken);
    secrets.add(session.refreshToken);
    return session;
  };

  const account = { username: 'listener', password: PASSWORD };
  const first = keep((await ask('POST', '/api/accounts', account)).body);
  const web = await ask('POST', '/api/login', account, { 'x-antiphon-client': 'web', origin: url });
  t.ok(web.cookie, 'the web player has its cookie');
  await ask(
    'POST',
    '/api/token/refresh',
    {},
    {
      'x-antiphon-client': 'web',
      origin: url,
      cookie: `antiphon_refresh=${web.cookie}`,
    },
  );
  const { body: renewed } = await ask('POST', '/api/token/refresh', { refreshToken: first.refreshToken });
  const { accessToken } = keep(renewed);
  await ask('POST', '/api/token/refresh', { refreshToken: first.refreshToken });
  const signed = keep((await ask('POST', '/api/login', account)).body);
  const auth = { authorization: `Bearer ${signed.accessToken}` };

  const { items } = (await ask('GET', '/api/songs', undefined, auth)).body;
  const { stream } = (await ask('POST', '/api/me/player/play', { songIds: [items[0].songId] }, auth)).body;
  const [, , mediaToken, songId] = (stream.hlsUrl as string).split('/');
  secrets.add(mediaToken as string);
  for (const path of ['master.m3u8', '96/0.m4s', '96/key', '320/key', '96/99999.m4s']) {
    await ask('GET', `/m/${mediaToken}/${songId}/${path}`);
  }
  await ask('GET', `/m/${mediaToken}x/${songId}/master.m3u8`);

  // What fails says why, and must not say with what.
  for (let i = 0; i < 7; i++) await ask('POST', '/api/login', { ...account, password: `${PASSWORD}-wrong` });
  await ask('POST', '/api/login', { username: PASSWORD, password: 'x' });
  await ask('POST', `/api/login?password=${PASSWORD}`, account);
  await ask('POST', '/api/login', { ...account, [PASSWORD]: PASSWORD });
  await ask('GET', `/api/me?token=${signed.accessToken}`, undefined, { authorization: `Bearer ${PASSWORD}` });
  await ask('DELETE', '/api/me', { password: `${PASSWORD}?` }, auth);
  await ask('POST', '/api/me/subscription', { paymentToken: `declined-${PASSWORD}` }, auth);
  await ask('GET', `/${signed.accessToken}/${PASSWORD}`);
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/ws?token=${accessToken}`);
  await once(socket, 'open');
  socket.send(JSON.stringify({ t: 'hello', token: `${signed.accessToken}x` }));
  await once(socket, 'close');

  const injected = 'INJECTED {"level":"error","msg":"forged"}';
  const host = 'Host: x\r\nConnection: close\r\n';
  await raw(url, `GET /api/songs/%0d%0a${encodeURIComponent(injected)} HTTP/1.1\r\n${host}\r\n`);
  await raw(url, `GET /api/me HTTP/1.1\r\n${host}X-Request-Id: a\tb"${injected}\r\n\r\n`);
  await raw(url, `GET /api/me HTTP/1.1\r\n${host}Authorization: Bearer x\r\n ${injected}\r\n\r\n`);
  await raw(url, `GET /\u001b[2J${injected} HTTP/1.1\r\n${host}\r\n`);
  await raw(url, `\n\n${injected}\n${PASSWORD}\r\n\r\n`);
  await ask('POST', '/api/me/events', { events: [{ type: injected, code: `\n${injected}` }] }, auth);

  service.kill('SIGTERM');
  await once(service, 'exit');
  const lines = (await logged).trimEnd().split('\n');
  t.ok(lines.length > 20, `${lines.length} lines`);
  for (const line of lines) {
    const entry = JSON.parse(line);
    t.ok(entry.level && entry.time && typeof entry.msg === 'string', entry.msg);
    t.notMatch(line, /INJECTED|forged|\\u001b/);
    for (const secret of secrets) if (line.includes(secret)) t.fail(`${secret.slice(0, 12)}… in: ${line}`);
    t.notMatch(line, /\/m\/[^:"]/, 'no raw media URL');
  }
});
