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
} from '../../config/limits.ts';
import { NotFoundError } from '../../kit/errors.ts';
import type { Covers } from '../covers/covers.ts';
import { COVER_SIZES_PX, type CoverSizePx } from '../covers/names.ts';
import { dashManifest } from '../package/dash.ts';
import { encryptSegment, segmentIv, segmentKey } from '../package/encrypt.ts';
import { mediaPlaylist, multivariantPlaylist } from '../package/hls.ts';
import { trackKeys } from '../package/names.ts';
import { type ProgressiveFile, progressiveFile, progressivePieces } from '../package/progressive.ts';
import { LoadingLru } from './loading-lru.ts';
import { lookups } from './metrics.ts';
import { openOriginal } from './original.ts';
import type { KeptFile, ManifestFile } from './path.ts';
import { createSongs, noSuchMedia, renditionOf, type SongsDeps } from './songs.ts';

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

export interface LibraryDeps extends SongsDeps {
  readonly covers: Covers;
  /** From which the songs' segment keys are derived (media/package/encrypt.ts). */
  readonly masterSecret: Uint8Array;
  readonly cacheBytesMax?: number;
}

export type Library = ReturnType<typeof createLibrary>;

const bodyOf = (bytes: Buffer): Body => ({
  bytes,
  etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
});

export function createLibrary({
  objects,
  covers,
  jit,
  masterSecret,
  cacheBytesMax = EDGE_CACHE_BYTES_MAX,
  trackSegmentsMax,
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
  const songs = createSongs({ objects, jit, trackSegmentsMax });
  const files = new LoadingLru<ProgressiveFile & { readonly etag: string }>({
    weightMax: EDGE_FILE_HEADS_BYTES_MAX,
    weightOf: ({ head }) => head.length,
    loadsMax: EDGE_READS_AT_ONCE_MAX,
  });

  const encrypted = (bytes: Buffer, songId: string, rung: Rung): Buffer =>
    encryptSegment(bytes, segmentKey(masterSecret, songId, rung), segmentIv(masterSecret, songId));

  /** What a page shows or plays beside the song: stored, or made now. */
  const beside = async (
    key: string,
    make: () => Promise<Buffer | undefined> | undefined,
  ): Promise<Buffer> => {
    const bytes = (await objects.get(key)) ?? (await make());
    if (!bytes) throw noSuchMedia();
    return bytes;
  };

  const waveform = (songId: string): Promise<Buffer> =>
    beside(trackKeys.waveform(songId), async () => {
      const made = await jit?.waveform(songId);
      return made && Buffer.from(JSON.stringify(made));
    });

  const read = async (songId: string, file: KeptFile): Promise<Buffer> => {
    if (file.kind === 'waveform') return waveform(songId);
    const { kind, rung } = file;
    const bytes = await songs.with(songId, (song) =>
      kind === 'segment' ? song.segment(rung, file.index) : song.init(rung),
    );
    return kind === 'init' ? bytes : encrypted(bytes, songId, rung);
  };

  const manifest = (songId: string, file: ManifestFile, maxRung: Rung): Promise<string> =>
    songs.with(songId, async ({ layout }) => {
      if (file.kind === 'master') return multivariantPlaylist(layout, maxRung);
      const iv = segmentIv(masterSecret, songId);
      if (file.kind === 'manifest') return dashManifest(layout, maxRung, iv);
      return mediaPlaylist(layout, renditionOf(layout, file.rung), iv);
    });

  return {
    /** Segments, init sections and waveforms; `name` is their path without the token. */
    kept: (name: string, songId: string, file: KeptFile): Body | Promise<Body> =>
      bodies.get(name, async () => bodyOf(await read(songId, file))),

    manifest: async (songId: string, file: ManifestFile, maxRung: Rung): Promise<Body> =>
      bodyOf(Buffer.from(await manifest(songId, file, maxRung))),

    key: async (songId: string, rung: Rung): Promise<Body> => {
      await songs.with(songId, async ({ layout }) => renditionOf(layout, rung));
      return bodyOf(segmentKey(masterSecret, songId, rung));
    },

    preview: (songId: string): Body | Promise<Body> =>
      bodies.get(`p/${songId}`, async () =>
        bodyOf(await beside(trackKeys.preview(songId), () => jit?.preview(songId))),
      ),

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

    /** @throws NotFoundError `ORIGINAL_GONE`, `NO_SUCH_MEDIA` */
    original: (songId: string) =>
      songs.with(songId, async ({ layout }) => {
        const file = await jit?.original(songId);
        if (!file) throw noSuchMedia();
        return openOriginal(file, layout);
      }),

    async file(songId: string, rung: Rung): Promise<FileBody> {
      const { rendition, read, id, samples } = await songs.with(songId, async (song) => ({
        ...(await song.file(rung)),
        samples: song.layout.samples,
      }));
      const file = await files.get(`${songId}/${rung}/${id}`, async () => {
        const built = await progressiveFile({ samples }, rendition, read);
        return { ...built, etag: bodyOf(Buffer.concat([built.head, Buffer.from(id)])).etag };
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
              yield { bytes: await read(at, to), segment };
            }
          }
        },
      };
    },
  };
}
