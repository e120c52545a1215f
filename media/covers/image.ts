/**
 * Images of covers: one decode gives every size that is asked for and the colours. sharp works off the event loop.
 *
 * JPEGs are decoded at the scale of the largest size asked for, so that small covers cost a fraction of the image.
 * WebP at effort 2 takes half the time of the default, for 2 % more bytes; AVIF would take twenty times as long.
 */
import sharp from 'sharp';
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
    const pixels = await decoded(image, Math.max(COLORS_PX, ...sizesPx));
    const files = new Map<CoverSizePx, Buffer>();
    for (const px of sizesPx) files.set(px, await encoded(pixels, px));
    return { files, colors: colorsOf(sampled(pixels), pixels.channels) };
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
  const side = Math.min(px, width, height);
  const { data, info } = await opened
    .resize(side, side, { fit: 'cover' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { data, px: side, channels: info.channels as 3 | 4 };
}

function encoded({ data, px, channels }: Pixels, wantedPx: number): Promise<Buffer> {
  const side = Math.min(px, wantedPx);
  return sharp(data, { raw: { width: px, height: px, channels } })
    .resize(side, side)
    .webp(WEBP)
    .toBuffer();
}

/** Every so many pixels one, down and across: colours need no more, and this is the event loop's time. */
function sampled({ data, px, channels }: Pixels): Buffer {
  const step = Math.max(1, Math.floor(px / COLORS_PX));
  const side = Math.ceil(px / step);
  const samples = Buffer.allocUnsafe(side * side * channels);
  let to = 0;
  for (let y = 0; y < px; y += step) {
    for (let x = 0; x < px; x += step) {
      const from = (y * px + x) * channels;
      for (let channel = 0; channel < channels; channel++) samples[to++] = data[from + channel] as number;
    }
  }
  return samples;
}
