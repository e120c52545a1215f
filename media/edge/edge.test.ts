/**
 * Goal: only who holds a signed path gets the music, in whatever way players ask for it.
 * Method: a real song is packaged once; requests go over a socket, with paths sent exactly as written.
 */
import { createDecipheriv } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import type { HttpRequest } from '../../kit/http.ts';
import { systemClock, systemIds } from '../../kit/sources.ts';
import { createCovers } from '../covers/covers.ts';
import { coverColorsKey, coverKey } from '../covers/names.ts';
import { findFfmpeg } from '../ingest/ffmpeg.ts';
import { ingestSong } from '../ingest/song.ts';
import { FolderObjects, memoryIngestTables, RememberingCatalog } from '../ingest/testing/engines.ts';
import { makeMusic } from '../ingest/testing/music.ts';
import { trackKeys } from '../package/names.ts';
import type { PackagedTrack } from '../package/types.ts';
import { createEdge } from './edge.ts';
import { createLibrary } from './library.ts';
import { type MediaKey, signToken, type TokenClaims } from './token.ts';

const root = t.testdir({ data: {}, temp: {} });
const ffmpeg = await findFfmpeg();
const stored = new FolderObjects(join(root, 'data'));
const reads = { count: 0 };
const objects = new Proxy(stored, {
  get(target, name) {
    if (name === 'range') reads.count += 1;
    const value = Reflect.get(target, name);
    return typeof value === 'function' ? value.bind(target) : value;
  },
});
const song = await ingestSong(
  { path: await makeMusic(ffmpeg, root, 'song.wav', { samples: 14 * 44100 }) },
  {
    objects: stored,
    tables: memoryIngestTables(),
    catalog: new RememberingCatalog(),
    ids: systemIds,
    ffmpeg,
    tempFolder: join(root, 'temp'),
  },
);
const { songId } = song;
const coverId = 'C'.repeat(22);
await stored.put(coverKey(coverId, 300), Buffer.from('a cover'));
await stored.put(coverColorsKey(coverId), Buffer.from('{"background":"#102030"}'));

const key: MediaKey = { kid: 'k1', secret: Buffer.alloc(32, 1) };
const claims: TokenClaims = {
  playId: 'P'.repeat(22),
  userId: 'U'.repeat(22),
  maxRung: 160,
  region: 'DE',
  expiresAtMs: Date.now() + 60_000,
};
const token = signToken(key, songId, claims);
const base = `/m/${token}/${songId}`;
const served: string[] = [];
const edge = createEdge({
  library: createLibrary({ objects, covers: createCovers({ objects }), masterSecret: Buffer.alloc(32, 2) }),
  keys: [key],
  clock: systemClock,
  report: { served: (playId, id, rung, index) => served.push(`${playId} ${id} ${rung} ${index}`) },
});
const routes = new Set<string | undefined>();
const server = createServer((req: HttpRequest, res) => {
  // As the server names its handler.
  req.route = 'edge';
  void edge(req, res).then((own) => {
    routes.add(req.route);
    if (!own) res.writeHead(421).end();
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
t.teardown(() => server.close());
const { port } = server.address() as AddressInfo;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

const ask = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
  new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('error', reject);
      res.on('end', () => {
        const body = Buffer.concat(chunks);
        resolve({ status: res.statusCode ?? 0, headers: res.headers, body, text: body.toString('utf8') });
      });
    })
      .on('error', reject)
      .end();
  });

const codeOf = (answer: Answer): unknown => {
  const problem = JSON.parse(answer.text) as { code: string; status: number };
  return answer.headers['content-type'] === 'application/problem+json' && problem.status === answer.status
    ? problem.code
    : answer.text;
};

t.test('a listener plays by HLS: playlists, key and segments all lie below the signed path', async (t) => {
  const master = await ask(`${base}/master.m3u8`);
  t.equal(master.headers['content-type'], 'application/vnd.apple.mpegurl');
  t.match(master.text, /^96\/index\.m3u8$/m);
  t.notMatch(master.text, /320/, 'rungs above the allowed one are not named');
  const playlist = await ask(`${base}/96/index.m3u8`);
  const names = playlist.text.split('\n').filter((line) => /^\d+\.m4s$/.test(line));
  t.equal(names.length, 3);
  const iv = Buffer.from(/IV=0x([0-9A-F]+)/.exec(playlist.text)?.[1] ?? '', 'hex');
  const { body: keyBytes, headers } = await ask(`${base}/96/key`);
  t.equal(keyBytes.length, 16);
  t.equal(headers['cache-control'], 'no-store');
  for (const name of names) {
    const { body } = await ask(`${base}/96/${name}`);
    const decipher = createDecipheriv('aes-128-cbc', keyBytes, iv);
    const clear = Buffer.concat([decipher.update(body), decipher.final()]);
    t.equal(clear.toString('latin1', 4, 8), 'moof');
  }
  t.match((await ask(`${base}/96/init.mp4`)).text, 'ftyp');
  t.match((await ask(`${base}/manifest.mpd`)).text, '<MPD');
  t.match(JSON.parse((await ask(`${base}/waveform.json`)).text), { version: 1 });
});

t.test('the journal is told which segments a play was served', async (t) => {
  served.length = 0;
  await ask(`${base}/96/1.m4s`);
  await ask(`${base}/96/2.m4s`, {}, 'HEAD');
  await ask(`${base}/96/init.mp4`);
  t.same(served, [`${claims.playId} ${songId} 96 1`], 'not what was only asked about');
});

t.test('tokens that are tampered with, expired, or made for another song or rung are refused', async (t) => {
  const expired = signToken(key, songId, { ...claims, expiresAtMs: Date.now() - 1000 });
  const swapped = signToken(key, 'X'.repeat(22), claims);
  const otherKey = signToken({ kid: 'k1', secret: Buffer.alloc(32, 9) }, songId, claims);
  const cases: [path: string, code: string][] = [
    [`/m/${token.replace('.160.', '.320.')}/${songId}/320/0.m4s`, 'MEDIA_TOKEN_INVALID'],
    [`/m/${token.slice(0, -2)}/${songId}/96/0.m4s`, 'MEDIA_TOKEN_INVALID'],
    [`/m/${swapped}/${songId}/96/0.m4s`, 'MEDIA_TOKEN_INVALID'],
    [`/m/${otherKey}/${songId}/96/key`, 'MEDIA_TOKEN_INVALID'],
    [`/m/${expired}/${songId}/96/key`, 'MEDIA_TOKEN_EXPIRED'],
    [`${base}/320/0.m4s`, 'RUNG_NOT_ALLOWED'],
    [`${base}/320/key`, 'RUNG_NOT_ALLOWED'],
    [`${base}/320/index.m3u8`, 'RUNG_NOT_ALLOWED'],
    [`${base}/320.m4a`, 'RUNG_NOT_ALLOWED'],
  ];
  await ask(`${base}/96/0.m4s`);
  for (const [path, code] of cases) {
    const answer = await ask(path);
    t.same([answer.status, codeOf(answer)], [403, code], path);
    t.equal(answer.headers['cache-control'], 'no-store');
    t.notMatch(answer.text, path.split('/')[2] ?? '', 'no token in the body');
  }
});

t.test('paths that are malformed or lead elsewhere are refused', async (t) => {
  const malformed = [
    `${base}/../../secrets.json`,
    `${base}/..%2f..%2fsecrets.json`,
    `${base}/%2e%2e/index.json`,
    `/m/${token}/${songId}`,
    `/m/${token}/../96/0.m4s`,
    '/m/',
    '/c/../../../etc/passwd',
    `/c/${coverId}/300.webp/..`,
    '/p/..m4a',
    `/p/${songId}.m4a%00`,
    `/m/${'a'.repeat(3000)}/${songId}/96/0.m4s`,
  ];
  for (const path of malformed) {
    const answer = await ask(path);
    t.ok([400, 404].includes(answer.status), `${path}: ${answer.status}`);
    t.match(codeOf(answer), /^(MALFORMED_PATH|NO_SUCH_MEDIA)$/);
  }
  for (const name of ['index.json', '96.mp4', '96/1.m4s.bak', '97/0.m4s', '96/03.m4s', 'preview.m4a']) {
    const answer = await ask(`${base}/${name}`);
    t.same([answer.status, codeOf(answer)], [404, 'NO_SUCH_MEDIA'], name);
  }
  const beyond = await ask(`${base}/96/99.m4s`);
  t.same([beyond.status, codeOf(beyond)], [404, 'SEGMENT_NOT_FOUND']);
  const unknown = 'N'.repeat(22);
  const noSong = await ask(`/m/${signToken(key, unknown, claims)}/${unknown}/master.m3u8`);
  t.same([noSong.status, codeOf(noSong)], [404, 'NO_SUCH_MEDIA']);
  t.equal((await ask('/api/me')).status, 421, 'paths of others are left to them');
});

t.test('the progressive file is seekable by Range while it plays', async (t) => {
  const path = `${base}/96.m4a`;
  const whole = await ask(path);
  const bytes = whole.body.length;
  t.equal(whole.status, 200);
  t.equal(whole.headers['accept-ranges'], 'bytes');
  t.equal(Number(whole.headers['content-length']), bytes);
  t.equal(whole.body.toString('latin1', 4, 8), 'ftyp');
  const head = await ask(path, {}, 'HEAD');
  t.same([head.status, head.body.length, Number(head.headers['content-length'])], [200, 0, bytes]);

  const spans: [range: string, start: number, end: number][] = [
    ['bytes=0-99', 0, 100],
    ['bytes=100-', 100, bytes],
    ['bytes=-500', bytes - 500, bytes],
    [`bytes=-${bytes + 1}`, 0, bytes],
    [`bytes=50000-${bytes + 9}`, 50_000, bytes],
    ['bytes=70000-120000', 70_000, 120_001],
  ];
  for (const [range, start, end] of spans) {
    const part = await ask(path, { range });
    t.equal(part.status, 206, range);
    t.equal(part.headers['content-range'], `bytes ${start}-${end - 1}/${bytes}`);
    t.ok(part.body.equals(whole.body.subarray(start, end)), `${range} gives those bytes`);
  }
  for (const range of [`bytes=${bytes}-`, 'bytes=-0', 'bytes=0-1,5-9']) {
    const refused = await ask(path, { range });
    t.equal(refused.status, 416, range);
    t.equal(refused.headers['content-range'], `bytes */${bytes}`);
  }
  for (const range of ['bytes=9-5', 'bytes=', 'lines=1-2', 'bytes=a-b']) {
    t.equal((await ask(path, { range })).status, 200, `${range} is ignored`);
  }
  const etag = String(whole.headers.etag);
  t.equal((await ask(path, { range: 'bytes=0-9', 'if-range': etag })).status, 206);
  t.equal((await ask(path, { range: 'bytes=0-9', 'if-range': '"other"' })).status, 200);
});

t.test('the progressive file reports the segments it was read from', async (t) => {
  served.length = 0;
  await ask(`${base}/160.m4a`);
  t.same(
    [...new Set(served)],
    [0, 1, 2].map((i) => `${claims.playId} ${songId} 160 ${i}`),
  );
});

t.test('answers are validated by a strong ETag that no token changes', async (t) => {
  const other = signToken(key, songId, { ...claims, playId: 'Q'.repeat(22) });
  for (const name of ['96/0.m4s', '96/init.mp4', 'master.m3u8', '96.m4a']) {
    const first = await ask(`${base}/${name}`);
    const etag = String(first.headers.etag);
    t.match(etag, /^"[\w-]{22}"$/);
    t.equal((await ask(`/m/${other}/${songId}/${name}`)).headers.etag, etag);
    for (const known of [etag, `"x", W/${etag}`, '*']) {
      const again = await ask(`${base}/${name}`, { 'if-none-match': known });
      t.same([again.status, again.body.length], [304, 0], `${name} ${known}`);
    }
    t.equal((await ask(`${base}/${name}`, { 'if-none-match': '"other"' })).status, 200);
  }
});

t.test('what never changes may be kept by any cache, what was made for one listener by none', async (t) => {
  const cacheControl = async (path: string) => (await ask(path)).headers['cache-control'];
  for (const path of [
    `${base}/96/0.m4s`,
    `${base}/96/init.mp4`,
    `/p/${songId}.m4a`,
    `/c/${coverId}/300.webp`,
  ])
    t.equal(await cacheControl(path), 'public, max-age=31536000, immutable', path);
  for (const path of [`${base}/master.m3u8`, `${base}/96/index.m3u8`, `${base}/manifest.mpd`])
    t.equal(await cacheControl(path), 'private, max-age=60', path);
});

t.test('concurrent misses for one segment read it once, for whichever token', async (t) => {
  const other = signToken(key, songId, { ...claims, playId: 'Q'.repeat(22) });
  reads.count = 0;
  const answers = await Promise.all(
    [base, `/m/${other}/${songId}`, base].map((each) => ask(`${each}/160/1.m4s`)),
  );
  t.same(
    answers.map(({ status }) => status),
    [200, 200, 200],
  );
  t.equal(reads.count, 1);
});

t.test('indexes are kept by how much they hold, so that long songs do not fill the memory', async (t) => {
  const asked: string[] = [];
  const index = String(await stored.get(trackKeys.index(songId)));
  const { renditions } = JSON.parse(index) as PackagedTrack;
  const segments = renditions.reduce((sum, rendition) => sum + rendition.segments.length, 0);
  class SameIndexForAll extends FolderObjects {
    override async get(key: string): Promise<Buffer> {
      asked.push(key);
      return Buffer.from(index);
    }
  }
  const library = createLibrary({
    objects: new SameIndexForAll(root),
    covers: createCovers({ objects }),
    masterSecret: Buffer.alloc(32, 2),
    trackSegmentsMax: 2 * segments,
  });
  const [a = '', b = '', c = ''] = ['A', 'B', 'C'].map((letter) => letter.repeat(22));
  for (const song of [a, b, a, c, a, b]) await library.manifest(song, { kind: 'master' }, 320);
  t.same(asked, [a, b, c, b].map(trackKeys.index), 'two are kept, those asked for last');
});

t.test('previews and covers need no token; sizes that are not made are not found', async (t) => {
  const preview = await ask(`/p/${songId}.m4a`);
  t.same([preview.status, preview.headers['content-type']], [200, 'audio/mp4']);
  t.equal((await ask(`/p/${songId}.m4a`, { range: 'bytes=0-1' })).body.length, 2);
  const cover = await ask(`/c/${coverId}/300.webp`);
  t.same([cover.status, cover.headers['content-type'], cover.text], [200, 'image/webp', 'a cover']);
  for (const path of [`/c/${coverId}/301.webp`, `/c/${coverId}/96.webp`, `/p/${'N'.repeat(22)}.m4a`])
    t.equal((await ask(path)).status, 404, path);
});

t.test('covers and their colours are kept for ever, what is missing is not', async (t) => {
  for (const [name, type] of [
    ['300.webp', 'image/webp'],
    ['colors.json', 'application/json'],
  ] as const) {
    const path = `/c/${coverId}/${name}`;
    const { status, headers } = await ask(path);
    t.same([status, headers['content-type']], [200, type]);
    t.equal(headers['cache-control'], 'public, max-age=31536000, immutable');
    t.match(headers.etag, /^"[\w-]{22}"$/);
    const again = await ask(path, { 'if-none-match': headers.etag ?? '' });
    t.same([again.status, again.body.length], [304, 0]);
  }
  for (const name of ['300.webp', '1280.webp', 'colors.json']) {
    const missing = await ask(`/c/${'N'.repeat(22)}/${name}`);
    t.same([missing.status, codeOf(missing)], [404, 'NO_SUCH_COVER']);
    t.equal(missing.headers['cache-control'], 'no-store', name);
  }
  t.equal((await ask(`/c/${coverId}/colors.txt`)).status, 400);
});

t.test('a smaller cover stands in, for an hour, for one that cannot be made', async (t) => {
  const { status, headers, text } = await ask(`/c/${coverId}/1280.webp`);
  t.same([status, text, headers['cache-control']], [200, 'a cover', 'public, max-age=3600']);
  t.equal(
    (await ask(`/c/${coverId}/300.webp`)).headers['cache-control'],
    'public, max-age=31536000, immutable',
  );
});

t.test('players on other origins may read; other methods are refused', async (t) => {
  t.equal((await ask(`${base}/96/0.m4s`)).headers['access-control-allow-origin'], '*');
  t.equal((await ask('/m/x')).headers['access-control-allow-origin'], '*', 'also what is refused');
  const preflight = await ask(`${base}/96.m4a`, {}, 'OPTIONS');
  t.equal(preflight.status, 204);
  t.match(preflight.headers['access-control-allow-headers'], 'Range');
  const post = await ask(`${base}/96/0.m4s`, {}, 'POST');
  t.same([post.status, codeOf(post), post.headers.allow], [405, 'METHOD_NOT_ALLOWED', 'GET, HEAD, OPTIONS']);
});

t.test('media counts as one route, which the alerts on the API leave out', async (t) => {
  routes.clear();
  for (const path of [`${base}/96/0.m4s`, `${base}/master.m3u8`, `/p/${songId}.m4a`, `${base}/nothing`]) {
    await ask(path);
  }
  t.same([...routes], ['edge']);
});
