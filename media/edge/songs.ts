/**
 * The songs that the edge has: packaged ones, read from the objects, and those that are made when they are
 * asked for. Both have the same layout at the same addresses, so that one may take the other's place.
 */
import type { Rung } from '../../actors/catalog/contract.ts';
import { EDGE_READS_AT_ONCE_MAX, EDGE_TRACK_SEGMENTS_MAX } from '../../config/limits.ts';
import { NotFoundError } from '../../kit/errors.ts';
import type { Objects } from '../../kit/ports/objects.ts';
import { initOf } from '../package/layout.ts';
import type { ReadRange } from '../package/mp4/read.ts';
import { trackKeys } from '../package/names.ts';
import { initRange, segmentRange } from '../package/segment.ts';
import {
  PACKAGE_VERSION,
  type PackagedTrack,
  type Rendition,
  type RenditionLayout,
  type TrackLayout,
} from '../package/types.ts';
import { LoadingLru } from './loading-lru.ts';
import type { JustInTime } from './ports.ts';

/** A whole rendition, read piece by piece. */
export interface SongFile {
  readonly rendition: Rendition;
  readonly read: ReadRange;
  /** Names these bytes. */
  readonly id: string;
}

export interface Song {
  readonly layout: TrackLayout;
  /** Clear, as is what follows. */
  init(rung: Rung): Promise<Buffer>;
  segment(rung: Rung, index: number): Promise<Buffer>;
  file(rung: Rung): Promise<SongFile>;
}

export const noSuchMedia = (): NotFoundError =>
  new NotFoundError('NO_SUCH_MEDIA', 'There is nothing at this address; ask the service for a new one.');

export function renditionOf<R extends RenditionLayout>(
  { renditions }: { readonly renditions: readonly R[] },
  rung: Rung,
): R {
  const rendition = renditions.find((candidate) => candidate.rung === rung);
  if (!rendition) throw noSuchMedia();
  return rendition;
}

/** A package's files are not there any more: it was dropped to make room. */
class PackageGoneError extends Error {
  override readonly name = 'PackageGoneError';
}

export interface SongsDeps {
  readonly objects: Objects;
  readonly jit?: JustInTime | undefined;
  /** In the indexes that are kept, some 100 bytes each. */
  readonly trackSegmentsMax?: number | undefined;
}

export function createSongs({ objects, jit, trackSegmentsMax = EDGE_TRACK_SEGMENTS_MAX }: SongsDeps) {
  const packages = new LoadingLru<PackagedTrack>({
    weightMax: trackSegmentsMax,
    weightOf: ({ renditions }) => renditions.reduce((sum, { segments }) => sum + segments.length, 0),
    loadsMax: EDGE_READS_AT_ONCE_MAX,
  });

  const packaged = async (songId: string): Promise<PackagedTrack | undefined> => {
    try {
      return await packages.get(songId, async () => {
        const index = await objects.get(trackKeys.index(songId));
        const track = index && (JSON.parse(index.toString('utf8')) as PackagedTrack);
        if (track?.version !== PACKAGE_VERSION) throw noSuchMedia();
        return track;
      });
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  };

  const ofPackage = (track: PackagedTrack): Song => {
    const keyOf = (rung: Rung): string => trackKeys.rendition(track.songId, rung, track.encodingId);
    const clear = async (rung: Rung, start: number, end: number): Promise<Buffer> => {
      const bytes = await objects.range(keyOf(rung), start, end);
      if (bytes?.length !== end - start) throw new PackageGoneError();
      return bytes;
    };
    return {
      layout: track,
      init(rung) {
        const { start, end } = initRange(renditionOf(track, rung));
        return clear(rung, start, end);
      },
      segment(rung, index) {
        const { start, end } = segmentRange(renditionOf(track, rung), index);
        return clear(rung, start, end);
      },
      async file(rung) {
        const rendition = renditionOf(track, rung);
        const info = await objects.head(keyOf(rung));
        if (!info) throw new PackageGoneError();
        return { rendition, read: (start, end) => clear(rung, start, end), id: info.etag };
      },
    };
  };

  const ofFile = (layout: TrackLayout, by: JustInTime): Song => {
    const needed = <T>(made: T | undefined): T => {
      if (made === undefined) throw noSuchMedia();
      return made;
    };
    return {
      layout,
      init: async (rung) => initOf(layout, renditionOf(layout, rung)),
      segment: async (rung, index) => needed(await by.segment(layout.songId, rung, index)),
      file: async (rung) => needed(await by.file(layout.songId, rung)),
    };
  };

  const find = async (songId: string): Promise<Song> => {
    const track = await packaged(songId);
    if (track) return ofPackage(track);
    const layout = await jit?.layout(songId);
    if (!jit || !layout) throw noSuchMedia();
    return ofFile(layout, jit);
  };

  return {
    /** Uses the song; once more, as it is then, when its package went meanwhile. */
    async with<T>(songId: string, use: (song: Song) => Promise<T>): Promise<T> {
      try {
        return await use(await find(songId));
      } catch (error) {
        if (!(error instanceof PackageGoneError)) throw error;
        packages.delete(songId);
      }
      try {
        return await use(await find(songId));
      } catch (error) {
        throw error instanceof PackageGoneError ? noSuchMedia() : error;
      }
    },
  };
}
