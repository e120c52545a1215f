// Goal: built files are served as browsers cache them best, and nothing else is served.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { systemSources } from '../../kit/sources.ts';
import { createHttpServer } from './server.ts';
import { createStatic } from './static.ts';

const folder = await mkdtemp(join(tmpdir(), 'antiphon-static-'));
t.teardown(() => rm(folder, { recursive: true }));
const root = join(folder, 'dist');
await mkdir(join(root, 'assets'), { recursive: true });
await writeFile(join(folder, 'secret.txt'), 'secret');
await writeFile(join(root, 'index.html'), '<!doctype html><title>Antiphon</title>');
await writeFile(join(root, 'assets', 'app-4F7KQ2ZD.js'), 'plain');
await writeFile(join(root, 'assets', 'app-4F7KQ2ZD.js.br'), 'as brotli');
await writeFile(join(root, 'assets', 'app-4F7KQ2ZD.js.gz'), 'as gzip');
await symlink(join(folder, 'secret.txt'), join(root, 'link.txt'));

const server = createHttpServer({
  handlers: [{ name: 'web', handle: await createStatic({ root }) }],
  sources: systemSources,
});
const { url, port } = await server.listen({ host: '127.0.0.1', port: 0 });
t.teardown(() => server.close());

/** Paths as they are: fetch would tidy them up, and decode answers. */
const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    get({ port, host: '127.0.0.1', path, headers, method }, (res) => {
      let body = '';
      res.setEncoding('latin1').on('data', (chunk) => {
        body += chunk;
      });
      res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body }));
    }).on('error', reject);
  });

void t.test('hashed names are kept for ever, pages are asked for again', async (t) => {
  const asset = await ask('/assets/app-4F7KQ2ZD.js');
  t.match(asset.headers, {
    'cache-control': 'public, max-age=31536000, immutable',
    'content-type': 'text/javascript; charset=utf-8',
  });
  t.match((await ask('/')).headers, {
    'cache-control': 'no-cache',
    'content-type': 'text/html; charset=utf-8',
  });
});

void t.test('a known ETag is answered with 304', async (t) => {
  const first = await ask('/');
  const again = await ask('/', { 'if-none-match': String(first.headers.etag) });
  t.equal(again.status, 304);
  t.equal(again.body, '');
});

void t.test('compressed files go to those who take them', async (t) => {
  const path = '/assets/app-4F7KQ2ZD.js';
  const asked = async (encodings: string) => (await ask(path, { 'accept-encoding': encodings })).body;
  t.equal(await asked('gzip, deflate, br'), 'as brotli');
  t.equal(await asked('gzip'), 'as gzip');
  t.equal(await asked('br;q=0, gzip;q=0.5'), 'as gzip');
  t.equal(await asked('identity'), 'plain');
  const answer = await ask(path, { 'accept-encoding': 'br' });
  t.match(answer.headers, { vary: 'Accept-Encoding', 'content-encoding': 'br' });
});

void t.test('client-side routes get the page, files that are not there do not', async (t) => {
  t.match((await ask('/album/123', { accept: 'text/html,*/*' })).body, /Antiphon/);
  t.equal((await ask('/album/123', { accept: 'application/json' })).status, 404);
  t.equal((await ask('/assets/gone.js', { accept: 'text/html' })).status, 404);
});

void t.test('nothing outside the folder is served', async (t) => {
  for (const path of [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/assets/../../secret.txt',
    '/link.txt',
    '//etc/passwd',
  ]) {
    const answer = await ask(path);
    t.equal(answer.status, 404, path);
    t.notMatch(answer.body, /secret/);
  }
});

void t.test('HEAD has no body and other methods find nothing', async (t) => {
  const head = await ask('/', {}, 'HEAD');
  t.equal(head.status, 200);
  t.equal(head.body, '');
  t.equal((await ask('/', {}, 'POST')).status, 404);
});

void t.test('a folder that is not there serves nothing', async (t) => {
  const handle = await createStatic({ root: join(folder, 'nowhere') });
  t.equal(await handle({ method: 'GET', url: '/', headers: {} } as never, {} as never), false);
});

t.equal(new URL(url).hostname, '127.0.0.1');
