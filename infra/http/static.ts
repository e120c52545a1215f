/** Serves a folder of built files from memory: what is not in it when it is read cannot be asked for. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { type HttpHandler, type HttpRequest, pathOf } from '../../kit/http.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.map': 'application/json',
};

/** Best first. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

/** A name such as `app-4F7KQ2ZD.js` changes with its content. */
const HASHED = /[-.][A-Za-z0-9_]{8,}\.\w+$/;
const FOR_EVER = 'public, max-age=31536000, immutable';
const ASK_AGAIN = 'no-cache';

interface Variant {
  readonly body: Buffer;
  readonly etag: string;
}

interface StaticFile {
  readonly type: string;
  readonly cacheControl: string;
  readonly plain: Variant;
  readonly encoded: ReadonlyMap<string, Variant>;
}

const variant = (body: Buffer): Variant => ({
  body,
  etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
});

async function readAll(root: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const pairs = files.map(
    async (file) => [`/${relative(root, file).split(sep).join('/')}`, await readFile(file)] as const,
  );
  return new Map(await Promise.all(pairs));
}

function toStaticFile(path: string, all: ReadonlyMap<string, Buffer>): StaticFile {
  const encoded = ENCODINGS.flatMap(([encoding, suffix]) => {
    const body = all.get(path + suffix);
    return body ? [[encoding, variant(body)] as const] : [];
  });
  return {
    type: TYPES[extname(path)] ?? 'application/octet-stream',
    cacheControl: HASHED.test(path) ? FOR_EVER : ASK_AGAIN,
    plain: variant(all.get(path) as Buffer),
    encoded: new Map(encoded),
  };
}

const accepts = (req: HttpRequest, encoding: string): boolean =>
  new RegExp(`(^|[,\\s])${encoding}\\s*(,|$|;(?!\\s*q=0(\\.0*)?\\s*(,|$)))`).test(
    String(req.headers['accept-encoding'] ?? ''),
  );

const isPage = (req: HttpRequest, path: string): boolean =>
  extname(path) === '' && String(req.headers.accept ?? '').includes('text/html');

function send(req: HttpRequest, res: ServerResponse, file: StaticFile): void {
  const encoding = ENCODINGS.find(([name]) => file.encoded.has(name) && accepts(req, name))?.[0];
  const chosen = (encoding && file.encoded.get(encoding)) || file.plain;
  res.setHeader('Content-Type', file.type);
  res.setHeader('Cache-Control', file.cacheControl);
  res.setHeader('ETag', chosen.etag);
  if (file.encoded.size > 0) res.setHeader('Vary', 'Accept-Encoding');
  const known = req.headers['if-none-match'];
  if (known?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === chosen.etag)) {
    res.statusCode = 304;
    res.end();
    return;
  }
  if (encoding) res.setHeader('Content-Encoding', encoding);
  res.setHeader('Content-Length', chosen.body.byteLength);
  res.end(req.method === 'HEAD' ? undefined : chosen.body);
}

/**
 * Reads `root` once. A path that no file has, asked for as a page, gets `index.html`, whose client-side
 * routes take over; anything else unknown is left to others.
 */
export async function createStatic({ root }: { root: string }): Promise<HttpHandler> {
  const all = await readAll(root);
  const paths = [...all.keys()].filter((path) => !ENCODINGS.some(([, suffix]) => path.endsWith(suffix)));
  const files = new Map(paths.map((path) => [path, toStaticFile(path, all)]));
  const index = files.get('/index.html');

  return async (req, res) => {
    if (req.method !== 'GET' && req.method !== 'HEAD') return false;
    const path = pathOf(req.url ?? '/');
    const file = files.get(path) ?? (path === '/' || isPage(req, path) ? index : undefined);
    if (!file) return false;
    send(req, res, file);
    return true;
  };
}
