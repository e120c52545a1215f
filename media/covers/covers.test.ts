// Goal: a cover is made once, at the first request, from whichever file still holds it. Method: images in a
// folder, the embedded tables and objects.

import { execFileSync } from 'node:child_process';
import { link, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import t, { type Test } from 'tap';
import { COVERS_AT_ONCE_MAX, COVERS_WAITING_MAX } from '../../config/limits.ts';
import type { Objects } from '../../kit/ports/objects.ts';
import { enginesOf } from '../../test/doubles/engines.ts';
import { findFfmpeg } from '../ingest/ffmpeg.ts';
import { FolderObjects } from '../ingest/testing/engines.ts';
import { coverIdOf } from './cover-id.ts';
import { type Covers, createCovers, storeCover } from './covers.ts';
import { embeddedPicture } from './embedded.ts';
import { COVER_SIZES_PX, type CoverSizePx, coverColorsKey, coverKey } from './names.ts';
import { createCoverSources } from './sources.ts';

const imageOf = (background: string, px = 700): Promise<Buffer> =>
  sharp({ create: { width: px, height: px, channels: 3, background } })
    .jpeg()
    .toBuffer();

async function fixture(t: Test, wrap: (objects: Objects) => Objects = (objects) => objects) {
  // Not tap's own folder, which goes before what is registered here is done.
  const root = await mkdtemp(join(tmpdir(), 'covers-'));
  t.teardown(() => rm(root, { recursive: true }));
  await mkdir(join(root, 'music'));
  const { tables } = await enginesOf(t);
  const stored = new FolderObjects(join(root, 'data'));
  const objects = wrap(stored);
  const sources = createCoverSources(tables);
  const covers = createCovers({ objects, sources });
  t.teardown(() => covers[Symbol.asyncDispose]());
  const music = join(root, 'music');
  /** A cover file that indexing has met. */
  const add = async (name: string, image: Uint8Array): Promise<string> => {
    const path = join(music, name);
    await writeFile(path, image);
    await sources.remember(coverIdOf(image), { s: 'file', path });
    return coverIdOf(image);
  };
  return { root, music, stored, objects, sources, covers, add };
}

const widthOf = async (image: Promise<Buffer>): Promise<number> =>
  (await sharp(await image).metadata()).width;
/** What is stored while the answer goes out is there when its turn has passed. */
const settled = (covers: Covers, coverId: string): Promise<unknown> => covers.colors(coverId);

t.test('the first request makes a size, those below it and the colours; the second finds them', async (t) => {
  const { covers, add, stored, music } = await fixture(t);
  const coverId = await add('cover.jpg', await imageOf('#c02010'));
  t.equal(await widthOf(covers.image(coverId, 300)), 300);
  const colors = JSON.parse(String(await covers.colors(coverId)));
  t.match(colors.background, /^#[bc]/);
  const made = [coverKey(coverId, 96), coverKey(coverId, 300), coverColorsKey(coverId)];
  t.same(stored.puts.toSorted(), made.toSorted());
  await rm(join(music, 'cover.jpg'));
  t.equal(await widthOf(covers.image(coverId, 96)), 96, 'from what is stored');
  t.equal(stored.puts.length, 3);
});

t.test('a larger size is made when it is asked for, and nothing twice', async (t) => {
  const { covers, add, stored } = await fixture(t);
  const coverId = await add('cover.jpg', await imageOf('#c02010', 1500));
  await covers.image(coverId, 96);
  t.equal(await widthOf(covers.image(coverId, 1280)), 1280);
  await covers.image(coverId, 640);
  const files = COVER_SIZES_PX.map((px) => coverKey(coverId, px));
  t.same(new Set(stored.puts), new Set([...files, coverColorsKey(coverId)]));
  t.same(stored.puts.filter((key) => key.endsWith('.webp')).toSorted(), files.toSorted());
});

t.test('however many ask at once, a cover is made once', async (t) => {
  const { covers, add, stored } = await fixture(t);
  const coverId = await add('cover.jpg', await imageOf('#c02010'));
  const sizes: readonly CoverSizePx[] = [96, 300];
  await Promise.all(Array.from({ length: 40 }, (_, i) => covers.image(coverId, sizes[i % 2] as CoverSizePx)));
  await covers.colors(coverId);
  t.equal(stored.puts.length, 3);
});

t.test('of several sources the first that still holds the image is used', async (t) => {
  const { covers, add, sources, music } = await fixture(t);
  const image = await imageOf('#104080');
  const coverId = await add('gone.jpg', image);
  await rm(join(music, 'gone.jpg'));
  await add('changed.jpg', image);
  await writeFile(join(music, 'changed.jpg'), await imageOf('#ffffff'));
  await t.rejects(covers.image(coverId, 96), { code: 'NO_SUCH_COVER', status: 404 });
  await add('z.jpg', image);
  t.equal(await widthOf(covers.image(coverId, 96)), 96);
  const left: string[] = [];
  for await (const { path } of sources.of(coverId)) left.push(path);
  t.ok(left.includes(join(music, 'z.jpg')));
});

t.test('a disk that was away brings its covers back', async (t) => {
  const { covers, add, music, root } = await fixture(t);
  const coverId = await add('cover.jpg', await imageOf('#104080'));
  await rename(music, join(root, 'away'));
  await t.rejects(covers.image(coverId, 96), { code: 'NO_SUCH_COVER' });
  await rename(join(root, 'away'), music);
  t.equal(await widthOf(covers.image(coverId, 96)), 96);
});

t.test('pictures in the tags of each format are found', async (t) => {
  const { covers, sources, music } = await fixture(t);
  const ffmpeg = (await findFfmpeg()).path;
  const image = await imageOf('#d0a010');
  const picture = join(music, 'in.jpg');
  await writeFile(picture, image);
  for (const [name, format, ...codec] of [
    ['a.flac', 'flac', '-c:a', 'flac'],
    ['a.mp3', 'mp3', '-c:a', 'libmp3lame', '-id3v2_version', '3'],
    ['a.m4a', 'm4a', '-c:a', 'aac'],
    ['a.aiff', 'aiff', '-write_id3v2', '1'],
  ] as const) {
    const path = join(music, name);
    const sound = ['-f', 'lavfi', '-i', 'sine=d=0.5'];
    const cover = [
      '-i',
      picture,
      '-map',
      '0:a',
      '-map',
      '1:v',
      '-c:v',
      'copy',
      '-disposition:v',
      'attached_pic',
    ];
    execFileSync(ffmpeg, ['-v', 'error', ...sound, ...cover, ...codec, path]);
    const fresh = imageIn(path);
    const coverId = coverIdOf(fresh);
    await sources.remember(coverId, { s: 'embedded', path, format });
    t.equal(await widthOf(covers.image(coverId, 96)), 96, name);
    await settled(covers, coverId);
    await rm(join(music, '..', 'data', 'covers', coverId), { recursive: true });
  }
});

t.test('a path that is no plain file any more is not opened', { timeout: 20_000 }, async (t) => {
  const { covers, sources, music } = await fixture(t);
  const image = await imageOf('#104080');
  await writeFile(join(music, 'real.jpg'), image);
  const coverId = coverIdOf(image);
  execFileSync('mkfifo', [join(music, 'pipe.jpg'), join(music, 'pipe.flac')]);
  execFileSync('ln', ['-s', join(music, 'real.jpg'), join(music, 'link.jpg')]);
  await mkdir(join(music, 'folder.jpg'));
  for (const name of ['pipe.jpg', 'link.jpg', 'folder.jpg']) {
    await sources.remember(coverId, { s: 'file', path: join(music, name) });
  }
  await sources.remember(coverId, { s: 'embedded', path: join(music, 'pipe.flac'), format: 'flac' });
  await t.rejects(covers.image(coverId, 96), { code: 'NO_SUCH_COVER' });
  await link(join(music, 'real.jpg'), join(music, 'hard.jpg'));
  await sources.remember(coverId, { s: 'file', path: join(music, 'hard.jpg') });
  t.equal(await widthOf(covers.image(coverId, 96)), 96);
});

t.test('an image that no decoder takes is tried once', async (t) => {
  let reads = 0;
  const { covers, sources, music } = await fixture(t);
  const bad = Buffer.from('\xff\xd8\xff and nothing more', 'latin1');
  await writeFile(join(music, 'bad.jpg'), bad);
  const coverId = coverIdOf(bad);
  const counted = createCovers({
    objects: new FolderObjects(join(music, '../data')),
    sources: {
      ...sources,
      of(id) {
        reads += 1;
        return sources.of(id);
      },
    },
  });
  await sources.remember(coverId, { s: 'file', path: join(music, 'bad.jpg') });
  for (let i = 0; i < 3; i++) await t.rejects(counted.image(coverId, 300), { code: 'NO_SUCH_COVER' });
  t.equal(reads, 1);
  await t.rejects(covers.image('N'.repeat(22), 300), { code: 'NO_SUCH_COVER' });
});

t.test('only so many are made at once and wait; others are told when to come back', async (t) => {
  let making = 0;
  let most = 0;
  const gates: (() => void)[] = [];
  const { music, stored } = await fixture(t);
  const image = await imageOf('#104080');
  const path = join(music, 'cover.jpg');
  await writeFile(path, image);
  const covers = createCovers({
    objects: stored,
    sources: {
      async *of() {
        making += 1;
        most = Math.max(most, making);
        await new Promise<void>((resolve) => gates.push(resolve));
        making -= 1;
      },
      forget: async () => undefined,
    },
  });
  const idAt = (i: number): string => coverIdOf(Buffer.from(String(i)));
  const asked = Array.from({ length: COVERS_AT_ONCE_MAX + COVERS_WAITING_MAX + 1 }, (_, i) =>
    covers.image(idAt(i), 300).then(
      () => 'made',
      (error: { code: string; status: number; data: unknown }) => error,
    ),
  );
  const refused = await Promise.race(asked);
  t.match(refused, { code: 'COVERS_BUSY', status: 503, data: { retryAfterSec: Number } });
  let ended = false;
  void Promise.all(asked).then(() => {
    ended = true;
  });
  while (!ended) {
    for (const open of gates.splice(0)) open();
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(most, COVERS_AT_ONCE_MAX);
  const codes = (await Promise.all(asked)).map((answer) => (answer as { code: string }).code);
  t.equal(codes.filter((code) => code === 'COVERS_BUSY').length, 1);
});

t.test('a cover that cannot be stored is served all the same', async (t) => {
  const { covers, add } = await fixture(t, (objects) => ({
    ...objects,
    get: (key) => objects.get(key),
    head: (key) => objects.head(key),
    put: () => Promise.reject(new Error('disk full')),
  }));
  const coverId = await add('cover.jpg', await imageOf('#c02010'));
  t.equal(await widthOf(covers.image(coverId, 300)), 300);
  t.equal(await widthOf(covers.image(coverId, 300)), 300);
});

t.test('whoever has the image at hand makes all ahead, once', async (t) => {
  const { stored } = await fixture(t);
  const image = await imageOf('#c02010');
  const coverId = await storeCover(image, stored);
  t.equal(coverId, coverIdOf(image));
  const all = [...COVER_SIZES_PX.map((px) => coverKey(coverId ?? '', px)), coverColorsKey(coverId ?? '')];
  t.same(stored.puts.toSorted(), all.toSorted());
  await storeCover(image, stored);
  t.equal(stored.puts.length, all.length);
  t.equal(await storeCover(Buffer.from('<svg/>'), stored), undefined);
  const without = createCovers({ objects: stored });
  t.equal(await widthOf(without.image(coverId ?? '', 1280)), 700);
  t.match(JSON.parse(String(await without.colors(coverId ?? ''))), { background: /^#/ });
});

t.test('colours of a cover that was stored without them come from it', async (t) => {
  const { stored } = await fixture(t);
  const coverId = 'C'.repeat(22);
  const webp = await sharp(await imageOf('#c02010'))
    .resize(96)
    .webp()
    .toBuffer();
  await stored.put(coverKey(coverId, 96), webp);
  await stored.put(coverKey(coverId, 300), webp);
  t.match(JSON.parse(String(await createCovers({ objects: stored }).colors(coverId))), {
    background: /^#[bc]/,
  });
});

function imageIn(path: string): Uint8Array {
  const picture = embeddedPicture(path, () => true);
  if (!picture) throw new Error(`${path} has no picture`);
  return picture;
}
