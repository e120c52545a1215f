/** A library that was only indexed: songs that no rendition exists of, each a file of some minutes. */
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { RUNGS } from '../../actors/catalog/contract.ts';
import { readSettings } from '../../config/settings.ts';
import { openEmbedded } from '../../infra/embedded/open-embedded.ts';
import { openIngest } from '../../ingest.config.ts';
import { setLogLevel } from '../../kit/log.ts';
import { systemClock } from '../../kit/sources.ts';
import { makeMusic } from '../../media/ingest/testing/music.ts';
import type { SongFile } from '../../media/library/song-file.ts';
import { openLibraryTables } from '../../media/library/tables.ts';

const SAMPLE_RATE = 44_100;
const SECONDS = 240;
const FORMATS = {
  flac: { demuxer: 'flac', codec: 'flac', mimeType: 'audio/flac', lossless: true },
  mp3: { demuxer: 'mp3', codec: 'mp3', mimeType: 'audio/mpeg', lossless: false },
  m4a: { demuxer: 'mov', codec: 'aac', mimeType: 'audio/mp4', lossless: false },
} as const;
type Format = keyof typeof FORMATS;

export interface IndexedSong {
  readonly songId: string;
  readonly title: string;
  readonly path: string;
}

export interface IndexedLibrary {
  readonly dataDir: string;
  readonly musicDir: string;
  readonly songs: readonly IndexedSong[];
}

export async function makeIndexed(album: string, count: number): Promise<IndexedLibrary> {
  setLogLevel('warn');
  const dataDir = await mkdtemp(join(tmpdir(), 'antiphon-jit-'));
  const musicDir = await mkdtemp(join(tmpdir(), 'antiphon-jit-music-'));
  const files: SongFile[] = [];
  const songs: IndexedSong[] = [];
  {
    await using deps = await openIngest(readSettings({ ANTIPHON_DATA: dataDir }, musicDir));
    const [albumId, artistId] = [deps.ids.next(), deps.ids.next()];
    const sources: string[] = [];
    for (const format of Object.keys(FORMATS)) {
      const sound = { samples: SECONDS * SAMPLE_RATE, beats: true };
      sources.push(await makeMusic(deps.ffmpeg, musicDir, `source.${format}`, sound));
    }
    for (let i = 0; i < count; i++) {
      const source = sources[i % sources.length] as string;
      const format = extname(source).slice(1) as Format;
      const path = join(musicDir, `${i}.${format}`);
      await copyFile(source, path);
      const { size } = await stat(path);
      const [songId, title] = [deps.ids.next(), `Song ${i + 1}`];
      songs.push({ songId, title, path });
      files.push({
        ...FORMATS[format],
        ...{ path, format, sampleRate: SAMPLE_RATE, channels: 2, samples: SECONDS * SAMPLE_RATE },
        ...{ durationMs: SECONDS * 1000, bytes: size, kbps: Math.round((size * 8) / SECONDS / 1000) },
      });
      const artists = [{ artistId, name: 'Bench' }];
      await deps.catalog.release({
        ...{ songId, title, artists, album: { albumId, title: album, artists, type: 'album' } },
        ...{ discNumber: 1, trackNumber: i + 1, durationMs: SECONDS * 1000, explicit: false },
        ...{ genres: ['Test'], moods: [], credits: [], rights: [{ regions: [] }] },
        ...{ hasPreview: false, rungs: [...RUNGS] },
      });
    }
  }
  const embedded = await openEmbedded({ dataDir, clock: systemClock });
  const { songFiles } = openLibraryTables(embedded.tables);
  for (const [i, file] of files.entries()) await songFiles.put(songs[i]?.songId ?? '', ['1'], file);
  await embedded[Symbol.asyncDispose]();
  return { dataDir, musicDir, songs };
}

/** The next who reads the file waits for the disk. */
export async function forget({ path }: IndexedSong): Promise<void> {
  await promisify(execFile)('sync', [path]);
  await promisify(execFile)('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']);
}
