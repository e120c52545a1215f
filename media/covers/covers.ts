/**
 * Covers by their content: made at the first request, or ahead by whoever has the image at hand, and kept as
 * objects.
 *
 * A request for a size has the image decoded once, at the scale of that size, which gives that size, the smaller
 * ones that pages show beside it, and the colours. So a shelf of covers never pays for images that nobody opens.
 */
import {
  COVER_RETRY_AFTER_SEC,
  COVERS_AT_ONCE_MAX,
  COVERS_BROKEN_MAX,
  COVERS_WAITING_MAX,
} from '../../config/limits.ts';
import { BoundedMap } from '../../kit/bounded-map.ts';
import { NotFoundError, UnavailableError } from '../../kit/errors.ts';
import { createGate } from '../../kit/gate.ts';
import { InTurn } from '../../kit/in-turn.ts';
import { logger } from '../../kit/log.ts';
import type { Objects } from '../../kit/ports/objects.ts';
import { coverIdOf } from './cover-id.ts';
import { type RenderedCover, renderCover } from './image.ts';
import { COVER_SIZES_PX, type CoverSizePx, coverColorsKey, coverKey } from './names.ts';
import { readCover } from './read-source.ts';
import type { CoverSources } from './sources.ts';

const log = logger('covers');

export interface CoversDeps {
  readonly objects: Objects;
  /** Without them only what was stored ahead is there: a cluster's edges have no disk with music. */
  readonly sources?: Pick<CoverSources, 'of' | 'forget'>;
}

/** Disposal waits for what is being stored. */
export interface Covers extends AsyncDisposable {
  /** @throws NotFoundError `NO_SUCH_COVER`; UnavailableError `COVERS_BUSY`. */
  image(coverId: string, sizePx: CoverSizePx): Promise<Buffer>;
  /** JSON, `CoverColors`. @throws as `image` does. */
  colors(coverId: string): Promise<Buffer>;
}

/** The smallest scale worth a decode of its own: below it nearly all the time goes into reading the image. */
const DECODED_PX_MIN: CoverSizePx = 300;

const SMALLEST_PX = COVER_SIZES_PX[0];
const LARGEST_PX = COVER_SIZES_PX.at(-1) as CoverSizePx;

const notFound = (): NotFoundError =>
  new NotFoundError('NO_SUCH_COVER', 'There is no such cover; show the song without one.');

export function createCovers({ objects, sources }: CoversDeps): Covers {
  const gate = createGate({
    atOnceMax: COVERS_AT_ONCE_MAX,
    waitingMax: COVERS_WAITING_MAX,
    busy: () =>
      new UnavailableError('COVERS_BUSY', 'Many covers are being made; ask for this one again in a moment.', {
        retryAfterSec: COVER_RETRY_AFTER_SEC,
      }),
  });
  const turns = new InTurn();
  const unfinished = new Set<Promise<unknown>>();
  /** Images that no decoder takes; an id names the same bytes for ever. */
  const broken = new BoundedMap<string, true>(COVERS_BROKEN_MAX);

  const render = async (coverId: string, sizesPx: readonly CoverSizePx[]): Promise<RenderedCover> => {
    if (broken.get(coverId)) throw notFound();
    // Colours alone are those of what is stored.
    const image =
      sizesPx.length === 0
        ? await objects.get(coverKey(coverId, SMALLEST_PX))
        : sources && (await readCover(coverId, sources));
    if (!image) throw notFound();
    const rendered = await renderCover(image, sizesPx);
    if (rendered) return rendered;
    broken.set(coverId, true);
    throw notFound();
  };

  const missingUpTo = async (coverId: string, largestPx: number): Promise<CoverSizePx[]> => {
    const upTo = COVER_SIZES_PX.filter((px) => px <= Math.max(largestPx, DECODED_PX_MIN));
    const stored = await Promise.all(upTo.map((px) => objects.head(coverKey(coverId, px))));
    return upTo.filter((_, i) => !stored[i]);
  };

  /** The stored object, or else what `take` finds in the cover made now; it is stored while the answer goes out. */
  const made = async (
    coverId: string,
    key: string,
    largestPx: number,
    take: (rendered: RenderedCover) => Buffer | undefined,
  ): Promise<Buffer> => {
    const stored = await objects.get(key);
    if (stored) return stored;
    return new Promise((resolve, reject) => {
      const making = turns.run(coverId, async () => {
        const since = await objects.get(key);
        if (since) return resolve(since);
        const rendered = await gate(async () => render(coverId, await missingUpTo(coverId, largestPx)));
        const file = take(rendered) ?? (await objects.get(key));
        if (!file) throw notFound();
        resolve(file);
        await storeRendered(coverId, rendered, objects).catch((error) => {
          log.warn({ err: error, coverId }, 'a cover could not be stored; it will be made again');
        });
      });
      const ended = making.catch(reject).finally(() => unfinished.delete(ended));
      unfinished.add(ended);
    });
  };

  return {
    image: (coverId, sizePx) =>
      made(coverId, coverKey(coverId, sizePx), sizePx, ({ files }) => files.get(sizePx)),
    colors: (coverId) => made(coverId, coverColorsKey(coverId), SMALLEST_PX, colorsFile),
    async [Symbol.asyncDispose]() {
      await Promise.all(unfinished);
    },
  };
}

const colorsFile = ({ colors }: RenderedCover): Buffer => Buffer.from(JSON.stringify(colors));

/** The largest is stored last: who finds it finds all. */
async function storeRendered(coverId: string, rendered: RenderedCover, objects: Objects): Promise<void> {
  await objects.put(coverColorsKey(coverId), colorsFile(rendered));
  for (const [px, file] of [...rendered.files].sort(([a], [b]) => a - b)) {
    await objects.put(coverKey(coverId, px), file);
  }
}

/** Makes all of a cover ahead; undefined for what is no image, or too large a one: the song goes on without. */
export async function storeCover(image: Uint8Array, objects: Objects): Promise<string | undefined> {
  const coverId = coverIdOf(image);
  // An album's songs share their cover, and only the first has the work.
  if (await objects.head(coverKey(coverId, LARGEST_PX))) return coverId;
  const rendered = await renderCover(image, COVER_SIZES_PX);
  if (!rendered) return undefined;
  await storeRendered(coverId, rendered, objects);
  return coverId;
}
