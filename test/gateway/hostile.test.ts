// Goal: no request, however hostile, gets a 5xx or acts for another account. Method: every route of the table
// is asked with generated nonsense over services made from the contracts, which note who they were asked for.
import { Agent, request as httpRequest } from 'node:http';
import fc from 'fast-check';
import t from 'tap';
import { ROUTES, type Route } from '../../actors/gateway/routes.ts';
import { REQUEST_BODY_BYTES_MAX } from '../../config/limits.ts';
import { aliceId, bearer, deviceId, idOf, sampleOf, startGateway, tokenOf } from './doubles.ts';

const bobId = idOf(2);
const admin = bearer(tokenOf({ roles: ['listener', 'admin'] }));
const agent = new Agent({ keepAlive: true });
t.teardown(() => agent.destroy());

const g = await startGateway();
t.teardown(() => g[Symbol.asyncDispose]());
const { port } = new URL(g.url);

interface Raw {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Sends method, path and body as they are, without the tidying of fetch. */
function ask(
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: string | undefined } = {},
): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const req = httpRequest(
      { agent, port, host: '127.0.0.1', method, path, headers: { ...length, ...headers } },
      (res) => {
        let text = '';
        res.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        res.on('end', () =>
          resolve({ status: res.statusCode ?? 0, type: res.headers['content-type'] ?? '', body: text }),
        );
      },
    );
    req.on('error', reject);
    req.end(body);
  });
}

const json = { 'content-type': 'application/json' };
const nameOf = (route: Route) => `${route.method} ${route.path}`;
const propertiesOf = (route: Route) => route.action.params.properties as Record<string, { type?: string }>;
const pathNamesOf = (route: Route) => [...route.path.matchAll(/\{(\w+)\}/g)].map((m) => m[1] as string);

const pathOf = (route: Route, values: Record<string, string> = {}): string =>
  `/api${route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? idOf(5)))}`;

/** Names that the client gives besides the path. */
const givenNamesOf = (route: Route): string[] =>
  Object.keys(propertiesOf(route)).filter(
    (name) => !Object.hasOwn(route.inject, name) && !pathNamesOf(route).includes(name),
  );

/** The least that the route accepts. */
function leastOf(route: Route): Record<string, unknown> {
  const sample = sampleOf(route.action.params) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(sample).filter(([name]) => givenNamesOf(route).includes(name)));
}

function askRoute(route: Route, given: Record<string, unknown>, headers = admin): Promise<Raw> {
  if (route.method === 'GET') {
    const query = new URLSearchParams(Object.entries(given).map(([name, value]) => [name, String(value)]));
    return ask('GET', `${pathOf(route)}?${query}`, { headers });
  }
  return ask(route.method, pathOf(route), { headers: { ...headers, ...json }, body: JSON.stringify(given) });
}

/** Runs `act` and returns with its answer what the actors were asked. */
async function watching<T>(act: () => Promise<T>) {
  const before = g.calls.length;
  const answer = await act();
  const calls = g.calls.slice(before).filter((call) => call.action !== 'accounts.deviceActive');
  return { answer, calls };
}

function assertRefused(t: { ok(value: unknown, message: string): unknown }, answer: Raw, what: string): void {
  const isProblem = answer.type === 'application/problem+json' && 'code' in JSON.parse(answer.body);
  t.ok(answer.status >= 400 && answer.status < 500 && isProblem, `${what}: ${answer.status}`);
}

void t.test('each route works when asked as the contract says', async (t) => {
  for (const route of ROUTES) {
    const answer = await askRoute(route, leastOf(route));
    t.equal(answer.status, route.status, `${nameOf(route)}: ${answer.body.slice(0, 120)}`);
  }
});

void t.test('no token, no answer', async (t) => {
  for (const route of ROUTES.filter((r) => r.auth !== 'none')) {
    for (const headers of [{}, { authorization: 'Bearer a.b.c' }, { authorization: 'Bearer' }]) {
      const { answer, calls } = await watching(() => askRoute(route, leastOf(route), headers as never));
      t.equal(answer.status, 401, nameOf(route));
      t.same(calls, [], nameOf(route));
    }
  }
});

void t.test('a listener is no administrator', async (t) => {
  for (const route of ROUTES.filter((r) => r.auth === 'admin')) {
    const { answer, calls } = await watching(() => askRoute(route, leastOf(route), bearer()));
    t.equal(answer.status, 403, nameOf(route));
    t.same(calls, []);
  }
});

void t.test('nobody acts for another account: what the token says cannot be given', async (t) => {
  for (const route of ROUTES) {
    for (const name of Object.keys(route.inject)) {
      const { answer, calls } = await watching(() => askRoute(route, { ...leastOf(route), [name]: bobId }));
      t.equal(answer.status, 400, `${nameOf(route)} with ${name}`);
      t.same(calls, [], `${nameOf(route)} with ${name}`);
    }
  }
});

void t.test('unknown and wrongly typed fields are refused by name', async (t) => {
  const wrong = { deeply: [{ nested: true }] };
  for (const route of ROUTES) {
    for (const name of ['unknown', '__proto__', 'constructor', 'prototype', ...givenNamesOf(route)]) {
      const given = JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(wrong)}}`) as object;
      const merged = Object.assign(Object.create(null), leastOf(route)) as Record<string, unknown>;
      Object.defineProperty(merged, name, {
        value: Object.values(given)[0],
        enumerable: true,
        configurable: true,
      });
      const free = propertiesOf(route)[name]?.type === 'string' && route.method === 'GET';
      const { answer, calls } = await watching(() => askRoute(route, merged));
      // In a query everything is text, so a free text takes anything.
      if (free && answer.status === route.status) continue;
      assertRefused(t, answer, `${nameOf(route)} with ${name}`);
      t.ok(answer.body.includes(name), `${nameOf(route)} names ${name}: ${answer.body}`);
      t.same(calls, []);
    }
  }
  t.notOk('deeply' in {}, 'no prototype was touched');
});

void t.test('bodies that are too large, not JSON or on a GET are refused', async (t) => {
  const large = JSON.stringify({ x: 'x'.repeat(REQUEST_BODY_BYTES_MAX) });
  for (const route of ROUTES) {
    const path = pathOf(route);
    const bodies: [string, Record<string, string>][] = [
      [large, json],
      ['{"a":', json],
      ['[]', json],
      ['"text"', json],
      ['<a/>', { 'content-type': 'text/xml' }],
      ['a=1', { 'content-type': 'application/x-www-form-urlencoded' }],
      [`${'['.repeat(50_000)}`, json],
    ];
    for (const [body, type] of bodies) {
      const answer = await ask(route.method, path, { headers: { ...admin, ...type }, body });
      assertRefused(t, answer, `${nameOf(route)} with ${body.slice(0, 10)}`);
    }
  }
});

void t.test('strange methods on every path are refused', async (t) => {
  for (const path of new Set(ROUTES.map((route) => pathOf(route)))) {
    for (const method of ['TRACE', 'PROPFIND', 'MKCOL', 'LOCK', 'REPORT', 'M-SEARCH']) {
      const answer = await ask(method, path, { headers: admin });
      t.equal(answer.status, 405, `${method} ${path}`);
      t.match(JSON.parse(answer.body), { code: 'METHOD_NOT_ALLOWED' });
    }
  }
});

void t.test('generated nonsense on every route is a 2xx or a 4xx, always for the caller alone', async (t) => {
  const hostileText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '..',
      '.',
      '',
      '../../etc/passwd',
      bobId,
      '\0',
      '%00',
      "'; --",
      '{{x}}',
      '1e999',
      '-1',
      'true',
    ),
  );
  const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), hostileText, fc.constantFrom(2 ** 53, -1, 1e308));
  for (const route of ROUTES) {
    const names = [...Object.keys(propertiesOf(route)), '__proto__', 'toString'];
    const given = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 10 })), value, {
      maxKeys: 6,
    });
    const params = fc.dictionary(
      fc.constantFrom('songId', 'albumId', 'artistId', 'deviceId', 'userId'),
      hostileText,
    );
    await fc.assert(
      fc.asyncProperty(given, params, fc.boolean(), async (given, params, withLeast) => {
        const body = JSON.stringify(withLeast ? { ...leastOf(route), ...given } : given);
        const texts = Object.entries(given).map(([k, v]) => [
          k,
          typeof v === 'string' ? v : JSON.stringify(v),
        ]);
        const query = new URLSearchParams(texts).toString();
        const path = pathOf(route, params);
        const isGet = route.method === 'GET';
        const { answer, calls } = await watching(() =>
          isGet
            ? ask('GET', `${path}?${query}`, { headers: admin })
            : ask(route.method, path, { headers: { ...admin, ...json }, body }),
        );
        if (answer.status >= 500) throw new Error(`${answer.status}: ${answer.body}`);
        const claims: Record<string, string> = { sub: aliceId, did: deviceId, country: 'DE' };
        for (const call of calls) {
          // An empty path segment can lead to the list beside the thing that was asked for.
          const called = ROUTES.find((r) => `${r.service}.${r.actionName}` === call.action);
          // What the gateway asks by itself for an answer of its own need not be a route.
          const unrouted = route.service === 'gateway' ? {} : { unknown: 'sub' };
          for (const [name, claim] of Object.entries(called?.inject ?? unrouted)) {
            if (call.params[name] !== claims[claim])
              throw new Error(`acted with ${name}=${call.params[name]}`);
          }
        }
      }),
      { numRuns: 20 },
    );
    t.pass(nameOf(route));
  }
});

void t.test("paths that are nobody's and encodings that are none are refused", async (t) => {
  const paths = [
    '/api',
    '/api/',
    '/api//me',
    '/api/me/../admin/users',
    '/api/%2e%2e/me',
    '/api/me%2Fplayer',
    '/api/songs/%',
    '/api/songs/%ff',
    '/apix',
    '/api/__proto__',
    '/api/constructor/toString',
    '*',
  ];
  for (const path of paths) {
    const answer = await ask('GET', path, { headers: bearer() });
    assertRefused(t, answer, path);
  }
});
