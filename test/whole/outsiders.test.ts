// Goal: pages of other origins, guessers and those who held a session once get nowhere. Method: the service
// runs whole, once as it comes and once closed to sign-ups and without a proxy; requests go over HTTP.
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { join } from 'node:path';
import t from 'tap';
import { LOGIN_FAILURES_FREE, UNAUTHENTICATED_REQUESTS_PER_MIN } from '../../config/limits.ts';
import { setLogLevel } from '../../kit/log.ts';
import { PASSWORD, run, settingsIn } from './running.ts';

setLogLevel('silent');
const root = t.testdir({});
const FRIEND = 'https://friend.example';
const EVIL = 'https://evil.example';
const WEB = { 'x-antiphon-client': 'web' };
const codeOf = ({ text }: { text: string }): string => JSON.parse(text).code;

t.test('a service that strangers reach', async (t) => {
  const { ask, signUp, service } = await run(
    t,
    settingsIn(join(root, 'open'), { ANTIPHON_CORS_ORIGINS: FRIEND }),
  );
  const own = { ...WEB, origin: service.url };

  await t.test('a page of another origin cannot use the cookie', async (t) => {
    await signUp('wanda');
    const body = { username: 'wanda', password: PASSWORD };
    const login = await ask('POST', '/api/login', { body, headers: own });
    const set = login.headers.get('set-cookie') ?? '';
    t.match(set, /^antiphon_refresh=[^;]+; Max-Age=\d+; HttpOnly; SameSite=Strict; Path=\/api$/);
    t.notOk(JSON.parse(login.text).refreshToken);
    const cookie = set.split(';')[0] as string;
    for (const path of ['/api/token/refresh', '/api/logout']) {
      for (const origin of [EVIL, FRIEND, 'null', service.url.replace('http:', 'data:')]) {
        const plain = await ask('POST', path, { body: {}, headers: { cookie, origin } });
        t.equal(plain.status, 400, `${path} without the header: the cookie is not read`);
        const asWeb = await ask('POST', path, { body: {}, headers: { cookie, origin, ...WEB } });
        t.equal(codeOf(asWeb), 'CROSS_SITE', `${path} ${origin}`);
      }
      const form = { cookie, origin: EVIL, 'content-type': 'text/plain' };
      t.equal((await ask('POST', path, { body: '{}', headers: form })).status, 415);
      const crossSite = { cookie, ...own, 'sec-fetch-site': 'cross-site' };
      t.equal((await ask('POST', path, { body: {}, headers: crossSite })).status, 403);
    }
    const renewed = await ask('POST', '/api/token/refresh', { body: {}, headers: { ...own, cookie } });
    t.equal(renewed.status, 200, 'the session is as it was');
  });

  await t.test('a preflight opens the token API to configured origins, and the cookie to none', async (t) => {
    const preflight = (origin: string) =>
      ask('OPTIONS', '/api/token/refresh', {
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'x-antiphon-client',
        },
      });
    const friend = await preflight(FRIEND);
    t.equal(friend.headers.get('access-control-allow-origin'), FRIEND);
    t.notMatch(friend.headers.get('access-control-allow-headers'), /x-antiphon-client/i);
    t.notOk(friend.headers.has('access-control-allow-credentials'));
    for (const origin of [EVIL, 'null', `${FRIEND}.evil.example`]) {
      t.notOk((await preflight(origin)).headers.has('access-control-allow-origin'), origin);
    }
  });

  await t.test('a token signed by a key of ones own is refused', async (t) => {
    const { accessToken } = await signUp('kim');
    const [header = '', claims = ''] = accessToken.split('.');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const known = JSON.parse(Buffer.from(header, 'base64url').toString());
    for (const kid of [known.kid, 'unknown', '../../etc/passwd', '__proto__']) {
      const head = Buffer.from(JSON.stringify({ ...known, kid })).toString('base64url');
      const input = `${head}.${claims}`;
      const mac = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      const token = `${input}.${mac.toString('base64url')}`;
      t.equal((await ask('GET', '/api/me', { token })).status, 401, kid);
    }
    const hmac = createHmac('sha256', 'x').update(`${header}.${claims}`).digest('base64url');
    t.equal((await ask('GET', '/api/me', { token: `${header}.${claims}.${hmac}` })).status, 401);
  });

  await t.test('a new password ends all other sessions at once', async (t) => {
    const first = await signUp('pat');
    const login = await ask('POST', '/api/login', { body: { username: 'pat', password: PASSWORD } });
    const other = JSON.parse(login.text);
    t.equal((await ask('GET', '/api/me', { token: other.accessToken })).status, 200);
    const body = { currentPassword: PASSWORD, newPassword: 'nine herons by the mill' };
    const changed = await ask('POST', '/api/me/password', { token: first.accessToken, body });
    t.equal(changed.status, 204);
    t.equal((await ask('GET', '/api/me', { token: other.accessToken })).status, 401);
    t.equal((await ask('GET', '/api/me', { token: first.accessToken })).status, 200);
    const { refreshToken } = other;
    t.equal(codeOf(await ask('POST', '/api/token/refresh', { body: { refreshToken } })), 'SESSION_ENDED');
  });

  await t.test('guesses from many addresses meet the wait of the name', async (t) => {
    await signUp('ruth');
    const guess = (password: string) => ask('POST', '/api/login', { body: { username: 'RUTH', password } });
    for (let i = 0; i <= LOGIN_FAILURES_FREE; i++) t.equal((await guess(`guess ${i}`)).status, 401);
    const waiting = await guess(PASSWORD);
    t.equal(codeOf(waiting), 'TOO_MANY_ATTEMPTS');
    t.ok(waiting.headers.has('retry-after'));
  });

  await t.test('of what a client writes into X-Forwarded-For only what the proxy added counts', async (t) => {
    const statuses: number[] = [];
    for (let i = 0; i <= UNAUTHENTICATED_REQUESTS_PER_MIN; i++) {
      const headers = { 'x-forwarded-for': `198.51.100.${i}, 203.0.113.7` };
      statuses.push((await ask('POST', '/api/login', { body: {}, headers })).status);
    }
    t.equal(statuses.pop(), 429);
    t.notOk(statuses.includes(429));
  });

  await t.test('metrics are not for pages whose name was rebound to this machine', async (t) => {
    const local = await fetch(`${service.url}/metrics`);
    t.equal(local.status, 200);
    await local.body?.cancel();
    t.equal((await ask('GET', '/metrics')).status, 403, 'nor for what came through a proxy');
  });
});

t.test('a service closed to sign-ups, with no proxy in front', async (t) => {
  const { ask, service } = await run(
    t,
    settingsIn(join(root, 'closed'), { ANTIPHON_OPEN_SIGN_UP: 'off', ANTIPHON_TRUSTED_PROXIES: '' }),
  );
  const { setupCode } = service;
  const signUp = (username: string, more: Record<string, string> = {}) =>
    ask('POST', '/api/accounts', { body: { username, password: PASSWORD, ...more } });

  t.equal(codeOf(await signUp('stranger')), 'SIGN_UP_CLOSED');
  t.equal(codeOf(await signUp('guesser', { setupCode: '00000-00000-00000-00000' })), 'SETUP_CODE_WRONG');
  t.equal(codeOf(await signUp('guesser', { setupCode: '' })), 'SETUP_CODE_WRONG');
  const admin = await signUp('root', { setupCode: setupCode as string });
  t.equal(admin.status, 201);
  const token = JSON.parse(admin.text).accessToken as string;
  t.equal((await ask('GET', '/api/admin/users', { token })).status, 200, 'it is the administrator');
  t.equal(codeOf(await signUp('second', { setupCode: setupCode as string })), 'SETUP_CODE_WRONG');

  // Each request above named another address; without a trusted proxy none of them is believed.
  const statuses: number[] = [];
  for (let i = 0; i <= UNAUTHENTICATED_REQUESTS_PER_MIN; i++) {
    statuses.push((await signUp('guesser', { setupCode: `guess-${i}` })).status);
  }
  t.same([...new Set(statuses)].sort(), [403, 429]);
  t.equal(statuses.at(-1), 429, 'codes cannot be tried without end');
});
