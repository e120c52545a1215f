import { creditsOf, type DemoAlbum, EVERYWHERE } from '../album.ts';
import { cartridgeGardenCover } from '../covers/cartridge-garden.ts';
import { chiptune } from '../genres/chiptune.ts';
import type { Beat } from '../score.ts';

const ARTIST = 'Bitwren';
const LABEL = 'Sprite Layer';
const credits = creditsOf([ARTIST], ['Juno Pellwright'], LABEL, 'Sprite Layer Music');
/** Announced for then: until that day it can be seen and not heard. */
const NEXT_LEVEL_FROM_MS = Date.UTC(2031, 2, 20);

const RHYTHMS: readonly (readonly Beat[])[] = [
  [
    [0, 0.5],
    [0.5, 0.5],
    [1, 0.5],
    [1.5, 0.5],
    [2, 1],
    [3, 0.5],
    [3.5, 0.5],
  ],
  [
    [0, 0.75],
    [0.75, 0.75],
    [1.5, 0.5],
    [2, 0.75],
    [2.75, 0.75],
    [3.5, 0.5],
  ],
  [
    [0, 1],
    [1, 0.5],
    [1.5, 0.5],
    [2, 0.5],
    [2.5, 0.5],
    [3, 1],
  ],
];
const console8 = {
  beatsPerBar: 4,
  phraseBars: 4,
  rhythms: RHYTHMS,
  lead: [67, 86],
  comp: [55, 72],
  band: chiptune,
} as const;

export const cartridgeGarden: DemoAlbum = {
  slug: 'cartridge-garden',
  title: 'Cartridge Garden',
  type: 'ep',
  artist: ARTIST,
  about:
    'Bitwren writes for four voices and not one more: two pulses, a triangle and a noise. Every record comes with a garden that grows while you listen, or so the manual says.',
  label: LABEL,
  releasedOn: '1991-09-13',
  cover: cartridgeGardenCover,
  tracks: [
    {
      slug: 'seed-select',
      title: 'Seed Select',
      genres: ['Chiptune', 'Electronic'],
      moods: ['Happy', 'Playful'],
      credits,
      rights: EVERYWHERE,
      song: {
        ...console8,
        bpm: 132,
        key: 'C',
        mode: 'major',
        sections: [
          { name: 'intro', chords: ['C', 'G'], energy: 0.3 },
          { name: 'a', chords: ['C', 'G', 'Am', 'F', 'C', 'G', 'F', 'G'], energy: 0.7, lead: true },
          { name: 'b', chords: ['F', 'G', 'Em', 'Am', 'F', 'G', 'C', 'C7'], energy: 0.95, lead: true },
          { name: 'bridge', chords: ['Fm', 'C', 'Fm', 'G'], energy: 0.4, lead: true },
          { name: 'a', chords: ['C', 'G', 'Am', 'F', 'C', 'G', 'F', 'G'], energy: 0.9, lead: true },
          { name: 'outro', chords: ['F', 'G', 'C'], energy: 0.9 },
        ],
      },
    },
    {
      slug: 'greenhouse-boss',
      title: 'Greenhouse Boss',
      genres: ['Chiptune', 'Electronic'],
      moods: ['Energetic', 'Heroic'],
      credits,
      rights: [{ regions: [], fromMs: NEXT_LEVEL_FROM_MS }],
      song: {
        ...console8,
        bpm: 152,
        key: 'E',
        mode: 'minor',
        lead: [64, 83],
        sections: [
          { name: 'intro', chords: ['Em', 'Em', 'C', 'D'], energy: 0.6 },
          { name: 'a', chords: ['Em', 'C', 'D', 'Bm', 'Em', 'C', 'Am', 'B'], energy: 0.9, lead: true },
          { name: 'b', chords: ['C', 'D', 'Em', 'G', 'C', 'D', 'Am', 'B'], energy: 1, lead: true },
          { name: 'bridge', chords: ['Am', 'Em', 'F', 'B'], energy: 0.4, lead: true },
          { name: 'a', chords: ['Em', 'C', 'D', 'Bm', 'Em', 'C', 'Am', 'B'], energy: 1, lead: true },
          { name: 'b', chords: ['C', 'D', 'Em', 'G', 'C', 'D', 'B', 'Em'], energy: 1, lead: true },
        ],
      },
    },
  ],
};
