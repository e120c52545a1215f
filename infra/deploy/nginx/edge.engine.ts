/**
 * Goal: the deployed nginx configuration admits whom the origin admits, keeps one copy for all listeners, goes
 * on without an origin, and every segment that it serves is told to the journal's report.
 * Method: nginx as deployed, in front of one or two origins of ours with a real song; a gate before the
 * origins counts requests, holds them and lets them fail.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { get } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import t from 'tap';
import type { HttpHandler } from '../../../kit/http.ts';
import { systemClock, systemIds, systemSources } from '../../../kit/sources.ts';
import { createCovers } from '../../../media/covers/covers.ts';
import { coverColorsKey, coverKey } from '../../../media/covers/names.ts';
import { NOBODY } from '../../../media/edge/contract.ts';
import { createEdge } from '../../../media/edge/edge.ts';
import { listenForEdgeReports } from '../../../media/edge/edge-reports.ts';
import { createLibrary } from '../../../media/edge/library.ts';
import { type MediaKey, signToken, type TokenClaims } from '../../../media/edge/token.ts';
import { findFfmpeg } from '../../../media/ingest/ffmpeg.ts';
import { ingestSong } from '../../../media/ingest/song.ts';
import {
  FolderObjects,
  memoryIngestTables,
  RememberingCatalog,
} from '../../../media/ingest/testing/engines.ts';
import { makeMusic } from '../../../media/ingest/testing/music.ts';
import { createHttpServer } from '../../http/server.ts';
import { startEdge } from '../../local/nginx.ts';
import { freePort } from '../../local/process.ts';

const root = t.testdir({ data: {}, temp: {} });
const ffmpeg = await findFfmpeg();
const objects = new FolderObjects(join(root, 'data'));
const { songId } = await ingestSong(
  { path: await makeMusic(ffmpeg, root, 'song.wav', { samples: 20 * 44100 }) },
  {
    objects,
    tables: memoryIngestTables(),
    catalog: new RememberingCatalog(),
    ids: systemIds,
    ffmpeg,
    tempFolder: join(root, 'temp'),
  },
);
const coverId = 'C'.repeat(22);
await objects.put(coverKey(coverId, 300), Buffer.from('a cover'));
await objects.put(coverColorsKey(coverId), Buffer.from('{}'));

const key: MediaKey = { kid: '1', secret: Buffer.alloc(32, 1) };
const library = createLibrary({
  objects,
  covers: createCovers({ objects }),
  masterSecret: Buffer.alloc(32, 2),
});
const served = new Set<string>();
const report = {
  served: (playId: string, song: string, rung: number, index: number) =>
    void served.add(`${playId} ${song} ${rung} ${index}`),
};
const handler = createEdge({
  library,
  keys: [key],
  report: { served: () => t.fail('the origin told') },
  clock: systemClock,
});

/** An origin whose requests are counted, can be held back, and can fail. */
async function startOrigin(port = 0) {
  const gate = { asked: [] as string[], forListener: '', hold: Promise.resolve(), failing: false };
  const counted: HttpHandler = async (req, res) => {
    gate.asked.push((req.url ?? '').replace(/^\/m\/[^/]+\/[^/]+\//, ''));
    gate.forListener = String(req.headers['x-forwarded-for']);
    await gate.hold;
    if (!gate.failing) return handler(req, res);
    res.writeHead(503).end();
    return true;
  };
  const server = createHttpServer({ handlers: [{ name: 'edge', handle: counted }], sources: systemSources });
  const { port: bound } = await server.listen({ host: '127.0.0.1', port });
  return { gate, server, port: bound };
}

const reports = await listenForEdgeReports({ library, report }, { host: '127.0.0.1', port: 0 });
const [first, second] = [await startOrigin(), await startOrigin()];
const edge = await startEdge({
  folder: join(root, 'edge'),
  origins: [`127.0.0.1:${first.port}`, `127.0.0.1:${second.port}`],
  keys: [key],
  reports: `127.0.0.1:${reports.port}`,
});
t.teardown(async () => {
  await edge[Symbol.asyncDispose]();
  await reports[Symbol.asyncDispose]();
  await Promise.all([first.server.close(), second.server.close()]);
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const ask = (base: string, path: string, headers: Record<string, string> = {}, method = 'GET') =>
  new Promise<Answer>((resolve, reject) => {
    const { hostname, port } = new URL(base);
    request({ hostname, port, path, method, headers, agent: false }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('error', reject);
      res.on('end', () =>
        resolve({ status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(chunks) }),
      );
    })
      .on('error', reject)
      .end();
  });
const askEdge = (path: string, headers?: Record<string, string>, method?: string) =>
  ask(edge.url, path, headers, method);
const askOrigin = (path: string, headers?: Record<string, string>, method?: string) =>
  ask(`http://127.0.0.1:${first.port}`, path, { ...headers, 'X-Antiphon-Edge': '1' }, method);

let plays = 0;
const claimsOf = (over: Partial<TokenClaims> = {}): TokenClaims => ({
  playId: String(plays++).padStart(22, 'P'),
  userId: 'U'.repeat(22),
  maxRung: 160,
  region: 'DE',
  expiresAtMs: Date.now() + 600_000,
  ...over,
});
const baseOf = (claims: TokenClaims, signer = key): string =>
  `/m/${signToken(signer, songId, claims)}/${songId}`;
const asked = (): string[] => [...first.gate.asked, ...second.gate.asked];
const forget = (): void => {
  first.gate.asked.length = 0;
  second.gate.asked.length = 0;
};
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(setImmediate);
}
/** Every byte that is on disk for the edge, so that a token in there would be found. */
async function cached(): Promise<string> {
  const names = await readdir(edge.cacheFolder, { recursive: true, withFileTypes: true });
  const files = names.filter((name) => name.isFile()).map((name) => join(name.parentPath, name.name));
  return (await Promise.all(files.map((file) => readFile(file, 'latin1')))).join('\n');
}

t.test('one copy serves every listener: a miss for the first, a hit for the next', async (t) => {
  const [one, two] = [claimsOf(), claimsOf({ maxRung: 320 })];
  const miss = await askEdge(`${baseOf(one)}/96/0.m4s`);
  const hit = await askEdge(`${baseOf(two)}/96/0.m4s`);
  t.same([miss.status, miss.headers['x-cache']], [200, 'MISS']);
  t.same([hit.status, hit.headers['x-cache']], [200, 'HIT']);
  const fromOrigin = await askOrigin(`${baseOf(one)}/96/0.m4s`);
  t.ok(hit.body.equals(fromOrigin.body) && miss.body.equals(fromOrigin.body));
  const shared = [
    'etag',
    'cache-control',
    'content-type',
    'content-length',
    'accept-ranges',
    'access-control-allow-origin',
    'access-control-expose-headers',
    'cross-origin-resource-policy',
    'timing-allow-origin',
    'x-content-type-options',
  ];
  for (const name of shared) t.equal(hit.headers[name], fromOrigin.headers[name], name);
  t.notOk(hit.headers['x-request-id'] === miss.headers['x-request-id'], 'each request has its own id');
});

t.test('playlists name what the token allows, whoever asked before', async (t) => {
  const [high, low] = [baseOf(claimsOf({ maxRung: 320 })), baseOf(claimsOf({ maxRung: 96 }))];
  t.match((await askEdge(`${high}/master.m3u8`)).body.toString(), /^320\/index\.m3u8$/m);
  const told = await askEdge(`${low}/master.m3u8`);
  t.notMatch(told.body.toString(), /(160|320)\/index/);
  t.equal(told.headers['cache-control'], 'private, max-age=60');
  t.equal((await askEdge(`${low}/96/key`)).headers['cache-control'], 'no-store');
  t.equal((await askEdge(`${low}/96/key`)).headers['x-cache'], 'HIT');
});

t.test('what the origin refuses, the edge refuses with the same status and code', async (t) => {
  const good = claimsOf();
  const token = signToken(key, songId, good);
  const base = `/m/${token}/${songId}`;
  const tokenOf = (over: Partial<TokenClaims>) => baseOf(claimsOf(over));
  const paths = [
    `/m/${token.replace('.160.', '.320.')}/${songId}/320/0.m4s`,
    `/m/${token.slice(0, -1)}/${songId}/96/0.m4s`,
    `/m/${signToken(key, 'X'.repeat(22), good)}/${songId}/96/0.m4s`,
    `${baseOf(good, { kid: '1', secret: Buffer.alloc(32, 9) })}/96/key`,
    `${baseOf(good, { kid: 'constructor', secret: Buffer.alloc(32, 9) })}/96/key`,
    `${tokenOf({ expiresAtMs: Date.now() - 1000 })}/96/0.m4s`,
    `${tokenOf({ expiresAtMs: Date.now() - 1000 })}/master.m3u8`,
    `${tokenOf({ expiresAtMs: Date.now() - 1000 })}/96.m4a`,
    ...['320/0.m4s', '320/key', '320/index.m3u8', '320/init.mp4', '320.m4a'].map((name) => `${base}/${name}`),
    ...['96/nothing', '48/0.m4s', '96/01.m4s', '96/9999.m4s'].map((name) => `${base}/${name}`),
    '/m/short',
    `/m/${token}/${songId}`,
    '/m/a b/c',
    '/p/short.m4a',
    `/p/${'N'.repeat(22)}.m4a`,
    `/c/${coverId}/301.webp`,
    `/c/${'N'.repeat(22)}/colors.json`,
    `/c/${coverId}/colors.txt`,
  ];
  for (const path of paths.map((path) => path.replaceAll(' ', '%20'))) {
    const [ours, theirs] = [await askEdge(path), await askOrigin(path)];
    const codeOf = ({ status, body, headers }: Answer) => [
      status,
      (JSON.parse(body.toString()) as { code: string }).code,
      headers['content-type'],
      headers['cache-control'],
      headers['access-control-allow-origin'],
    ];
    t.same(codeOf(ours), codeOf(theirs), path.replace(token, ':token'));
    t.ok(ours.status >= 400, 'it is refused');
  }
});

t.test('what is no request is answered with a problem, and not as a fault of ours', async (t) => {
  const rest = ' HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
  for (const request of [
    'no request\r\n\r\n',
    `GET /m/%00${rest}`,
    `GET /../../etc/passwd${rest}`,
    `GET /${'a'.repeat(9000)}${rest}`,
    `GET /p/x.m4a HTTP/1.1\r\nX-Long: ${'a'.repeat(9000)}${rest}`,
  ]) {
    const socket = connect(Number(new URL(edge.url).port), '127.0.0.1');
    socket.write(request);
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    t.match(head, /^HTTP\/1\.1 400 /, request.slice(0, 30));
    t.equal((JSON.parse(body) as { code: string }).code, 'MALFORMED_PATH');
  }
});

t.test('HEAD, OPTIONS, ranges and conditions are answered as by the origin', async (t) => {
  const base = baseOf(claimsOf());
  for (const [path, headers, method] of [
    [`${base}/160/1.m4s`, {}, 'HEAD'],
    [`${base}/160/1.m4s`, { Range: 'bytes=100-199' }, 'GET'],
    [`${base}/160/1.m4s`, { Range: 'bytes=-10' }, 'GET'],
    [`${base}/160.m4a`, {}, 'GET'],
    [`${base}/160.m4a`, {}, 'HEAD'],
    [`${base}/160.m4a`, { Range: 'bytes=5000-5999' }, 'GET'],
    [`${base}/160.m4a`, { Range: 'bytes=300000-' }, 'GET'],
    [`${base}/master.m3u8`, {}, 'HEAD'],
    [`${base}/96/init.mp4`, {}, 'GET'],
    [`/c/${coverId}/300.webp`, {}, 'GET'],
    [`/c/${coverId}/colors.json`, {}, 'GET'],
    [`/p/${songId}.m4a`, { Range: 'bytes=0-99' }, 'GET'],
  ] as const) {
    for (const round of ['first', 'again']) {
      const [ours, theirs] = [await askEdge(path, headers, method), await askOrigin(path, headers, method)];
      const name = `${method} ${path.replace(base, '')} ${JSON.stringify(headers)} ${round}`;
      t.equal(ours.status, theirs.status, name);
      t.ok(ours.body.equals(theirs.body), 'the same bytes');
      for (const header of ['content-range', 'content-length', 'etag', 'content-type']) {
        t.equal(ours.headers[header], theirs.headers[header], `${header} of ${name}`);
      }
    }
  }
  const { headers } = await askEdge(`${base}/160/1.m4s`);
  t.equal((await askEdge(`${base}/160/1.m4s`, { 'If-None-Match': String(headers.etag) })).status, 304);
  t.equal((await askEdge(`${base}/160/1.m4s`, { Range: 'bytes=99999999-' })).status, 416);
  const preflight = await askEdge(`${base}/160/1.m4s`, { Origin: 'https://a.example' }, 'OPTIONS');
  t.same(
    [
      preflight.status,
      preflight.headers['access-control-allow-methods'],
      preflight.headers['access-control-max-age'],
    ],
    [204, 'GET, HEAD, OPTIONS', '86400'],
  );
  const post = await askEdge(`${base}/160/1.m4s`, {}, 'POST');
  t.same([post.status, post.headers.allow], [405, 'GET, HEAD, OPTIONS']);
});

t.test('a song in one file comes in slices, each kept once', async (t) => {
  forget();
  const size = Number(
    (await askEdge(`${baseOf(claimsOf({ maxRung: 320 }))}/320.m4a`, {}, 'HEAD')).headers['content-length'],
  );
  t.ok(size > 0);
  const tail = { Range: `bytes=${size - 10}-` };
  await askEdge(`${baseOf(claimsOf({ maxRung: 320 }))}/320.m4a`, tail);
  const before = asked().length;
  const again = await askEdge(`${baseOf(claimsOf({ maxRung: 320 }))}/320.m4a`, tail);
  t.same([again.status, again.body.length, again.headers['x-cache']], [206, 10, 'HIT']);
  t.equal(asked().length, before, 'no more of it was fetched');
});

t.test('many who miss the same segment at once cost the origin one request', async (t) => {
  forget();
  const held = Promise.withResolvers<void>();
  first.gate.hold = second.gate.hold = held.promise;
  const bases = Array.from({ length: 20 }, () => baseOf(claimsOf()));
  const waiting = bases.map((base) => askEdge(`${base}/96/2.m4s`));
  // The status page counts those who are being served: all have come, and one of them has gone on.
  await until(async () => {
    const status = await (await fetch(`${edge.statusUrl}/status`)).text();
    return Number(/Writing: (\d+)/.exec(status)?.[1]) > 20 && asked().length > 0;
  });
  held.resolve();
  first.gate.hold = second.gate.hold = Promise.resolve();
  const answers = await Promise.all(waiting);
  t.same([...new Set(answers.map(({ status }) => status))], [200]);
  t.same(asked(), ['96/2.m4s']);
});

t.test(
  'every segment served is reported for its play: from the cache, in a part of a file, but not a HEAD',
  async (t) => {
    const [hit, file, head] = [claimsOf(), claimsOf(), claimsOf()];
    await askEdge(`${baseOf(hit)}/96/0.m4s`);
    await askEdge(`${baseOf(head)}/96/0.m4s`, {}, 'HEAD');
    const whole = await askEdge(`${baseOf(file)}/96.m4a`, {}, 'HEAD');
    const size = Number(whole.headers['content-length']);
    await askEdge(`${baseOf(file)}/96.m4a`, { Range: `bytes=${size - 100}-` });
    const last = claimsOf();
    await askEdge(`${baseOf(last)}/96/1.m4s`);
    await until(
      () => served.has(`${last.playId} ${songId} 96 1`) && served.has(`${file.playId} ${songId} 96 3`),
    );
    const of = ({ playId }: TokenClaims) => [...served].filter((line) => line.startsWith(playId));
    t.same(of(hit), [`${hit.playId} ${songId} 96 0`]);
    t.same(of(file), [`${file.playId} ${songId} 96 3`]);
    t.same(of(head), []);
  },
);

t.test('a play that asks for more than it can sound is slowed; what is fetched ahead is not', async (t) => {
  const AT_ONCE = 300;
  const statuses = async (playId: string) => {
    const path = `${baseOf(claimsOf({ playId }))}/96/0.m4s`;
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => askEdge(path)));
    return [...new Set(answers.map(({ status }) => status))].sort();
  };
  t.same(await statuses('G'.repeat(22)), [200, 429]);
  t.same(await statuses(NOBODY), [200]);
});

t.test('no address asks for more covers than pages show', async (t) => {
  const made = Array.from({ length: 400 }, (_, i) => `/c/${String(i).padStart(22, 'N')}/300.webp`);
  forget();
  const answers = await Promise.all(made.map((path) => askEdge(path)));
  t.same([...new Set(answers.map(({ status }) => status))].sort(), [404, 429]);
  t.ok(asked().length < made.length, `${asked().length} went on to the origin`);
});

t.test('a listener behind a proxy is told from others by the word of that proxy alone', async (t) => {
  const listener = { 'X-Forwarded-For': '203.0.113.7' };
  const start = (name: string, trustedProxies: readonly string[]) =>
    startEdge({
      folder: join(root, name),
      origins: [`127.0.0.1:${first.port}`],
      keys: [key],
      reports: `127.0.0.1:${reports.port}`,
      trustedProxies,
    });
  const cover = `/c/${coverId}/300.webp`;
  await using behind = await start('behind', ['127.0.0.0/8']);
  t.equal((await ask(behind.url, cover, listener)).status, 200);
  t.equal(first.gate.forListener, '203.0.113.7');
  await using alone = await start('alone', []);
  t.equal((await ask(alone.url, cover, listener)).status, 200);
  t.equal(first.gate.forListener, '127.0.0.1');
});

t.test('an origin that fails is passed over', async (t) => {
  first.gate.failing = true;
  for (const name of ['24/0.m4s', '24/1.m4s', '24/2.m4s', '24/3.m4s']) {
    t.equal((await askEdge(`${baseOf(claimsOf())}/${name}`)).status, 200, name);
  }
  first.gate.failing = false;
});

t.test('a new key opens after a reload, while the old one still does', async (t) => {
  const next: MediaKey = { kid: '2', secret: Buffer.alloc(32, 7) };
  const path = `${baseOf(claimsOf(), next)}/96/0.m4s`;
  t.equal((await askEdge(path)).status, 403);
  await edge.rotate([next, key]);
  await until(async () => (await askEdge(path)).status === 200);
  t.equal((await askEdge(`${baseOf(claimsOf())}/96/0.m4s`)).status, 200);
});

t.test('with a certificate it serves HTTPS, and tells browsers to stay with it', async (t) => {
  const [cert, secret] = [join(root, 'cert.pem'), join(root, 'key.pem')];
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-subj', '/CN=localhost', '-days', '1', '-keyout', secret, '-out', cert],
  ]);
  const port = await freePort();
  await using secured = await startEdge({
    folder: join(root, 'secured'),
    origins: [`127.0.0.1:${first.port}`],
    keys: [key],
    reports: `127.0.0.1:${reports.port}`,
    tls: { port, cert, key: secret },
  });
  t.ok(secured.pid > 0);
  const path = `${baseOf(claimsOf())}/96/0.m4s`;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const ca = readFileSync(cert);
    get({ host: '127.0.0.1', servername: 'localhost', port, path, ca, agent: false }, resolve).on(
      'error',
      reject,
    );
  });
  answer.resume();
  t.same([answer.statusCode, answer.headers['strict-transport-security']], [200, 'max-age=31536000']);
  const plain = await fetch(`http://127.0.0.1:${port}${path}`);
  t.match(
    await plain.json(),
    { status: 400, code: 'MALFORMED_PATH' },
    'who forgets the s is told in JSON too',
  );
});

t.test('neither the access log nor the cache holds a token', async (t) => {
  const token = signToken(key, songId, claimsOf());
  await askEdge(`/m/${token}/${songId}/96/0.m4s`);
  const mac = token.slice(-43);
  const log = await readFile(edge.logFile, 'utf8');
  t.match(log, `"path":"${songId}/96/0.m4s"`);
  for (const line of log.trim().split('\n')) JSON.parse(line);
  t.notMatch(log, /\/m\//);
  t.notOk(log.includes(mac));
  t.notOk((await cached()).includes('/m/'), 'no path that was signed');
});

t.test('without any origin, what is kept is served on, and what is not is said to be away', async (t) => {
  await Promise.all([first.server.close(), second.server.close()]);
  const base = baseOf(claimsOf());
  for (const name of ['96/0.m4s', '96/init.mp4', '96/key', 'master.m3u8', '96.m4a']) {
    t.equal((await askEdge(`${base}/${name}`)).status, 200, name);
  }
  const away = await askEdge(`${base}/24/index.m3u8`);
  t.same([away.status, JSON.parse(away.body.toString()).code], [503, 'ORIGIN_AWAY']);
});
