/**
 * Images of covers: one decode gives every size that is asked for and the colours. sharp works off the event loop.
 *
 * JPEGs are decoded at the scale of the largest size asked for, so that small covers cost a fraction of the image.
 * WebP at effort 2 takes half the time of the default, for 2 % more bytes; AVIF would take twenty times as long.
 */
import sharp, { type Sharp } from 'sharp';
import { COVER_BYTES_MAX, COVER_DECODE_SEC_MAX, COVER_PIXELS_MAX } from '../../config/limits.ts';
import { type CoverColors, colorsOf } from './colors.ts';
import type { CoverSizePx } from './names.ts';

// Several covers at once are several threads already; and no image is opened twice.
sharp.concurrency(1);
sharp.cache(false);

export interface RenderedCover {
  /** WebP, square, never larger than the image. */
  readonly files: ReadonlyMap<CoverSizePx, Buffer>;
  readonly colors: CoverColors;
}

interface Pixels {
  readonly data: Buffer;
  readonly px: number;
  readonly channels: 3 | 4;
}

const WEBP = { quality: 82, effort: 2 } as const;
/** Colours are taken from about so many pixels a side. */
const COLORS_PX = 96;

/** Told by content: an SVG is a document of hostile origin, and is never handed to a renderer. */
export function isPixelImage(image: Uint8Array): boolean {
  const head = Buffer.from(image.subarray(0, 12)).toString('latin1');
  return (
    head.startsWith('\xff\xd8\xff') ||
    head.startsWith('\x89PNG\r\n\x1a\n') ||
    head.startsWith('GIF8') ||
    (head.startsWith('RIFF') && head.endsWith('WEBP'))
  );
}

/** Undefined for what is no image, a broken one, or too large a one. */
export async function renderCover(
  image: Uint8Array,
  sizesPx: readonly CoverSizePx[],
): Promise<RenderedCover | undefined> {
  if (image.length > COVER_BYTES_MAX || !isPixelImage(image)) return undefined;
  try {
    const largestFirst = sizesPx.toSorted((a, b) => b - a);
    let pixels = await decoded(image, largestFirst[0] ?? COLORS_PX);
    const files = new Map<CoverSizePx, Buffer>();
    let last: Buffer | undefined;
    for (const px of largestFirst) {
      const before = pixels;
      pixels = await shrunk(pixels, px);
      // An image smaller than two sizes is the same in both.
      if (!last || pixels !== before || files.size === 0) last = await sharpOf(pixels).webp(WEBP).toBuffer();
      files.set(px, last);
    }
    const { data, channels } = await shrunk(pixels, COLORS_PX);
    return { files, colors: colorsOf(data, channels) };
  } catch {
    // sharp throws plain errors for whatever is wrong with an image.
    return undefined;
  }
}

async function decoded(image: Uint8Array, px: number): Promise<Pixels> {
  const opened = sharp(image, {
    limitInputPixels: COVER_PIXELS_MAX,
    failOn: 'error',
    pages: 1,
    autoOrient: true,
  }).timeout({ seconds: COVER_DECODE_SEC_MAX });
  const { width, height } = await opened.metadata();
  return pixelsOf(opened, Math.min(px, width, height));
}

async function shrunk(pixels: Pixels, px: number): Promise<Pixels> {
  return pixels.px <= px ? pixels : pixelsOf(sharpOf(pixels), px);
}

async function pixelsOf(opened: Sharp, px: number): Promise<Pixels> {
  const { data, info } = await opened
    .resize(px, px, { fit: 'cover' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { data, px, channels: info.channels as 3 | 4 };
}

const sharpOf = ({ data, px, channels }: Pixels): Sharp =>
  sharp(data, { raw: { width: px, height: px, channels } });
