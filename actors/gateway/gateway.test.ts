// Goal: REST answers as the contract and the table of routes say. Method: a real server over double services.
import t from 'tap';
import {
  DEVICE_CHECK_MS_MAX,
  REQUEST_BODY_BYTES_MAX,
  UNAUTHENTICATED_REQUESTS_PER_MIN,
} from '../../config/limits.ts';
import { currentCall } from '../../kit/call-context.ts';
import { ConflictError, ForbiddenError, UnavailableError } from '../../kit/errors.ts';
import {
  aliceId,
  bearer,
  deviceId,
  idOf,
  NO_LIMITS,
  request,
  startGateway,
  tokenOf,
} from '../../test/gateway/doubles.ts';

const songId = idOf(5);
const problemIn = async (response: Response) => (await response.json()) as Record<string, unknown>;

void t.test('a call carries what the path, the query and the token say, and the request id', async (t) => {
  await using g = await startGateway();
  const headers = { ...bearer(), 'x-request-id': 'request-0001' };
  const song = await request(`${g.url}/api/songs/${songId}`, 'GET', { headers });
  t.equal(song.status, 200);
  t.equal(song.headers.get('x-request-id'), 'request-0001');
  t.match(g.calls.at(-1), {
    action: 'catalog.song',
    params: { songId, country: 'DE' },
    requestId: 'request-0001',
  });

  await request(`${g.url}/api/search?query=a%20b&limit=3`, 'GET', { headers });
  t.same(g.calls.at(-1)?.params, { query: 'a b', limit: 3, country: 'DE' });

  await request(`${g.url}/api/me/player/seek`, 'POST', { headers, body: { positionMs: 7 } });
  const { commandId, ...params } = g.calls.at(-1)?.params ?? {};
  t.same(params, { positionMs: 7, userId: aliceId, deviceId });
  t.type(commandId, 'string');
});

void t.test('a badly formed request id is replaced', async (t) => {
  await using g = await startGateway();
  const headers = { 'x-request-id': 'a b', 'x-correlation-id': 'other-id-00' };
  const response = await request(`${g.url}/api/me`, 'GET', { headers });
  t.match(response.headers.get('x-request-id'), /^[0-9A-Za-z]{22}\.\w+$/);
});

void t.test('answers that nobody may keep say so, and 204 has no body', async (t) => {
  await using g = await startGateway();
  const response = await request(`${g.url}/api/me/likes/${songId}`, 'PUT', { headers: bearer() });
  t.equal(response.status, 204);
  t.equal(response.headers.get('cache-control'), 'no-store');
  t.equal(await response.text(), '');
});

void t.test('malformed requests are told what is wrong', async (t) => {
  await using g = await startGateway();
  const headers = bearer();
  const url = `${g.url}/api/me/player/seek`;
  const json = { ...headers, 'content-type': 'application/json' };
  const cases: [name: string, status: number, code: string, promise: Promise<Response>][] = [
    [
      'unknown field',
      400,
      'INVALID_PARAMS',
      request(url, 'POST', { headers, body: { positionMs: 1, x: 1 } }),
    ],
    ['wrong type', 400, 'INVALID_PARAMS', request(url, 'POST', { headers, body: { positionMs: '1' } })],
    ['missing', 400, 'INVALID_PARAMS', request(url, 'POST', { headers })],
    ['bad JSON', 400, 'MALFORMED_JSON', fetch(url, { method: 'POST', headers: json, body: '{' })],
    [
      'bad UTF-8',
      400,
      'MALFORMED_JSON',
      fetch(url, { method: 'POST', headers: json, body: Buffer.from([0xff]) }),
    ],
    ['not an object', 400, 'NOT_AN_OBJECT', request(url, 'POST', { headers, body: [1] })],
    ['null', 400, 'NOT_AN_OBJECT', fetch(url, { method: 'POST', headers: json, body: 'null' })],
    ['not JSON', 415, 'NOT_JSON', fetch(url, { method: 'POST', headers, body: 'positionMs=1' })],
    [
      'compressed',
      415,
      'NOT_JSON',
      fetch(url, { method: 'POST', headers: { ...json, 'content-encoding': 'gzip' }, body: '{}' }),
    ],
    [
      'too large',
      413,
      'BODY_TOO_LARGE',
      fetch(url, { method: 'POST', headers: json, body: ' '.repeat(REQUEST_BODY_BYTES_MAX + 1) }),
    ],
    ['query on POST', 400, 'QUERY_NOT_WANTED', request(`${url}?positionMs=1`, 'POST', { headers })],
    ['bad path', 400, 'BAD_URL', request(`${g.url}/api/songs/%E0%A4%A`, 'GET', { headers })],
    ['twice', 400, 'INVALID_PARAMS', request(`${g.url}/api/search?query=a&query=b`, 'GET', { headers })],
    ['unknown route', 404, 'NO_SUCH_ROUTE', request(`${g.url}/api/nothing`, 'GET', { headers })],
    ['unknown method', 405, 'METHOD_NOT_ALLOWED', request(url, 'DELETE', { headers })],
    [
      'long URL',
      414,
      'URL_TOO_LONG',
      request(`${g.url}/api/search?query=${'a'.repeat(5000)}`, 'GET', { headers }),
    ],
  ];
  for (const [name, status, code, promise] of cases) {
    const response = await promise;
    t.equal(response.status, status, name);
    t.equal(response.headers.get('content-type'), 'application/problem+json', name);
    const problem = await problemIn(response);
    t.match(problem, { status, code, instance: response.headers.get('x-request-id') }, name);
  }
  t.equal(g.calls.filter((call) => call.action.startsWith('player-session')).length, 0, 'no actor was asked');
});

void t.test('a body without a length is bounded while it is read', async (t) => {
  await using g = await startGateway();
  const part = new Uint8Array(64 * 1024).fill(32);
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(part) });
  const refused = fetch(`${g.url}/api/me/player/seek`, {
    method: 'POST',
    headers: { ...bearer(), 'content-type': 'application/json' },
    body: endless,
    duplex: 'half',
  } as RequestInit);
  const status = await refused.then(
    (response) => response.status,
    () => 'connection closed',
  );
  t.ok(status === 413 || status === 'connection closed', String(status));
});

void t.test('a known path names its methods', async (t) => {
  await using g = await startGateway();
  const refused = await request(`${g.url}/api/me`, 'PUT', { headers: bearer() });
  t.equal(refused.headers.get('allow'), 'HEAD, GET, PATCH, DELETE');
  const options = await request(`${g.url}/api/me`, 'OPTIONS');
  t.equal(options.status, 204);
  t.equal(options.headers.get('allow'), 'HEAD, GET, PATCH, DELETE');
});

void t.test('HEAD answers as GET without the body', async (t) => {
  await using g = await startGateway();
  const response = await request(`${g.url}/api/songs/${songId}`, 'HEAD', { headers: bearer() });
  t.equal(response.status, 200);
  t.ok(Number(response.headers.get('content-length')) > 0);
  t.equal(await response.text(), '');
});

void t.test('who is calling comes from the token alone, never from the client', async (t) => {
  await using g = await startGateway();
  const bobId = idOf(2);
  const headers = bearer();
  const refused = await request(`${g.url}/api/me/history?userId=${bobId}`, 'GET', { headers });
  t.equal(refused.status, 400);
  t.match((await problemIn(refused)).problems, ['userId: is not known here']);
  const twice = await request(`${g.url}/api/me/devices/${deviceId}`, 'PATCH', {
    headers,
    body: { name: 'x', deviceId: bobId },
  });
  t.match((await problemIn(twice)).problems, ['deviceId: is given by the path']);
});

void t.test('administrators only where the table says so', async (t) => {
  await using g = await startGateway();
  const refused = await request(`${g.url}/api/admin/users`, 'GET', { headers: bearer() });
  t.equal(refused.status, 403);
  t.match(await problemIn(refused), { code: 'ADMIN_ONLY' });
  const admin = bearer(tokenOf({ roles: ['listener', 'admin'] }));
  t.equal((await request(`${g.url}/api/admin/users`, 'GET', { headers: admin })).status, 200);
});

void t.test('an administrator is who is one now, and what is done is done in that name', async (t) => {
  let roles: string[] = ['listener', 'admin'];
  await using g = await startGateway({
    overrides: { 'accounts.deviceActive': async () => ({ active: true, roles }) },
  });
  const other = idOf(5);
  const demote = () =>
    request(`${g.url}/api/admin/users/${other}/roles`, 'PUT', {
      headers: bearer(tokenOf({ roles: ['listener'] })),
      body: { roles: ['listener'] },
    });
  t.equal((await demote()).status, 200, 'made one since the token was given');
  t.match(g.calls.at(-1), { action: 'accounts.setRoles', params: { byUserId: aliceId, userId: other } });
  roles = ['listener'];
  const refused = await demote();
  t.equal(refused.status, 403, 'no longer one, though the token says so');
  t.match(await problemIn(refused), { code: 'ADMIN_ONLY' });
  const forged = await request(`${g.url}/api/admin/users/${other}/roles`, 'PUT', {
    headers: bearer(),
    body: { roles: ['admin'], byUserId: other },
  });
  t.equal(forged.status, 403);
});

void t.test('what an administrator does to somebody holds at once for that one', async (t) => {
  let active = true;
  await using g = await startGateway({
    overrides: {
      'accounts.deviceActive': async ({ deviceId: did }) => ({ active: active || did !== idOf(8) }),
    },
  });
  const other = idOf(5);
  const asOther = { headers: bearer(tokenOf({ sub: other, did: idOf(8) })) };
  t.equal((await request(`${g.url}/api/me`, 'GET', asOther)).status, 200);
  active = false;
  t.equal((await request(`${g.url}/api/me`, 'GET', asOther)).status, 200, 'looked at a moment ago');
  const admin = bearer(tokenOf({ roles: ['admin'] }));
  await request(`${g.url}/api/admin/users/${other}/disabled`, 'PUT', {
    headers: admin,
    body: { disabled: true },
  });
  t.equal((await request(`${g.url}/api/me`, 'GET', asOther)).status, 401);
});

void t.test('a field of the body that is not known is named once', async (t) => {
  await using g = await startGateway();
  const body = { positionMs: 1, speed: 2 };
  const response = await request(`${g.url}/api/me/player/seek`, 'POST', { headers: bearer(), body });
  t.same((await problemIn(response)).problems, ['speed: is not known here']);
});

void t.test('guessing invitations is slowed down by address', async (t) => {
  await using g = await startGateway({ options: { limits: {} } });
  const guess = () => request(`${g.url}/api/invitations/look`, 'POST', { body: { code: 'x' } });
  const statuses: number[] = [];
  for (let i = 0; i <= UNAUTHENTICATED_REQUESTS_PER_MIN; i++) statuses.push((await guess()).status);
  t.equal(statuses.indexOf(429), UNAUTHENTICATED_REQUESTS_PER_MIN);
});

void t.test('a token that is missing, malformed, expired or of a removed device is 401', async (t) => {
  const removedId = idOf(77);
  await using g = await startGateway({
    overrides: { 'accounts.deviceActive': async ({ deviceId }) => ({ active: deviceId !== removedId }) },
  });
  const url = `${g.url}/api/me`;
  const answers = await Promise.all([
    request(url, 'GET'),
    request(url, 'GET', { headers: { authorization: 'Basic eDp5' } }),
    request(url, 'GET', { headers: bearer('unsigned.!!.unsigned') }),
    request(url, 'GET', { headers: bearer(tokenOf({ exp: 1 })) }),
    request(url, 'GET', { headers: bearer(tokenOf({ did: removedId })) }),
  ]);
  t.same(
    answers.map((response) => response.status),
    [401, 401, 401, 401, 401],
  );
  t.equal(answers[0]?.headers.get('www-authenticate'), 'Bearer');
  t.match(await problemIn(answers[4] as Response), { code: 'DEVICE_REMOVED' });
});

void t.test('a device is asked after once a minute, and again after its account changed', async (t) => {
  await using g = await startGateway();
  const headers = bearer();
  const asked = () => g.calls.filter((call) => call.action === 'accounts.deviceActive').length;
  await request(`${g.url}/api/me`, 'GET', { headers });
  await request(`${g.url}/api/me`, 'GET', { headers });
  t.equal(asked(), 1);
  await request(`${g.url}/api/me/devices/${deviceId}`, 'DELETE', { headers });
  await request(`${g.url}/api/me`, 'GET', { headers });
  t.equal(asked(), 2);
});

for (const [how, answer] of [
  ['is away', () => Promise.reject(new Error('away'))],
  ['hangs', () => new Promise<never>(() => {})],
] as const) {
  void t.test(`playback goes on for valid tokens while accounts ${how}`, async (t) => {
    let waitedMsMax = Number.POSITIVE_INFINITY;
    await using g = await startGateway({
      overrides: {
        'accounts.deviceActive': () => {
          waitedMsMax = (currentCall().deadlineMs ?? Number.POSITIVE_INFINITY) - Date.now();
          return answer();
        },
      },
    });
    t.equal((await request(`${g.url}/api/me/player`, 'GET', { headers: bearer() })).status, 200);
    t.ok(waitedMsMax <= DEVICE_CHECK_MS_MAX, 'nobody waits longer than that for accounts');
  });
}

void t.test('a refusal keeps its code and reason; a fault tells nothing of itself', async (t) => {
  await using g = await startGateway({
    overrides: {
      'player-session.stream': async () => {
        const data = { reason: 'NOT_IN_REGION', internal: 'row 7' };
        throw new ForbiddenError('NOT_PLAYABLE', 'Not in your country.', data);
      },
      'accounts.me': async () => {
        throw new Error('secret: connection string');
      },
      'likes.list': async () => ({ nonsense: true }),
      'accounts.devices': async () => {
        throw new ConflictError('FULL', 'Remove one first.', { retryAfterSec: 9 });
      },
    },
  });
  const headers = bearer();
  const refused = await request(`${g.url}/api/songs/${songId}/stream`, 'GET', { headers });
  t.equal(refused.status, 403);
  const problem = await problemIn(refused);
  t.match(problem, { code: 'NOT_PLAYABLE', reason: 'NOT_IN_REGION', detail: 'Not in your country.' });
  t.notOk('internal' in problem);

  for (const path of ['/api/me', '/api/me/likes']) {
    const failed = await request(g.url + path, 'GET', { headers });
    t.equal(failed.status, 500);
    const text = await failed.text();
    t.match(JSON.parse(text), { code: 'INTERNAL' });
    t.notMatch(text, /secret|nonsense|contract|\bat /);
  }
  const later = await request(`${g.url}/api/me/devices`, 'GET', { headers });
  t.equal(later.headers.get('retry-after'), '9');
});

void t.test('what the bus throws by itself becomes 503 or 504', async (t) => {
  const named = (name: string) => Object.assign(new Error('x'), { name });
  await using g = await startGateway({
    overrides: {
      'accounts.me': () => Promise.reject(named('ServiceNotFoundError')),
      'accounts.devices': () => Promise.reject(named('RequestTimeoutError')),
      'likes.list': () => Promise.reject(named('QueueIsFullError')),
    },
  });
  const headers = bearer();
  const statusOf = async (path: string) => (await request(g.url + path, 'GET', { headers })).status;
  t.equal(await statusOf('/api/me'), 503);
  t.equal(await statusOf('/api/me/devices'), 504);
  t.equal(await statusOf('/api/me/likes'), 503);
});

void t.test('limits answer 429 with when to come back', async (t) => {
  const limits = { ...NO_LIMITS, search: { name: 'search', max: 2, windowMs: 60_000 } };
  await using g = await startGateway({ options: { limits } });
  const search = (token: string) => request(`${g.url}/api/search?query=a`, 'GET', { headers: bearer(token) });
  const first = await search(tokenOf());
  t.equal(first.headers.get('ratelimit-policy'), '"search";q=2;w=60');
  t.match(first.headers.get('ratelimit'), /^"search";r=1;t=\d+$/);
  await search(tokenOf());
  const refused = await search(tokenOf());
  t.equal(refused.status, 429);
  t.ok(Number(refused.headers.get('retry-after')) >= 1);
  t.match(await problemIn(refused), { code: 'RATE_LIMITED', reason: 'search' });
  t.equal((await search(tokenOf({ sub: idOf(2) }))).status, 200, 'another user has a window of their own');
});

void t.test('without a token ten requests a minute and address; health is exempt', async (t) => {
  const { unauthenticated: _, ...limits } = NO_LIMITS;
  await using g = await startGateway({ options: { limits, trustedProxies: ['127.0.0.1'] } });
  const from = (address: string, path = '/api/me') =>
    request(g.url + path, 'GET', { headers: { 'x-forwarded-for': address } });
  const statuses: number[] = [];
  for (let i = 0; i < 11; i++) statuses.push((await from('192.0.2.1')).status);
  t.same(statuses, [...Array(10).fill(401), 429]);
  t.equal((await from('192.0.2.2')).status, 401, 'another address has a window of its own');
  t.equal((await from('192.0.2.1', '/healthz')).status, 200);
  t.equal((await from('203.0.113.5, 192.0.2.1')).status, 429, 'only the last hop is believed');
});

void t.test('X-Forwarded-For is nothing without a trusted proxy', async (t) => {
  const { unauthenticated: _, ...limits } = NO_LIMITS;
  await using g = await startGateway({ options: { limits } });
  let last = 0;
  for (let i = 0; i < 11; i++) {
    const headers = { 'x-forwarded-for': `192.0.2.${i}` };
    last = (await request(`${g.url}/api/me`, 'GET', { headers })).status;
  }
  t.equal(last, 429);
});

void t.test('a verifier that cannot have its keys is 503, and not the client to blame', async (t) => {
  const verify = () => Promise.reject(new UnavailableError('KEYS_AWAY', 'Try again in a moment.'));
  await using g = await startGateway({ deps: { verifier: { verify } } });
  const response = await request(`${g.url}/api/me`, 'GET', { headers: bearer() });
  t.equal(response.status, 503);
  t.match(await problemIn(response), { code: 'KEYS_AWAY' });
});

void t.test('pages of other origins get CORS only when configured', async (t) => {
  const origin = 'https://app.example';
  const preflight = { origin, 'access-control-request-method': 'PUT' };
  await using closed = await startGateway();
  const none = await request(`${closed.url}/api/me/likes/${songId}`, 'OPTIONS', { headers: preflight });
  t.equal(none.headers.get('access-control-allow-origin'), null);

  await using open = await startGateway({ options: { corsOrigins: [origin] } });
  const allowed = await request(`${open.url}/api/me/likes/${songId}`, 'OPTIONS', { headers: preflight });
  t.equal(allowed.status, 204);
  t.equal(allowed.headers.get('access-control-allow-origin'), origin);
  t.match(allowed.headers.get('access-control-allow-methods'), /PUT/);
  t.equal(allowed.headers.get('access-control-allow-credentials'), null);
  const other = await request(`${open.url}/api/me`, 'GET', { headers: { origin: 'https://evil.example' } });
  t.equal(other.headers.get('access-control-allow-origin'), null);
  t.equal(other.headers.get('vary'), 'Origin');
});

void t.test('metrics are for this machine or the token, ready tells each check', async (t) => {
  const metricsToken = 'a-metrics-token-of-ours';
  await using g = await startGateway({
    options: { metricsToken },
    deps: { readyChecks: { journal: async () => {}, search: () => Promise.reject(new Error('path /x')) } },
  });
  t.match(await (await request(`${g.url}/metrics`, 'GET')).text(), /nodejs_eventloop_lag_seconds/);
  const proxied = { 'x-forwarded-for': '192.0.2.1' };
  t.equal((await request(`${g.url}/metrics`, 'GET', { headers: proxied })).status, 403);
  const known = { ...proxied, ...bearer(metricsToken) };
  t.equal((await request(`${g.url}/metrics`, 'GET', { headers: known })).status, 200);
  const ready = await request(`${g.url}/readyz`, 'GET');
  t.equal(ready.status, 503);
  t.same(await ready.json(), { status: 'not ready', checks: { journal: 'ok', search: 'failed' } });
});

void t.test('client events become metrics', async (t) => {
  await using g = await startGateway();
  const events = [
    { type: 'playbackStart', startupMs: 40, how: 'prefetched' },
    { type: 'underrun', stalledMs: 900 },
    { type: 'error', code: 'network' },
    { type: 'rungSwitch', fromRung: 160, toRung: 96 },
  ];
  const sent = await request(`${g.url}/api/me/events`, 'POST', { headers: bearer(), body: { events } });
  t.equal(sent.status, 204);
  const metrics = await (await request(`${g.url}/metrics`, 'GET')).text();
  t.match(metrics, /antiphon_client_startup_seconds_count\{how="prefetched"\} 1/);
  t.match(metrics, /antiphon_client_playback_errors_total\{code="network"\} 1/);
  t.match(metrics, /antiphon_client_rung_switches_total\{direction="down"\} 1/);
});

void t.test('/docs and openapi.json come without a token and without scripts', async (t) => {
  await using g = await startGateway();
  const page = await request(`${g.url}/docs`, 'GET');
  const html = await page.text();
  t.match(html, /catalog\.song/);
  t.notMatch(html, /<script|https?:\/\/|style="/);
  t.equal((await request(`${g.url}/docs/style.css`, 'GET')).status, 200);
  t.match(await (await request(`${g.url}/api/openapi.json`, 'GET')).json(), { openapi: '3.1.0' });
});
