/** Reads a cover's image from the first of its sources that still holds it. */
import { lstat, readFile } from 'node:fs/promises';
import { COVER_BYTES_MAX, COVER_SOURCES_TRIED_MAX } from '../../config/limits.ts';
import { coverIdOf } from './cover-id.ts';
import { embeddedPicture } from './embedded.ts';
import type { CoverSource, CoverSources } from './sources.ts';

/** Undefined when no source holds the image any more, or none can be read now. */
export async function readCover(
  coverId: string,
  sources: Pick<CoverSources, 'of' | 'forget'>,
): Promise<Uint8Array | undefined> {
  const isWanted = (image: Uint8Array): boolean => coverIdOf(image) === coverId;
  const failed: CoverSource[] = [];
  for await (const source of sources.of(coverId)) {
    const image = await imageIn(source, isWanted);
    if (image) {
      // Only now: a disk that is away for a while would else lose its covers.
      for (const gone of failed) await sources.forget(coverId, gone);
      return image;
    }
    failed.push(source);
    if (failed.length >= COVER_SOURCES_TRIED_MAX) break;
  }
  return undefined;
}

/** Files come and go, and are whatever their owner makes of them: what cannot be read holds no image. */
async function imageIn(
  source: CoverSource,
  isWanted: (image: Uint8Array) => boolean,
): Promise<Uint8Array | undefined> {
  try {
    if (source.s === 'embedded') return embeddedPicture(source.path, isWanted);
    // A link could lead anywhere, and a pipe never ends.
    const stat = await lstat(source.path);
    if (!stat.isFile() || stat.size > COVER_BYTES_MAX) return undefined;
    const image = await readFile(source.path);
    return isWanted(image) ? image : undefined;
  } catch {
    return undefined;
  }
}
