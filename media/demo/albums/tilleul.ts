import { creditsOf, type DemoAlbum, EVERYWHERE } from '../album.ts';
import { tilleulCover } from '../covers/tilleul.ts';
import { waltz } from '../genres/waltz.ts';
import type { Beat } from '../score.ts';

const ARTIST = 'Les Cousins Tilleul';
const LABEL = 'Grange Bleue';
const credits = creditsOf(
  [ARTIST],
  ['Aubin Tilleul', 'Odile Tilleul', 'Marthe Brac'],
  LABEL,
  'Éditions du Moulin',
);

const RHYTHMS: readonly (readonly Beat[])[] = [
  [
    [0, 1],
    [1, 1],
    [2, 1],
  ],
  [
    [0, 1.5],
    [1.5, 0.5],
    [2, 1],
  ],
  [
    [0, 2],
    [2, 0.5],
    [2.5, 0.5],
  ],
];
const dance = {
  beatsPerBar: 3,
  phraseBars: 4,
  rhythms: RHYTHMS,
  lead: [60, 77],
  comp: [52, 67],
  band: waltz,
} as const;

export const tilleul: DemoAlbum = {
  slug: 'sous-le-tilleul',
  title: 'Sous le tilleul',
  type: 'ep',
  artist: ARTIST,
  about:
    'Three cousins, one accordion, and a barn with a good floor. Les Cousins Tilleul play the dances of a valley that is on no map, and sing in whichever of its languages the dancers ask for.',
  label: LABEL,
  releasedOn: '1974-07-14',
  cover: tilleulCover,
  tracks: [
    {
      slug: 'la-valse-du-moulin',
      title: 'La valse du moulin',
      genres: ['Folk', 'Waltz'],
      moods: ['Warm', 'Nostalgic'],
      language: 'fr',
      credits,
      rights: EVERYWHERE,
      song: {
        ...dance,
        bpm: 156,
        key: 'G',
        mode: 'major',
        sections: [
          { name: 'intro', chords: ['G', 'D7', 'G', 'D7'], energy: 0.4 },
          {
            name: 'a',
            chords: ['G', 'G', 'C', 'G', 'Em', 'Am7', 'D7', 'G', 'G', 'G', 'C', 'G', 'Em', 'Am7', 'D7', 'G'],
            energy: 0.6,
            lines: [
              'Le moulin tourne sans le vent',
              'Il suit le pas des danseurs',
              'La rivière compte le temps',
              'Et garde le secret des heures',
            ],
          },
          {
            name: 'b',
            chords: ['C', 'G', 'D7', 'G', 'C', 'G', 'A7', 'D7', 'C', 'G', 'D7', 'Em', 'C', 'D7', 'G', 'G'],
            energy: 0.9,
            lines: [
              'Tourne, tourne, ma belle',
              'Le jour peut bien attendre',
              'La lune est une chandelle',
              'Que nul ne viendra prendre',
            ],
          },
          {
            name: 'bridge',
            chords: ['Em', 'Bm', 'C', 'G', 'Am7', 'Em', 'A7', 'D7'],
            energy: 0.5,
            lead: true,
          },
          { name: 'b', chords: ['C', 'G', 'D7', 'G', 'C', 'D7', 'G', 'G'], energy: 0.9, lead: true },
          { name: 'outro', chords: ['C', 'D7', 'G'], energy: 0.7 },
        ],
      },
    },
    {
      slug: 'abendwalzer',
      title: 'Abendwalzer',
      genres: ['Folk', 'Waltz'],
      moods: ['Melancholic', 'Warm'],
      language: 'de',
      credits,
      rights: EVERYWHERE,
      song: {
        ...dance,
        bpm: 138,
        key: 'D',
        mode: 'minor',
        lead: [62, 79],
        sections: [
          { name: 'intro', chords: ['Dm', 'Gm', 'A7', 'Dm'], energy: 0.4 },
          {
            name: 'a',
            chords: [
              'Dm',
              'Dm',
              'Gm',
              'Dm',
              'Bb',
              'F',
              'A7',
              'Dm',
              'Dm',
              'Dm',
              'Gm',
              'Dm',
              'Bb',
              'Gm',
              'A7',
              'Dm',
            ],
            energy: 0.6,
            lines: [
              'Der Abend legt die Jacke ab',
              'Und setzt sich zu uns hin',
              'Was uns der Tag nicht wiedergab',
              'Das hat er jetzt im Sinn',
            ],
          },
          {
            name: 'b',
            chords: [
              'F',
              'C',
              'Gm',
              'Dm',
              'Bb',
              'F',
              'A7',
              'A7',
              'F',
              'C',
              'Gm',
              'Dm',
              'Gm',
              'A7',
              'Dm',
              'Dm',
            ],
            energy: 0.85,
            lines: [
              'Noch einmal rundherum',
              'Bevor die Lampe geht',
              'Wir fragen nicht warum',
              'Wenn sich die Erde dreht',
            ],
          },
          { name: 'bridge', chords: ['Bb', 'F', 'Gm', 'A7'], energy: 0.5, lead: true },
          { name: 'b', chords: ['F', 'C', 'Gm', 'Dm', 'Gm', 'A7', 'Dm'], energy: 0.8, lead: true },
        ],
      },
    },
  ],
};
