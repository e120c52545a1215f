/** Just-in-time packaging: of a process that stands alone, beside the music. */
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { catalogContract } from './actors/catalog/contract.ts';
import { LIKES_STREAM, type LikeChanged } from './actors/likes/contract.ts';
import type { MediaUrls } from './actors/player-session/ports.ts';
import { JIT_PACKAGES_DISK_SHARE, JIT_PLAYS_REMEMBERED_MAX } from './config/limits.ts';
import type { Settings } from './config/settings.ts';
import { BoundedMap } from './kit/bounded-map.ts';
import { type Caller, clientOf } from './kit/client.ts';
import type { Engines } from './kit/ports/engines.ts';
import { systemClock, systemIds } from './kit/sources.ts';
import { NOBODY } from './media/edge/contract.ts';
import type { JustInTime } from './media/edge/ports.ts';
import type { ServedReport } from './media/edge/served.ts';
import { type Ffmpeg, findFfmpeg } from './media/ingest/ffmpeg.ts';
import { sweepTempFolder } from './media/ingest/work-folder.ts';
import { createJit } from './media/jit/jit.ts';
import { type Packager, startPackager } from './media/jit/packager.ts';
import { openPackages } from './media/jit/packages.ts';
import { jitPackages } from './media/jit/tables.ts';
import { createBestFile } from './media/library/song-file.ts';

const GIB = 1024 ** 3;
const SUGGESTED_PER_PAGE = 100;

export interface OpenJit extends AsyncDisposable {
  readonly songs: JustInTime;
  /** Who is given a song's address will ask for it: by then its beginning is being made. */
  expecting(media: MediaUrls): MediaUrls;
  /** What was played is packaged, and stays longest. */
  hearing(report: Pick<ServedReport, 'served'>): Pick<ServedReport, 'served'>;
  /** Of the disk, what packages take that can be made again, and may take. */
  evictable(): Promise<{ bytes: number; budgetBytes: number }>;
  /** Once the catalogue answers. */
  startPackaging(): Promise<void>;
}

export async function openJit(bus: Caller, engines: Engines, settings: Settings): Promise<OpenJit> {
  const { tables, objects, journal } = engines;
  await using opened = new AsyncDisposableStack();
  const tempFolder = join(settings.dataDir, 'tmp');
  await sweepTempFolder(tempFolder);
  const ffmpeg = ffmpegOf(settings);
  const files = { bestFile: createBestFile(tables) };
  const jit = opened.use(createJit({ files, objects, tables, ffmpeg, clock: systemClock, tempFolder }));
  const packages = await openPackages({ objects, rows: tables.open(jitPackages), clock: systemClock });
  let packager: Packager | undefined;
  const told = new BoundedMap<string, true>(JIT_PLAYS_REMEMBERED_MAX);

  const catalog = clientOf(catalogContract, bus);
  async function* newest(): AsyncGenerator<string> {
    let cursor: string | undefined;
    do {
      const page = await catalog.allSongs({
        limit: SUGGESTED_PER_PAGE,
        ...(cursor !== undefined && { cursor }),
      });
      for (const { songId } of page.items) yield songId;
      cursor = page.nextCursor;
    } while (cursor !== undefined);
  }
  const budgetBytes = async (): Promise<number> => {
    if (settings.packagesDisk !== undefined) return settings.packagesDisk * GIB;
    const { bavail, bsize } = await statfs(settings.dataDir);
    return (bavail * bsize + packages.bytes) * JIT_PACKAGES_DISK_SHARE;
  };

  const running = opened.move();
  return {
    songs: jit,

    expecting: (media) => ({
      sign(grant, song) {
        const { playId, songId, maxRung } = grant;
        const play = `${playId} ${songId}`;
        if (!told.get(play)) {
          told.set(play, true);
          void jit.expect(songId, maxRung);
          packager?.wish(songId, 'next');
        }
        return media.sign(grant, song);
      },
    }),

    hearing: (report) => ({
      served(playId, songId, rung, index) {
        report.served(playId, songId, rung, index);
        if (playId !== NOBODY) packager?.wish(songId, 'played');
      },
    }),

    evictable: async () => ({ bytes: packages.bytes, budgetBytes: Math.round(await budgetBytes()) }),

    async startPackaging() {
      const { runs, plans } = jit;
      packager = running.use(
        await startPackager({
          ...{ objects, packages, plans, runs, ffmpeg, tempFolder, budgetBytes },
          ids: systemIds,
          clock: systemClock,
          packaged: (song) => catalog.packaged(song),
          suggestions: newest,
        }),
      );
      running.use(
        await journal.consume({
          stream: LIKES_STREAM,
          consumer: 'jit',
          handle: async (records) => {
            for (const { data } of records) {
              const change = data as LikeChanged;
              if (change.type === 'liked') packager?.wish(change.songId, 'liked');
            }
          },
        }),
      );
    },

    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function ffmpegOf(settings: Settings): () => Promise<Ffmpeg> {
  let found: Promise<Ffmpeg> | undefined;
  return () => {
    found ??= findFfmpeg(settings.ffmpegPath);
    // One that is installed later is found later.
    found.catch(() => {
      found = undefined;
    });
    return found;
  };
}
