/** A small library in a data folder of its own: tones with names, one song long enough to count, one not allowed here. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../../config/settings.ts';
import { openIngest } from '../../ingest.config.ts';
import { setLogLevel } from '../../kit/log.ts';
import { ingestSong } from '../../media/ingest/song.ts';
import { makeMusic } from '../../media/ingest/testing/music.ts';

export const SAMPLE_RATE = 44_100;
/** Nobody lives there, so nobody may hear what is licensed for it alone. */
const BOUVET_ISLAND = 'BV';

interface Album {
  readonly title: string;
  readonly artist: string;
  readonly genre: string;
  readonly songs: readonly {
    readonly title: string;
    readonly seconds: number;
    readonly notHere?: boolean;
    /** Goes on with the tone of the song before it, from the sample after its last one. */
    readonly goesOn?: boolean;
  }[];
}

/** `Slow Lantern` is the one that can count: the others are shorter than 30 s. */
export const PAPER_HARBOUR: Album = {
  title: 'Paper Harbour',
  artist: 'Ottilie Fenn',
  genre: 'Folk',
  songs: [
    { title: 'Slow Lantern', seconds: 35 },
    { title: 'Copper Tide', seconds: 6 },
    { title: 'Window Weather', seconds: 8 },
  ],
};
export const NIGHT_FERRIES: Album = {
  title: 'Night Ferries',
  artist: 'The Quiet Engines',
  genre: 'Ambient',
  songs: [
    { title: 'Departure', seconds: 5 },
    { title: 'Crossing', seconds: 12 },
    { title: 'Arrival', seconds: 3, notHere: true },
  ],
};

const lyrics = (seconds: number) => ({
  synced: true,
  lines: Array.from({ length: Math.floor(seconds / 2) }, (_, i) => ({
    atMs: i * 2000,
    text: `Line ${i + 1}`,
  })),
});

/** @returns the data folder; the caller removes it. */
export async function makeLibrary(albums: readonly Album[]): Promise<string> {
  setLogLevel('warn');
  const dataDir = await mkdtemp(join(tmpdir(), 'antiphon-e2e-'));
  const music = await mkdtemp(join(tmpdir(), 'antiphon-music-'));
  await using deps = await openIngest(readSettings({ ANTIPHON_DATA: dataDir }, music));
  let seed = 0;
  for (const { title: album, artist, genre, songs } of albums) {
    let fromSample = 0;
    for (const [i, { title, seconds, notHere, goesOn }] of songs.entries()) {
      const samples = Math.round(seconds * SAMPLE_RATE);
      if (!goesOn) {
        seed++;
        fromSample = 0;
      }
      const path = await makeMusic(deps.ffmpeg, music, `${i}.flac`, { samples, fromSample, seed });
      fromSample += samples;
      await ingestSong(
        {
          path,
          description: {
            title,
            artists: [{ name: artist }],
            album: { title: album, artists: [{ name: artist }], type: 'album' },
            discNumber: 1,
            trackNumber: i + 1,
            explicit: false,
            genres: [genre],
            moods: [],
            credits: [{ role: 'performer', name: artist, shareBp: 10_000 }],
            rights: [{ regions: notHere ? [BOUVET_ISLAND] : [] }],
            lyrics: lyrics(seconds),
          },
        },
        deps,
      );
    }
  }
  await rm(music, { recursive: true });
  return dataDir;
}
