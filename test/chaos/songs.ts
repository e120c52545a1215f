/** The music that the listeners hear: one album of tones, each long enough to count. */
import { mkdir } from 'node:fs/promises';
import type { SongView } from '../../actors/catalog/contract.ts';
import { readSettings } from '../../config/settings.ts';
import { openIngest } from '../../ingest.config.ts';
import { ingestSong } from '../../media/ingest/song.ts';
import { makeMusic } from '../../media/ingest/testing/music.ts';
import { isSuccess, type Line } from './line.ts';

const SAMPLE_RATE = 44_100;
const ARTIST = 'The Quiet Engines';
const ALBUM = 'Night Ferries';
const SONGS = [
  ['Departure', 38],
  ['Crossing', 42],
  ['Arrival', 46],
] as const;

export interface Song {
  readonly songId: string;
  readonly title: string;
  readonly albumId: string;
  readonly durationMs: number;
}

/** Packages and releases the songs as an import on another machine would. */
export async function makeSongs(folder: string, env: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  await using deps = await openIngest(readSettings({ ...env, ANTIPHON_DATA: folder }, folder));
  for (const [i, [title, seconds]] of SONGS.entries()) {
    const sound = { samples: seconds * SAMPLE_RATE, seed: i + 1 };
    const path = await makeMusic(deps.ffmpeg, folder, `${i}.flac`, sound);
    const description = {
      title,
      artists: [{ name: ARTIST }],
      album: { title: ALBUM, artists: [{ name: ARTIST }], type: 'album' as const },
      discNumber: 1,
      trackNumber: i + 1,
      explicit: false,
      genres: ['Ambient'],
      moods: [],
      credits: [{ role: 'performer' as const, name: ARTIST, shareBp: 10_000 }],
      rights: [{ regions: [] }],
    };
    await ingestSong({ path, description }, deps);
  }
}

/** The songs as the catalogue shows them. @throws Error when it does not show all. */
export async function songsShownTo(line: Line): Promise<Song[]> {
  const answer = await line.rest('GET', '/songs');
  const { items } = answer.body as { items: SongView[] };
  if (!isSuccess(answer) || items.length !== SONGS.length) {
    throw new Error(`the catalogue should show ${SONGS.length} songs: ${JSON.stringify(answer)}`);
  }
  return items.map(({ songId, title, album, durationMs }) => ({
    songId,
    title,
    albumId: album.albumId,
    durationMs,
  }));
}
