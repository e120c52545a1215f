import { creditsOf, type DemoAlbum, EVERYWHERE } from '../album.ts';
import { slowWeatherCover } from '../covers/slow-weather.ts';
import { ambient } from '../genres/ambient.ts';
import type { Beat, Song } from '../score.ts';

const ARTIST = 'Halvard Ondskog';
const LABEL = 'Quiet Parallel';
const credits = creditsOf([ARTIST], [ARTIST], LABEL, 'Fjellbekk Musikk');
const common = { genres: ['Ambient'], credits, rights: EVERYWHERE } as const;

const RHYTHMS: readonly (readonly Beat[])[] = [
  [
    [0, 3],
    [3, 1],
  ],
  [[1, 2.5]],
  [
    [0, 1.5],
    [2, 2],
  ],
];
const still = {
  beatsPerBar: 4,
  phraseBars: 2,
  rhythms: RHYTHMS,
  lead: [67, 84],
  comp: [50, 67],
  band: ambient,
} as const;

/** One piece, cut in two tracks at a bar where every voice sounds: the cut must not be heard. */
const valley: Song = {
  ...still,
  bpm: 54,
  key: 'D',
  mode: 'major',
  sections: [
    { name: 'intro', chords: ['Dadd9', 'Dmaj9'], energy: 0.3 },
    {
      name: 'a',
      chords: ['Gmaj9', 'Dadd9', 'Bm7', 'Asus4', 'Gmaj7', 'Dadd9', 'Em9', 'Asus4'],
      energy: 0.5,
      lead: true,
    },
    { name: 'b', chords: ['Bm7', 'Gmaj9', 'Dadd9', 'Asus4'], energy: 0.7, lead: true },
    { name: 'bridge', chords: ['Em9', 'Gmaj9', 'Bm7', 'F#m7', 'Gmaj9', 'Asus4'], energy: 0.9 },
    { name: 'b', chords: ['Bm7', 'Gmaj9', 'Dadd9', 'Asus4'], energy: 0.7, lead: true },
    { name: 'outro', chords: ['Gmaj9', 'Em9', 'Dadd9', 'Dmaj9'], energy: 0.35 },
  ],
};

export const slowWeather: DemoAlbum = {
  slug: 'slow-weather',
  title: 'Slow Weather',
  type: 'album',
  artist: ARTIST,
  about:
    'Halvard Ondskog keeps a weather station above the tree line and writes down what it would sound like. His pieces last as long as the clouds do; headphones and a window are recommended.',
  label: LABEL,
  releasedOn: '2019-11-08',
  cover: slowWeatherCover,
  tracks: [
    {
      ...common,
      slug: 'valley-fog-i',
      title: 'Valley Fog, I',
      moods: ['Calm', 'Peaceful'],
      song: valley,
      part: { fromBar: 0, untilBar: 14 },
    },
    {
      ...common,
      slug: 'valley-fog-ii',
      title: 'Valley Fog, II',
      moods: ['Calm', 'Wide'],
      song: valley,
      part: { fromBar: 14 },
    },
    {
      ...common,
      slug: 'barometer',
      title: 'Barometer',
      moods: ['Melancholic', 'Calm'],
      song: {
        ...still,
        bpm: 60,
        key: 'F#',
        mode: 'minor',
        sections: [
          { name: 'intro', chords: ['F#m9', 'Dmaj9'], energy: 0.3 },
          { name: 'a', chords: ['F#m9', 'Amaj7', 'Dmaj9', 'Esus4'], energy: 0.55, lead: true },
          { name: 'b', chords: ['Bm9', 'Dmaj9', 'F#m9', 'Esus4'], energy: 0.8, lead: true },
          { name: 'a', chords: ['F#m9', 'Amaj7', 'Dmaj9', 'Esus4'], energy: 0.6, lead: true },
          { name: 'outro', chords: ['Dmaj9', 'F#m9'], energy: 0.3 },
        ],
      },
    },
  ],
};
