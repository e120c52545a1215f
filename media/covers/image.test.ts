// Goal: any image that music carries becomes a cover, and no image harms. Method: images made by sharp and by hand.
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import t from 'tap';
import { COVER_BYTES_MAX } from '../../config/limits.ts';
import { isPixelImage, renderCover } from './image.ts';
import { COVER_SIZES_PX, type CoverSizePx } from './names.ts';

const solid = (width: number, height: number, background: string, channels: 3 | 4 = 3) =>
  sharp({ create: { width, height, channels, background } });

async function rendered(image: Uint8Array, sizes: readonly CoverSizePx[] = COVER_SIZES_PX) {
  const cover = await renderCover(image, sizes);
  if (!cover) throw new Error('no cover');
  return cover;
}
async function pixelAt(file: Buffer | undefined, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  const at =
    (Math.round(y * (info.height - 1)) * info.width + Math.round(x * (info.width - 1))) * info.channels;
  return [...data.subarray(at, at + 3)];
}
const isNear = (one: readonly number[], other: readonly number[], by = 24): boolean =>
  one.every((value, i) => Math.abs(value - (other[i] ?? 0)) <= by);

t.test('one image gives every size asked for, square and never larger than it is', async (t) => {
  const image = await solid(1000, 700, '#c02010').jpeg().toBuffer();
  const { files, colors } = await rendered(image);
  t.same(
    [...files.keys()].sort((a, b) => a - b),
    [...COVER_SIZES_PX],
  );
  for (const [px, file] of files) {
    const { format, width, height } = await sharp(file).metadata();
    t.same([format, width, height], ['webp', Math.min(px, 700), Math.min(px, 700)]);
  }
  t.match(colors.background, /^#[bc]/);
  t.same([...(await rendered(image, [300])).files.keys()], [300]);
  t.equal((await rendered(image, [])).files.size, 0, 'colours alone');
  const tiny = await rendered(await solid(1, 1, '#00ff00').png().toBuffer());
  t.equal((await sharp(tiny.files.get(640)).metadata()).width, 1);
});

t.test('the middle of an image that is not square is shown', async (t) => {
  const bars = await solid(900, 300, '#0000ff')
    .composite([{ input: await solid(300, 300, '#ff0000').png().toBuffer(), left: 300, top: 0 }])
    .png()
    .toBuffer();
  const { files } = await rendered(bars);
  t.ok(isNear(await pixelAt(files.get(300), 0.1, 0.5), [255, 0, 0]));
  t.ok(isNear(await pixelAt(files.get(300), 0.9, 0.5), [255, 0, 0]));
});

t.test('an image is turned as its camera says', async (t) => {
  const top = await solid(400, 400, '#0000ff')
    .composite([{ input: await solid(400, 200, '#ff0000').png().toBuffer(), left: 0, top: 0 }])
    .jpeg()
    .withMetadata({ orientation: 3 })
    .toBuffer();
  const { files } = await rendered(top);
  t.ok(isNear(await pixelAt(files.get(96), 0.5, 0.1), [0, 0, 255]), 'upside down in the file');
  t.ok(isNear(await pixelAt(files.get(300), 0.5, 0.9), [255, 0, 0]));
});

t.test(
  'CMYK, 16 bits, grey, palettes, transparency and profiles are all shown as they are meant',
  async (t) => {
    const orange = solid(320, 320, '#e06010');
    const images = {
      cmyk: await orange.clone().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer(),
      deep: await orange.clone().toColourspace('rgb16').png().toBuffer(),
      palette: await orange.clone().png({ palette: true }).toBuffer(),
      gif: await orange.clone().gif().toBuffer(),
      webp: await orange.clone().webp().toBuffer(),
      p3: await orange.clone().withIccProfile('p3').jpeg({ quality: 95 }).toBuffer(),
      opaque: await solid(320, 320, '#e06010', 4).png().toBuffer(),
      progressive: await orange.clone().jpeg({ progressive: true }).toBuffer(),
    };
    for (const [name, image] of Object.entries(images)) {
      const { files, colors } = await rendered(image);
      const pixel = await pixelAt(files.get(300), 0.5, 0.5);
      t.ok(isNear(pixel, [224, 96, 16], 40), `${name}: ${pixel}`);
      t.match(colors.background, /^#[c-e]/, name);
    }
    const grey = await rendered(await solid(320, 320, '#808080').toColourspace('b-w').jpeg().toBuffer());
    t.ok(isNear(await pixelAt(grey.files.get(96), 0.5, 0.5), [128, 128, 128]));
    const clear = await rendered(await solid(320, 320, '#00000000', 4).png().toBuffer());
    t.equal((await sharp(clear.files.get(96)).metadata()).hasAlpha, true);
  },
);

t.test('of an animated image the first picture is shown', async (t) => {
  const frames = Buffer.concat([
    await solid(64, 64, '#ff0000').raw().toBuffer(),
    await solid(64, 64, '#0000ff').raw().toBuffer(),
  ]);
  const gif = await sharp(frames, { raw: { width: 64, height: 128, channels: 3, pageHeight: 64 } })
    .gif()
    .toBuffer();
  t.equal((await sharp(gif, { animated: true }).metadata()).pages, 2);
  const { files } = await rendered(gif);
  t.ok(isNear(await pixelAt(files.get(96), 0.5, 0.9), [255, 0, 0]));
});

/** A PNG whose head promises what its data need not keep. */
function pngOf(width: number, height: number, data: Buffer): Buffer {
  const chunk = (type: string, body: Buffer): Buffer => {
    const whole = Buffer.alloc(body.length + 12);
    whole.writeUInt32BE(body.length, 0);
    whole.write(type, 4, 'latin1');
    body.copy(whole, 8);
    return whole;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(data)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

t.test('what is broken, hostile or no image is no cover', async (t) => {
  const jpeg = await solid(500, 500, '#208040').jpeg().toBuffer();
  const png = await solid(500, 500, '#208040').png().toBuffer();
  const hostile: Record<string, Uint8Array> = {
    empty: Buffer.alloc(0),
    'two bytes': jpeg.subarray(0, 2),
    text: Buffer.from('no image at all'),
    svg: Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
    ),
    'svg behind a declaration': Buffer.from('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'),
    tiff: await solid(50, 50, '#208040').tiff().toBuffer(),
    'truncated jpeg': jpeg.subarray(0, jpeg.length / 2),
    'truncated png': png.subarray(0, png.length / 2),
    'jpeg head, then noise': Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(4000, 7)]),
    'gif head, then nothing': Buffer.from('GIF89a'),
    'webp head, then nothing': Buffer.from('RIFF\0\0\0\0WEBP', 'latin1'),
    'no pixels': pngOf(0, 0, Buffer.alloc(0)),
    'a bomb of 60 megapixels': pngOf(10_000, 6000, Buffer.alloc(1024)),
    'a bomb of two thousand million pixels': pngOf(46_000, 46_000, Buffer.alloc(1024)),
    'too many bytes': Buffer.concat([jpeg, Buffer.alloc(COVER_BYTES_MAX)]),
  };
  for (const [name, image] of Object.entries(hostile)) {
    t.equal(await renderCover(image, COVER_SIZES_PX), undefined, name);
  }
});

t.test('an image as large as is allowed is taken', async (t) => {
  const image = await solid(7000, 7000, '#208040').jpeg().toBuffer();
  t.equal((await sharp((await rendered(image)).files.get(1280)).metadata()).width, 1280);
});

t.test('what an image is, its first bytes tell', async (t) => {
  t.ok(isPixelImage(await solid(2, 2, '#fff').webp().toBuffer()));
  t.notOk(isPixelImage(Buffer.from('RIFF0000WAVE')));
});
