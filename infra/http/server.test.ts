// Goal: the server keeps its promises to every handler and client. Method: real sockets on loopback.
import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { HEADERS_BYTES_MAX, URL_LENGTH_MAX } from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import { type HttpHandler, sendJson } from '../../kit/http.ts';
import { systemSources } from '../../kit/sources.ts';
import { createHttpServer, type HttpServerOptions } from './server.ts';

const hello: HttpHandler = async (req, res) => {
  if (req.url !== '/hello') return false;
  sendJson(res, 200, { hello: true });
  return true;
};

async function start(options: Partial<HttpServerOptions> = {}) {
  const handlers = [{ name: 'hello', handle: hello }];
  const server = createHttpServer({ handlers, sources: systemSources, ...options });
  const { url, port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return { server, url, port, [Symbol.asyncDispose]: () => server.close() };
}

/** Sends bytes as they are and resolves with all that comes back. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.on('error', () => {});
  socket.write(bytes);
  await once(socket, 'close');
  return answer;
}

void t.test('handlers are asked in order until one answers', async (t) => {
  const asked: string[] = [];
  const passing: HttpHandler = async () => {
    asked.push('first');
    return false;
  };
  await using s = await start({
    handlers: [
      { name: 'first', handle: passing },
      { name: 'hello', handle: hello },
    ],
  });
  t.same(await (await fetch(`${s.url}/hello`)).json(), { hello: true });
  t.same(asked, ['first']);
});

void t.test('every answer has a request id and the security headers', async (t) => {
  await using s = await start();
  for (const path of ['/hello', '/nothing']) {
    const { headers } = await fetch(s.url + path);
    t.match(headers.get('x-request-id'), /^[0-9A-Za-z]{22}\.\w+$/);
    t.equal(headers.get('x-content-type-options'), 'nosniff');
    t.match(headers.get('content-security-policy'), /default-src 'self'.*frame-ancestors 'none'/);
    t.notMatch(headers.get('content-security-policy'), /unsafe/);
    t.equal(headers.get('strict-transport-security'), null);
  }
});

void t.test(
  'headers that a handler set and headers that it lists both stand beside the shared ones',
  async (t) => {
    const both: HttpHandler = async (_req, res) => {
      res.setHeader('X-Set', 'a');
      res.setHeader('Referrer-Policy', 'origin');
      res.writeHead(200, ['X-Listed', 'b']).end();
      return true;
    };
    await using s = await start({ handlers: [{ name: 'both', handle: both }] });
    const { headers } = await fetch(s.url);
    t.equal(headers.get('x-set'), 'a');
    t.equal(headers.get('x-listed'), 'b');
    t.equal(headers.get('referrer-policy'), 'origin', 'the handler knows better');
    t.equal(headers.get('x-content-type-options'), 'nosniff');
    t.match(headers.get('x-request-id'), /^[0-9A-Za-z]{22}\.\w+$/);
  },
);

void t.test('text that is not ASCII arrives whole', async (t) => {
  const value = { latin: 'Zürich é', other: '夜 ♪ 𝄞' };
  const handle: HttpHandler = async (_req, res) => {
    sendJson(res, 200, value);
    return true;
  };
  await using s = await start({ handlers: [{ name: 'text', handle }] });
  t.same(await (await fetch(s.url)).json(), value);
});

void t.test('behind https browsers are told to stay there', async (t) => {
  await using s = await start({ secure: true });
  t.match((await fetch(`${s.url}/hello`)).headers.get('strict-transport-security'), /max-age=31536000/);
});

void t.test('nobody answering is a problem, a throwing handler one without internals', async (t) => {
  const throwing: HttpHandler = async (req) => {
    if (req.url === '/away') throw new UnavailableError('AWAY', 'Try again.');
    throw new Error('secret');
  };
  await using s = await start({ handlers: [{ name: 'throwing', handle: throwing }] });
  const failed = await fetch(`${s.url}/fault`);
  t.equal(failed.status, 500);
  t.notMatch(await failed.text(), /secret/);
  t.equal((await fetch(`${s.url}/away`)).status, 503);

  await using empty = await start({ handlers: [] });
  const missing = await fetch(`${empty.url}/x`);
  t.equal(missing.status, 404);
  t.equal(missing.headers.get('content-type'), 'application/problem+json');
});

void t.test('what is no request, too long or too slow is refused', async (t) => {
  await using s = await start({ limits: { headersTimeoutMs: 100, requestTimeoutMs: 100 } });
  const host = 'Host: x\r\n';
  t.match(await raw(s.port, 'nonsense\r\n\r\n'), /^HTTP\/1.1 400 .*NOT_HTTP/s);
  t.match(await raw(s.port, `GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n`), /^HTTP\/1.1 400/);
  const header = `X: ${'a'.repeat(HEADERS_BYTES_MAX)}\r\n`;
  t.match(await raw(s.port, `GET /hello HTTP/1.1\r\n${host}${header}\r\n`), /^HTTP\/1.1 431/);
  const long = '/'.padEnd(URL_LENGTH_MAX + 1, 'a');
  t.match(await raw(s.port, `GET ${long} HTTP/1.1\r\n${host}Connection: close\r\n\r\n`), /^HTTP\/1.1 414/);
  const absolute = `GET http://x/hello HTTP/1.1\r\n${host}Connection: close\r\n\r\n`;
  t.match(await raw(s.port, absolute), /^HTTP\/1.1 400 .*BAD_URL/s);
  t.match(await raw(s.port, `GET /hello HTTP/1.1\r\n${host}`), /^HTTP\/1.1 408/, 'headers that never end');
});

void t.test('closing lets a request finish and takes no other', async (t) => {
  const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const slow: HttpHandler = async (_req, res) => {
    onAsked();
    await released;
    sendJson(res, 200, { done: true });
    return true;
  };
  let told = false;
  const s = await start({
    handlers: [{ name: 'slow', handle: slow }],
    closing: async () => {
      told = true;
    },
  });
  const answer = fetch(`${s.url}/slow`);
  await asked;
  const closed = s.server.close();
  await t.rejects(fetch(`${s.url}/slow`));
  release();
  t.same(await (await answer).json(), { done: true });
  await closed;
  t.ok(told);
});

void t.test('a request that never ends is cut off after the grace', async (t) => {
  const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>();
  const stuck: HttpHandler = () => {
    onAsked();
    return new Promise(() => {});
  };
  const s = await start({ handlers: [{ name: 'stuck', handle: stuck }], limits: { closeGraceMs: 20 } });
  const answer = t.rejects(fetch(`${s.url}/x`));
  await asked;
  await s.server.close();
  await answer;
});

void t.test('an upgrade that nobody wants is refused', async (t) => {
  await using s = await start();
  const upgrade = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
  t.match(await raw(s.port, upgrade), /^HTTP\/1.1 503/);
});
