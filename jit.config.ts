/** Just-in-time packaging: of a process that stands alone, beside the music. */
import { join } from 'node:path';
import type { MediaUrls } from './actors/player-session/ports.ts';
import { JIT_PLAYS_REMEMBERED_MAX } from './config/limits.ts';
import type { Settings } from './config/settings.ts';
import { BoundedMap } from './kit/bounded-map.ts';
import type { Engines } from './kit/ports/engines.ts';
import { systemClock } from './kit/sources.ts';
import { type Ffmpeg, findFfmpeg } from './media/ingest/ffmpeg.ts';
import { sweepTempFolder } from './media/ingest/work-folder.ts';
import { createJit, type Jit } from './media/jit/jit.ts';
import { createBestFile } from './media/library/song-file.ts';

export async function openJit({ tables, objects }: Engines, settings: Settings): Promise<Jit> {
  const tempFolder = join(settings.dataDir, 'tmp');
  await sweepTempFolder(tempFolder);
  let found: Promise<Ffmpeg> | undefined;
  const ffmpeg = (): Promise<Ffmpeg> => {
    found ??= findFfmpeg(settings.ffmpegPath);
    // One that is installed later is found later.
    found.catch(() => {
      found = undefined;
    });
    return found;
  };
  return createJit({
    files: { bestFile: createBestFile(tables) },
    objects,
    tables,
    ffmpeg,
    clock: systemClock,
    tempFolder,
  });
}

/** Who is given a song's address will ask for it: by then its beginning is being made. */
export function expecting(jit: Jit, media: MediaUrls): MediaUrls {
  const told = new BoundedMap<string, true>(JIT_PLAYS_REMEMBERED_MAX);
  return {
    sign(grant) {
      const { playId, songId, maxRung } = grant;
      const play = `${playId} ${songId}`;
      if (!told.get(play)) {
        told.set(play, true);
        void jit.expect(songId, maxRung);
      }
      return media.sign(grant);
    },
  };
}
