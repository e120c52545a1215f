// Goal: no script and no foreign page gets at a web player's refresh token. Method: a server over doubles.
import t from 'tap';
import { UnauthenticatedError } from '../../kit/errors.ts';
import { request, startGateway } from '../../test/gateway/doubles.ts';

const login = { username: 'listener', password: 'correct horse' };
const now = Date.now();
const session = (refreshToken: string) => ({
  userId: '0'.repeat(22),
  deviceId: '0'.repeat(22),
  accessToken: 'a.b.c',
  accessExpiresAtMs: now + 900_000,
  refreshToken,
  refreshExpiresAtMs: now + 1000 * 3600,
});
const overrides = {
  'accounts.login': async () => session('first-token'),
  'accounts.refresh': async ({ refreshToken }: Record<string, unknown>) => {
    if (refreshToken !== 'first-token') throw new UnauthenticatedError('SESSION_ENDED', 'Log in again.');
    return session('second-token');
  },
};
const web = (url: string) => ({ 'x-antiphon-client': 'web', origin: url, 'sec-fetch-site': 'same-origin' });

void t.test('an app gets the refresh token in the body and no cookie', async (t) => {
  await using g = await startGateway({ overrides });
  const response = await request(`${g.url}/api/login`, 'POST', { body: login });
  t.equal(response.headers.get('set-cookie'), null);
  t.match(await response.json(), { refreshToken: 'first-token' });
});

void t.test('the web player gets it in a cookie and not in the body', async (t) => {
  await using g = await startGateway({ overrides });
  const response = await request(`${g.url}/api/login`, 'POST', { body: login, headers: web(g.url) });
  t.match(
    response.headers.get('set-cookie'),
    /^antiphon_refresh=first-token; Max-Age=3\d{3}; HttpOnly; SameSite=Strict; Path=\/api$/,
  );
  const body = (await response.json()) as object;
  t.notOk('refreshToken' in body);
  t.match(body, { accessToken: 'a.b.c' });
});

void t.test('over https the cookie is Secure and bound to the host', async (t) => {
  await using g = await startGateway({ overrides, options: { secure: true } });
  const response = await request(`${g.url}/api/login`, 'POST', { body: login, headers: web(g.url) });
  t.match(
    response.headers.get('set-cookie'),
    /^__Host-antiphon_refresh=first-token; .*HttpOnly; SameSite=Strict; Path=\/; Secure$/,
  );
});

void t.test('refresh reads the cookie and rotates it', async (t) => {
  await using g = await startGateway({ overrides });
  const headers = { ...web(g.url), cookie: 'other=1; antiphon_refresh=first-token' };
  const response = await request(`${g.url}/api/token/refresh`, 'POST', { headers });
  t.equal(response.status, 200);
  t.match(response.headers.get('set-cookie'), /antiphon_refresh=second-token/);
  t.match(g.calls.at(-1)?.params, { refreshToken: 'first-token', commandId: String });
});

void t.test('a cookie without the header of the web player counts for nothing', async (t) => {
  await using g = await startGateway({ overrides });
  const headers = { cookie: 'antiphon_refresh=first-token', origin: g.url };
  const response = await request(`${g.url}/api/token/refresh`, 'POST', { headers });
  t.equal(response.status, 400);
  t.equal(g.calls.length, 0);
});

void t.test('a page of another origin is refused, and so is one that hides its origin', async (t) => {
  await using g = await startGateway({ overrides });
  const cookie = 'antiphon_refresh=first-token';
  const own = { 'x-antiphon-client': 'web', cookie };
  const foreign = [
    { ...own, origin: 'https://evil.example' },
    { ...own, 'sec-fetch-site': 'cross-site' },
    { ...own, 'sec-fetch-site': 'same-site', origin: g.url },
    { ...own, 'sec-fetch-site': 'same-origin', origin: 'null' },
    own,
  ];
  for (const headers of foreign) {
    const response = await request(`${g.url}/api/token/refresh`, 'POST', { headers });
    t.equal(response.status, 403, JSON.stringify(headers));
    t.match(await response.json(), { code: 'CROSS_SITE' });
  }
  t.equal(g.calls.length, 0);
});

void t.test('a token that no longer holds ends the cookie', async (t) => {
  await using g = await startGateway({ overrides });
  const headers = { ...web(g.url), cookie: 'antiphon_refresh=stolen' };
  const response = await request(`${g.url}/api/token/refresh`, 'POST', { headers });
  t.equal(response.status, 401);
  t.match(response.headers.get('set-cookie'), /antiphon_refresh=; Max-Age=0/);
  const without = await request(`${g.url}/api/token/refresh`, 'POST', { headers: web(g.url) });
  t.match(await without.json(), { status: 401, code: 'NO_SESSION' });
});

void t.test('with the cookie in use the body may not bring another token', async (t) => {
  await using g = await startGateway({ overrides });
  const headers = { ...web(g.url), cookie: 'antiphon_refresh=first-token' };
  const body = { refreshToken: 'first-token' };
  t.equal((await request(`${g.url}/api/token/refresh`, 'POST', { headers, body })).status, 400);
});

void t.test('logout ends the session and the cookie', async (t) => {
  await using g = await startGateway({ overrides });
  const headers = { ...web(g.url), cookie: 'antiphon_refresh=first-token' };
  const response = await request(`${g.url}/api/logout`, 'POST', { headers });
  t.equal(response.status, 204);
  t.match(response.headers.get('set-cookie'), /antiphon_refresh=; Max-Age=0/);
  t.match(g.calls.at(-1), { action: 'accounts.logout', params: { refreshToken: 'first-token' } });
});
