import { creditsOf, type DemoAlbum, EVERYWHERE } from '../album.ts';
import { neonEstuaryCover } from '../covers/neon-estuary.ts';
import { synthwave } from '../genres/synthwave.ts';
import { techno } from '../genres/techno.ts';
import type { Beat } from '../score.ts';

const ARTIST = 'Velvet Meridian';
const LABEL = 'Lighthouse Nine';
const credits = creditsOf([ARTIST], ['Ines Vantreux', 'Olek Marrow'], LABEL, 'Estuary Songs');

const RHYTHMS: readonly (readonly Beat[])[] = [
  [
    [0, 1.5],
    [1.5, 0.5],
    [2, 1],
    [3, 1],
  ],
  [
    [0, 0.5],
    [0.5, 1],
    [1.5, 0.5],
    [2, 1.5],
    [3.5, 0.5],
  ],
  [
    [0, 1],
    [1, 0.5],
    [1.5, 1],
    [2.5, 0.5],
    [3, 1],
  ],
];

const night = {
  beatsPerBar: 4,
  phraseBars: 2,
  rhythms: RHYTHMS,
  lead: [64, 81],
  comp: [52, 69],
  band: synthwave,
} as const;

export const neonEstuary: DemoAlbum = {
  slug: 'neon-estuary',
  title: 'Neon Estuary',
  type: 'ep',
  artist: ARTIST,
  about:
    'Velvet Meridian are two radio engineers who met on a night ferry and never quite got off it. They record between two and five in the morning, on machines that were bought for parts.',
  label: LABEL,
  releasedOn: '1986-05-02',
  cover: neonEstuaryCover,
  tracks: [
    {
      slug: 'harbour-lights',
      title: 'Harbour Lights',
      genres: ['Synthwave', 'Electronic'],
      moods: ['Nostalgic', 'Driving'],
      language: 'en',
      credits,
      rights: EVERYWHERE,
      song: {
        ...night,
        bpm: 108,
        key: 'A',
        mode: 'minor',
        sections: [
          { name: 'intro', chords: ['Am', 'F'], energy: 0.2 },
          {
            name: 'a',
            chords: ['Am', 'F', 'C', 'G', 'Am', 'F', 'C', 'Em'],
            energy: 0.6,
            lines: [
              'Harbour lights are counting down the hours',
              'A radio is humming in the rain',
              'You left a map of places that were ours',
              'And every road comes back to here again',
            ],
          },
          {
            name: 'b',
            chords: ['F', 'G', 'Am', 'C', 'F', 'G', 'Am', 'Am'],
            energy: 0.95,
            lines: [
              'So drive, drive until the morning',
              'The water knows our names',
              'Shine, shine without a warning',
              'The night will stay the same',
            ],
          },
          { name: 'bridge', chords: ['Dm7', 'Am', 'F', 'Esus4'], energy: 0.4, lead: true },
          { name: 'outro', chords: ['F', 'G', 'Am'], energy: 0.75 },
        ],
      },
    },
    {
      slug: 'last-train-to-the-coast',
      title: 'Last Train to the Coast',
      genres: ['Synthwave', 'Electronic'],
      moods: ['Dreamy', 'Driving'],
      credits,
      rights: EVERYWHERE,
      song: {
        ...night,
        bpm: 96,
        key: 'D',
        mode: 'minor',
        lead: [62, 79],
        sections: [
          { name: 'intro', chords: ['Dm9', 'Bbmaj7'], energy: 0.3 },
          { name: 'a', chords: ['Dm', 'Bb', 'F', 'C', 'Dm', 'Bb', 'Gm', 'A'], energy: 0.65, lead: true },
          { name: 'b', chords: ['Bb', 'C', 'F', 'Dm', 'Bb', 'C', 'Dm', 'Dm'], energy: 0.9, lead: true },
          { name: 'bridge', chords: ['Gm7', 'Dm', 'Bb', 'A'], energy: 0.3, lead: true },
          { name: 'a', chords: ['Dm', 'Bb', 'F', 'C'], energy: 0.9, lead: true },
          { name: 'outro', chords: ['Bb', 'C', 'Dm'], energy: 0.6 },
        ],
      },
    },
    {
      slug: 'switchyard',
      title: 'Switchyard',
      genres: ['Techno', 'Electronic'],
      moods: ['Energetic', 'Dark'],
      language: 'en',
      explicit: true,
      credits,
      rights: EVERYWHERE,
      song: {
        ...night,
        bpm: 128,
        key: 'E',
        mode: 'minorPentatonic',
        lead: [64, 79],
        comp: [52, 68],
        phraseBars: 4,
        band: techno,
        sections: [
          { name: 'intro', chords: ['Em', 'Em', 'Em', 'Em'], energy: 0.3 },
          {
            name: 'a',
            chords: ['Em', 'Em', 'G', 'Am', 'Em', 'Em', 'C', 'D'],
            energy: 0.55,
            lines: ['Throw the damn switch and let it all burn', 'No one is coming and no one will turn'],
          },
          { name: 'b', chords: ['Em', 'Em', 'C', 'D', 'Em', 'Em', 'Am', 'Bm'], energy: 0.9, lead: true },
          { name: 'bridge', chords: ['C', 'C', 'D', 'D'], energy: 0.35, lead: true },
          { name: 'b', chords: ['Em', 'Em', 'C', 'D', 'Em', 'Em', 'Am', 'Bm'], energy: 1, lead: true },
          { name: 'outro', chords: ['Em', 'Em', 'Em', 'Em'], energy: 0.4 },
        ],
      },
    },
  ],
};
