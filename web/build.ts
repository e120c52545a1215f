/**
 * Bundles the player: hashed names, split chunks, a copy compressed once of each text file, and an index.html
 * that names them. Takes well under a second.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { build } from 'esbuild';
import sharp from 'sharp';

const here = import.meta.dirname;
const STAMP = '.built-from';

async function sourceHash(): Promise<string> {
  const hash = createHash('sha256');
  const roots = [join(here, 'src'), join(here, 'static')];
  const files = [join(here, 'build.ts'), join(here, 'index.html'), join(here, '..', 'package-lock.json')];
  for (const root of roots) {
    for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) files.push(join(entry.parentPath, entry.name));
    }
  }
  for (const file of files.sort()) hash.update(relative(here, file)).update(await readFile(file));
  return hash.digest('hex');
}

const brotli = promisify(brotliCompress);
const gz = promisify(gzip);

async function compress(file: string): Promise<void> {
  const text = await readFile(file);
  const quality = { [constants.BROTLI_PARAM_QUALITY]: 9 };
  await Promise.all([
    brotli(text, { params: quality }).then((bytes) => writeFile(`${file}.br`, bytes)),
    gz(text, { level: 9 }).then((bytes) => writeFile(`${file}.gz`, bytes)),
  ]);
}

const ICON_PX = [192, 512] as const;
const TOUCH_ICON_PX = 180;
/** Of a maskable icon, any shape may be cut that keeps the middle four fifths. */
const MASK_MARGIN = 0.1;
const ICON_GROUND = '#14121a';

/** What homescreens want of the drawn icon. */
async function makeIcons(outDir: string): Promise<void> {
  const drawn = join(here, 'static', 'icon.svg');
  const at = (px: number) => sharp(drawn, { density: 600 }).resize(px, px);
  const [, largest] = ICON_PX;
  const margin = Math.round(largest * MASK_MARGIN);
  const inner = await at(largest - 2 * margin).toBuffer();
  const maskable = sharp({
    create: { width: largest, height: largest, channels: 3, background: ICON_GROUND },
  })
    .composite([{ input: inner, left: margin, top: margin }])
    .png();
  await Promise.all([
    ...ICON_PX.map((px) =>
      at(px)
        .png()
        .toFile(join(outDir, `icon-${px}.png`)),
    ),
    at(TOUCH_ICON_PX).flatten({ background: ICON_GROUND }).png().toFile(join(outDir, 'touch-icon.png')),
    maskable.toFile(join(outDir, 'icon-mask.png')),
  ]);
}

/** The service worker, which names the files that it keeps. */
async function makeWorker(outDir: string, shell: readonly string[], version: string): Promise<void> {
  await build({
    entryPoints: [join(here, 'src', 'sw', 'worker.ts')],
    outfile: join(outDir, 'sw.js'),
    bundle: true,
    format: 'iife',
    target: ['es2022'],
    minify: true,
    define: { SHELL: JSON.stringify(shell), VERSION: JSON.stringify(version) },
    logLevel: 'warning',
  });
}

/** The folder with the built player; built anew only when its sources have changed. */
export async function buildWeb(outDir = join(here, 'dist')): Promise<string> {
  const hash = await sourceHash();
  const stamp = join(outDir, STAMP);
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === hash) return outDir;

  const fresh = `${outDir}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  const result = await build({
    entryPoints: { app: join(here, 'src', 'main.tsx') },
    outdir: join(fresh, 'assets'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: ['es2022'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    metafile: true,
    loader: { '.woff2': 'file', '.svg': 'file' },
    logLevel: 'warning',
  });
  const entry = Object.entries(result.metafile.outputs).find(([, output]) =>
    output.entryPoint?.endsWith('main.tsx'),
  );
  if (!entry) throw new Error('esbuild made no entry for main.tsx');
  const url = (path: string) => `/assets/${path.split('/assets/')[1]}`;
  const css = entry[1].cssBundle ? url(entry[1].cssBundle) : '';
  const html = (await readFile(join(here, 'index.html'), 'utf8'))
    .replace('%SCRIPT%', url(entry[0]))
    .replace('%STYLE%', css);
  await writeFile(join(fresh, 'index.html'), html);
  for (const file of await readdir(join(here, 'static'))) {
    await writeFile(join(fresh, file), await readFile(join(here, 'static', file)));
  }
  for (const file of await readdir(join(fresh, 'assets'))) {
    if (/\.(js|css|svg)$/.test(file)) await compress(join(fresh, 'assets', file));
  }
  const assets = (await readdir(join(fresh, 'assets'))).filter((file) => !/\.(br|gz)$/.test(file));
  const shell = ['/', '/icon.svg', '/manifest.webmanifest', ...assets.map((file) => `/assets/${file}`)];
  await Promise.all([makeIcons(fresh), makeWorker(fresh, shell, hash.slice(0, 16))]);
  await writeFile(join(fresh, STAMP), hash);
  await rm(outDir, { recursive: true, force: true });
  await rename(fresh, outDir);
  return outDir;
}
