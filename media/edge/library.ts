/** What the edge serves, read from the objects and kept in memory: segments, manifests, previews, covers. */
import { createHash } from 'node:crypto';
import type { Rung } from '../../actors/catalog/contract.ts';
import {
  COVER_CACHE_BYTES_MAX,
  COVER_READS_AT_ONCE_MAX,
  EDGE_CACHE_BYTES_MAX,
  EDGE_FILE_HEADS_BYTES_MAX,
  EDGE_READ_BYTES_MAX,
  EDGE_READS_AT_ONCE_MAX,
  EDGE_TRACK_SEGMENTS_MAX,
} from '../../config/limits.ts';
import { NotFoundError } from '../../kit/errors.ts';
import type { Objects } from '../../kit/ports/objects.ts';
import type { Covers } from '../covers/covers.ts';
import { COVER_SIZES_PX, type CoverSizePx } from '../covers/names.ts';
import { dashManifest } from '../package/dash.ts';
import { encryptSegment, segmentIv, segmentKey } from '../package/encrypt.ts';
import { mediaPlaylist, multivariantPlaylist } from '../package/hls.ts';
import { trackKeys } from '../package/names.ts';
import { type ProgressiveFile, progressiveFile, progressivePieces } from '../package/progressive.ts';
import { initRange, segmentRange } from '../package/segment.ts';
import { PACKAGE_VERSION, type PackagedTrack, type Rendition } from '../package/types.ts';
import { LoadingLru } from './loading-lru.ts';
import { lookups } from './metrics.ts';
import type { KeptFile, ManifestFile } from './path.ts';

/** A whole body in memory. */
export interface Body {
  readonly bytes: Buffer;
  /** Strong, quoted. */
  readonly etag: string;
}

/** A progressive file: too large for memory, read piece by piece. */
export interface FileBody {
  readonly bytes: number;
  readonly etag: string;
  /** Bytes [start, end) in pieces of at most EDGE_READ_BYTES_MAX; `segment` is the one a piece lies in. */
  pieces(start: number, end: number): AsyncGenerator<{ readonly bytes: Buffer; readonly segment?: number }>;
  /** The segments that bytes [start, end) hold sound of, ascending. */
  segmentsIn(start: number, end: number): readonly number[];
}

export interface LibraryDeps {
  readonly objects: Objects;
  readonly covers: Covers;
  /** From which the songs' segment keys are derived (media/package/encrypt.ts). */
  readonly masterSecret: Uint8Array;
  readonly cacheBytesMax?: number;
  /** In the indexes that are kept, some 100 bytes each. */
  readonly trackSegmentsMax?: number;
}

export type Library = ReturnType<typeof createLibrary>;

const bodyOf = (bytes: Buffer): Body => ({
  bytes,
  etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
});

const notFound = (): NotFoundError =>
  new NotFoundError('NO_SUCH_MEDIA', 'There is nothing at this address; ask the service for a new one.');

export function createLibrary({
  objects,
  covers,
  masterSecret,
  cacheBytesMax = EDGE_CACHE_BYTES_MAX,
  trackSegmentsMax = EDGE_TRACK_SEGMENTS_MAX,
}: LibraryDeps) {
  const bodies = new LoadingLru<Body>({
    weightMax: cacheBytesMax,
    weightOf: ({ bytes }) => bytes.length,
    loadsMax: EDGE_READS_AT_ONCE_MAX,
    onLookup: (hit) => lookups.inc({ result: hit ? 'hit' : 'miss' }),
  });
  const images = new LoadingLru<Body>({
    weightMax: COVER_CACHE_BYTES_MAX,
    weightOf: ({ bytes }) => bytes.length,
    loadsMax: COVER_READS_AT_ONCE_MAX,
    onLookup: (hit) => lookups.inc({ result: hit ? 'hit' : 'miss' }),
  });
  const tracks = new LoadingLru<PackagedTrack>({
    weightMax: trackSegmentsMax,
    weightOf: ({ renditions }) => renditions.reduce((sum, { segments }) => sum + segments.length, 0),
    loadsMax: EDGE_READS_AT_ONCE_MAX,
  });
  const files = new LoadingLru<ProgressiveFile & { readonly etag: string }>({
    weightMax: EDGE_FILE_HEADS_BYTES_MAX,
    weightOf: ({ head }) => head.length,
    loadsMax: EDGE_READS_AT_ONCE_MAX,
  });

  const object = async (key: string): Promise<Buffer> => {
    const bytes = await objects.get(key);
    if (!bytes) throw notFound();
    return bytes;
  };

  const track = (songId: string): PackagedTrack | Promise<PackagedTrack> =>
    tracks.get(songId, async () => {
      const index = JSON.parse((await object(trackKeys.index(songId))).toString('utf8')) as PackagedTrack;
      if (index.version !== PACKAGE_VERSION) throw notFound();
      return index;
    });

  const renditionOf = async (songId: string, rung: Rung): Promise<Rendition> => {
    const rendition = (await track(songId)).renditions.find((candidate) => candidate.rung === rung);
    if (!rendition) throw notFound();
    return rendition;
  };

  const clear = async (songId: string, rung: Rung, start: number, end: number): Promise<Buffer> => {
    const { encodingId } = await track(songId);
    const bytes = await objects.range(trackKeys.rendition(songId, rung, encodingId), start, end);
    if (bytes?.length !== end - start) throw notFound();
    return bytes;
  };

  const encrypted = (bytes: Buffer, songId: string, rung: Rung): Buffer =>
    encryptSegment(bytes, segmentKey(masterSecret, songId, rung), segmentIv(masterSecret, songId));

  const read = async (songId: string, file: KeptFile): Promise<Buffer> => {
    if (file.kind === 'waveform') return object(trackKeys.waveform(songId));
    const { kind, rung } = file;
    const rendition = await renditionOf(songId, rung);
    const { start, end } = kind === 'segment' ? segmentRange(rendition, file.index) : initRange(rendition);
    const bytes = await clear(songId, rung, start, end);
    return kind === 'init' ? bytes : encrypted(bytes, songId, rung);
  };

  const manifest = async (songId: string, file: ManifestFile, maxRung: Rung): Promise<string> => {
    const packaged = await track(songId);
    if (file.kind === 'master') return multivariantPlaylist(packaged, maxRung);
    const iv = segmentIv(masterSecret, songId);
    if (file.kind === 'manifest') return dashManifest(packaged, maxRung, iv);
    return mediaPlaylist(packaged, await renditionOf(songId, file.rung), iv);
  };

  return {
    /** Segments, init sections and waveforms; `name` is their path without the token. */
    kept: (name: string, songId: string, file: KeptFile): Body | Promise<Body> =>
      bodies.get(name, async () => bodyOf(await read(songId, file))),

    manifest: async (songId: string, file: ManifestFile, maxRung: Rung): Promise<Body> =>
      bodyOf(Buffer.from(await manifest(songId, file, maxRung))),

    key: async (songId: string, rung: Rung): Promise<Body> => {
      await renditionOf(songId, rung);
      return bodyOf(segmentKey(masterSecret, songId, rung));
    },

    preview: (songId: string): Body | Promise<Body> =>
      bodies.get(`p/${songId}`, async () => bodyOf(await object(trackKeys.preview(songId)))),

    /** The next smaller one stands in, for an hour, where this size was never made and can not be made now. */
    async cover(coverId: string, sizePx: number): Promise<Body & { readonly standsIn?: true }> {
      let at = COVER_SIZES_PX.indexOf(sizePx as CoverSizePx);
      if (at < 0) {
        throw new NotFoundError('NO_SUCH_COVER_SIZE', `Covers come in ${COVER_SIZES_PX.join(', ')} px.`);
      }
      const asked = at;
      for (;;) {
        const px = COVER_SIZES_PX[at] as CoverSizePx;
        try {
          const body = await images.get(`${coverId}/${px}`, async () =>
            bodyOf(await covers.image(coverId, px)),
          );
          return at === asked ? body : { ...body, standsIn: true };
        } catch (error) {
          if (!(error instanceof NotFoundError) || at === 0) throw error;
          at -= 1;
        }
      }
    },

    coverColors: (coverId: string): Body | Promise<Body> =>
      images.get(`${coverId}/colors`, async () => bodyOf(await covers.colors(coverId))),

    async file(songId: string, rung: Rung): Promise<FileBody> {
      const rendition = await renditionOf(songId, rung);
      const file = await files.get(`${songId}/${rung}`, async () => {
        const packaged = await track(songId);
        const info = await objects.head(trackKeys.rendition(songId, rung, packaged.encodingId));
        if (!info) throw notFound();
        const built = await progressiveFile(packaged, rendition, (start, end) =>
          clear(songId, rung, start, end),
        );
        return { ...built, etag: bodyOf(Buffer.concat([built.head, Buffer.from(info.etag)])).etag };
      });
      const segmentAt = (at: number): number =>
        rendition.segments.findIndex((segment) => at < segment.offset + segment.bytes);
      return {
        bytes: file.bytes,
        etag: file.etag,
        segmentsIn: (start, end) =>
          progressivePieces(file, rendition, start, end).flatMap((piece) =>
            piece.from === 'head' ? [] : [segmentAt(piece.start)],
          ),
        async *pieces(start, end) {
          for (const piece of progressivePieces(file, rendition, start, end)) {
            if (piece.from === 'head') {
              yield { bytes: file.head.subarray(piece.start, piece.end) };
              continue;
            }
            const segment = segmentAt(piece.start);
            for (let at = piece.start; at < piece.end; at += EDGE_READ_BYTES_MAX) {
              const to = Math.min(piece.end, at + EDGE_READ_BYTES_MAX);
              yield { bytes: await clear(songId, rung, at, to), segment };
            }
          }
        },
      };
    },
  };
}
