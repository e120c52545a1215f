import { creditsOf, type DemoAlbum, everywhereBut } from '../album.ts';
import { pwaniCover } from '../covers/pwani.ts';
import { bossa } from '../genres/bossa.ts';
import type { Beat } from '../score.ts';

const ARTIST = 'Zuhra Mawimbi';
const LABEL = 'Tamarind Row';
const credits = creditsOf([ARTIST, 'Davi Aroeira'], [ARTIST, 'Davi Aroeira'], LABEL, 'Monsoon Press');
/** Nobody has licensed it there. */
const rights = everywhereBut('CH');

const RHYTHMS: readonly (readonly Beat[])[] = [
  [
    [0, 1.5],
    [1.5, 0.5],
    [2, 0.5],
    [2.5, 1.5],
  ],
  [
    [0.5, 1],
    [1.5, 0.5],
    [2, 1],
    [3, 1],
  ],
  [
    [0, 0.5],
    [0.5, 1],
    [1.5, 1],
    [2.5, 1],
  ],
];
const coast = {
  beatsPerBar: 4,
  phraseBars: 2,
  rhythms: RHYTHMS,
  lead: [62, 79],
  comp: [50, 67],
  band: bossa,
} as const;

export const pwani: DemoAlbum = {
  slug: 'pwani',
  title: 'Pwani',
  type: 'ep',
  artist: ARTIST,
  about:
    'Zuhra Mawimbi grew up between two oceans and kept the songs of both. Her guitar is in one harbour, her words in another, and the ferry between them sets the time.',
  label: LABEL,
  releasedOn: '2003-02-21',
  cover: pwaniCover,
  tracks: [
    {
      slug: 'upepo-wa-jioni',
      title: 'Upepo wa Jioni',
      genres: ['Bossa Nova', 'World'],
      moods: ['Relaxed', 'Warm'],
      language: 'sw',
      credits,
      rights,
      song: {
        ...coast,
        bpm: 124,
        key: 'A',
        mode: 'major',
        sections: [
          { name: 'intro', chords: ['Amaj7', 'Bm7', 'Amaj7', 'E9'], energy: 0.4 },
          {
            name: 'a',
            chords: ['Amaj7', 'Amaj7', 'F#m7', 'F#m7', 'Bm7', 'Bm7', 'E9', 'E7b9'],
            energy: 0.6,
            lines: [
              'Upepo wa jioni unaniita',
              'Mawimbi yanacheza na mchanga',
              'Mwezi mdogo juu ya bahari',
              'Moyo wangu umepata njia',
            ],
          },
          {
            name: 'b',
            chords: ['Dmaj7', 'Dm6', 'C#m7', 'F#7', 'Bm7', 'E9', 'Amaj7', 'E9'],
            energy: 0.85,
            lines: [
              'Twende, twende polepole',
              'Usiku bado ni mchanga',
              'Imba nami, rafiki',
              'Mpaka nyota zilale',
            ],
          },
          { name: 'bridge', chords: ['Dmaj7', 'C#m7', 'Bm7', 'E9'], energy: 0.6, lead: true },
          {
            name: 'b',
            chords: ['Dmaj7', 'Dm6', 'C#m7', 'F#7', 'Bm7', 'E9', 'Amaj7', 'Amaj7'],
            energy: 0.85,
            lead: true,
          },
          { name: 'outro', chords: ['Bm7', 'E9', 'Amaj9'], energy: 0.5 },
        ],
      },
    },
    {
      slug: 'carta-a-la-marea',
      title: 'Carta a la marea',
      genres: ['Bossa Nova', 'Latin'],
      moods: ['Romantic', 'Relaxed'],
      language: 'es',
      credits,
      rights,
      song: {
        ...coast,
        bpm: 116,
        key: 'D',
        mode: 'minor',
        sections: [
          { name: 'intro', chords: ['Dm9', 'G9'], energy: 0.4 },
          {
            name: 'a',
            chords: ['Dm9', 'G9', 'Cmaj7', 'Fmaj7', 'Bm7b5', 'E7b9', 'Am7', 'A7'],
            energy: 0.6,
            lines: [
              'Te escribo, marea, sin tinta ni papel',
              'La arena es la carta que vas a leer',
              'Si borras mi nombre, no borres también',
              'La huella de aquel que no quiso volver',
            ],
          },
          {
            name: 'b',
            chords: ['Gm7', 'C9', 'Fmaj7', 'Dm7', 'Gm7', 'A7', 'Dm9', 'Dm9'],
            energy: 0.85,
            lines: [
              'Llévame lejos, llévame azul',
              'Donde la luna se apaga en el sur',
              'Y cuando regreses, regresa con luz',
              'Que yo te espero, y esperas tú',
            ],
          },
          { name: 'bridge', chords: ['Bbmaj7', 'Am7', 'Gm7', 'A7'], energy: 0.6, lead: true },
          {
            name: 'a',
            chords: ['Dm9', 'G9', 'Cmaj7', 'Fmaj7', 'Bm7b5', 'E7b9', 'Am7', 'A7'],
            energy: 0.8,
            lead: true,
          },
          { name: 'outro', chords: ['Gm7', 'A7', 'Dm9'], energy: 0.5 },
        ],
      },
    },
  ],
};
