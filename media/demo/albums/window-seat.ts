import { creditsOf, type DemoAlbum, EVERYWHERE } from '../album.ts';
import { windowSeatCover } from '../covers/window-seat.ts';
import { lofi } from '../genres/lofi.ts';
import type { Beat } from '../score.ts';

const ARTIST = 'Madobe Kissa';
const LABEL = 'Paper Umbrella';
const credits = creditsOf([ARTIST, 'Toma Akizuru'], ['Toma Akizuru'], LABEL, 'Paper Umbrella Songs');

const RHYTHMS: readonly (readonly Beat[])[] = [
  [
    [0, 1],
    [1, 0.5],
    [1.5, 1],
    [2.5, 0.5],
    [3, 0.5],
  ],
  [
    [0.5, 0.5],
    [1, 0.5],
    [1.5, 0.5],
    [2, 1.5],
  ],
  [
    [0, 0.5],
    [0.5, 0.5],
    [1, 1],
    [2.5, 0.5],
    [3, 1],
  ],
];
const tape = {
  beatsPerBar: 4,
  swing: 0.12,
  phraseBars: 2,
  rhythms: RHYTHMS,
  lead: [60, 77],
  comp: [52, 69],
  band: lofi,
} as const;

export const windowSeat: DemoAlbum = {
  slug: 'window-seat',
  title: '窓ぎわの席',
  type: 'ep',
  artist: ARTIST,
  about:
    'Madobe Kissa began as the house cassette of a coffee shop with four seats. The rain on the tapes is real; the coffee shop may not be.',
  label: LABEL,
  releasedOn: '2021-06-18',
  cover: windowSeatCover,
  tracks: [
    {
      slug: 'rain-at-four',
      title: '雨の四時',
      genres: ['Lo-fi', 'Hip-Hop'],
      moods: ['Cozy', 'Melancholic'],
      language: 'ja',
      credits,
      rights: EVERYWHERE,
      song: {
        ...tape,
        bpm: 78,
        key: 'C',
        mode: 'pentatonic',
        sections: [
          { name: 'intro', chords: ['Fmaj7', 'Em7'], energy: 0.3 },
          {
            name: 'a',
            chords: ['Fmaj7', 'Em7', 'Dm9', 'Cmaj7', 'Fmaj7', 'Em7', 'Dm9', 'G7sus4'],
            energy: 0.6,
            lines: [
              '四時の雨が窓をたたく',
              '冷めたコーヒー ふたつの影',
              '言えないことを湯気に書いて',
              'きみの傘だけ まだここに',
            ],
          },
          { name: 'b', chords: ['Am7', 'Dm7', 'G7', 'Cmaj7'], energy: 0.7, lead: true },
          {
            name: 'a',
            chords: ['Fmaj7', 'Em7', 'Dm9', 'Cmaj7', 'Fmaj7', 'Em7', 'Dm9', 'G7sus4'],
            energy: 0.75,
            lines: [
              '止まないでと小さく言う',
              '時計の針も眠たそうで',
              '帰り道なら知っている',
              'もう少しだけ 雨やどり',
            ],
          },
          { name: 'outro', chords: ['Fmaj7', 'Cmaj9'], energy: 0.35 },
        ],
      },
    },
    {
      slug: 'second-cup',
      title: '二杯目',
      genres: ['Lo-fi', 'Jazz'],
      moods: ['Cozy', 'Relaxed'],
      credits,
      rights: EVERYWHERE,
      song: {
        ...tape,
        bpm: 84,
        key: 'Eb',
        mode: 'pentatonic',
        sections: [
          { name: 'intro', chords: ['Abmaj7', 'Gm7'], energy: 0.35 },
          {
            name: 'a',
            chords: ['Abmaj7', 'Gm7', 'Fm9', 'Ebmaj7', 'Abmaj7', 'Gm7', 'Fm9', 'Bb7sus4'],
            energy: 0.65,
            lead: true,
          },
          {
            name: 'b',
            chords: ['Cm7', 'Fm7', 'Bb7', 'Ebmaj7', 'Cm7', 'Fm7', 'Bb7sus4', 'Bb7'],
            energy: 0.8,
            lead: true,
          },
          { name: 'a', chords: ['Abmaj7', 'Gm7', 'Fm9', 'Ebmaj7'], energy: 0.7, lead: true },
          { name: 'outro', chords: ['Abmaj7', 'Ebmaj9'], energy: 0.35 },
        ],
      },
    },
  ],
};
