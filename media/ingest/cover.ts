/** Cover art: stored in the sizes that players ask for, with two colours for the page around it. */
import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { COVER_BYTES_MAX, COVER_PIXELS_MAX } from '../../config/limits.ts';
import type { Objects } from '../../kit/ports/objects.ts';
import { base62 } from '../../kit/sources.ts';
import { COVER_SIZES_PX, coverKey } from '../package/names.ts';
import { twoColors } from './colors.ts';

export interface StoredCover {
  /** Made from the image's content, so that the same cover is stored once. */
  readonly coverId: string;
  /** Background first. */
  readonly colors: [string, string];
}

const SAMPLED_PX = 48;
const WEBP_QUALITY = 82;

/** Undefined for what is no image, or too large a one: the song goes on without. sharp works off the event loop. */
export async function storeCover(image: Uint8Array, objects: Objects): Promise<StoredCover | undefined> {
  if (image.length > COVER_BYTES_MAX || !isPixelImage(image)) return undefined;
  const coverId = base62(createHash('sha256').update(image).digest());
  const open = () =>
    sharp(image, { limitInputPixels: COVER_PIXELS_MAX, failOn: 'error', pages: 1, autoOrient: true });
  const pixels = await render(() =>
    open().resize(SAMPLED_PX, SAMPLED_PX, { fit: 'fill' }).flatten().toColourspace('srgb').raw().toBuffer(),
  );
  if (!pixels) return undefined;
  // The largest is stored last: an album's songs share their cover, and only the first has the work.
  if (!(await objects.head(coverKey(coverId, 640)))) {
    for (const px of COVER_SIZES_PX) {
      const file = await render(() =>
        open().resize(px, px, { fit: 'cover' }).webp({ quality: WEBP_QUALITY }).toBuffer(),
      );
      if (!file) return undefined;
      await objects.put(coverKey(coverId, px), file);
    }
  }
  return { coverId, colors: twoColors(pixels) };
}

/** sharp throws plain errors for whatever is wrong with an image. */
async function render(work: () => Promise<Buffer>): Promise<Buffer | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}

/** Told by content: an SVG is a document of hostile origin, and is never handed to a renderer. */
function isPixelImage(image: Uint8Array): boolean {
  const head = Buffer.from(image.subarray(0, 12)).toString('latin1');
  return (
    head.startsWith('\xff\xd8\xff') ||
    head.startsWith('\x89PNG\r\n\x1a\n') ||
    head.startsWith('GIF8') ||
    (head.startsWith('RIFF') && head.endsWith('WEBP'))
  );
}
