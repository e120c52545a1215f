import { type Band, playMelody, strike } from '../score.ts';
import { brush, rim, shaker, softKick } from '../synth/drums.ts';
import type { Channel } from '../synth/studio.ts';
import { noteAbove } from '../synth/theory.ts';
import { flute, fm, pluck, singer } from '../synth/voices.ts';

const guitar: Channel = { voice: pluck({ bright: 0.38, sustainSec: 1.8 }), gain: 0.36, pan: -0.3, hall: 0.2 };
const bass: Channel = { voice: pluck({ bright: 0.18, sustainSec: 2 }), gain: 0.95 };
const pipe: Channel = {
  voice: flute({ attackSec: 0.05, decaySec: 0.4, sustain: 0.8, releaseSec: 0.18 }),
  gain: 0.3,
  pan: 0.25,
  echo: 0.2,
  hall: 0.4,
};
const voice: Channel = {
  voice: singer(['a', 'o', 'u'], { attackSec: 0.05, decaySec: 0.4, sustain: 0.85, releaseSec: 0.2 }, 0.1),
  gain: 0.42,
  hall: 0.35,
};
const marimba: Channel = {
  voice: fm({
    ratio: 4,
    index: 0.9,
    indexDecaySec: 0.06,
    adsr: { attackSec: 0.002, decaySec: 0.35, sustain: 0, releaseSec: 0.15 },
  }),
  gain: 0.3,
  pan: 0.4,
  echo: 0.2,
  hall: 0.3,
};
const kit = {
  surdo: { voice: softKick, gain: 0.5 },
  rim: { voice: rim, gain: 0.2, pan: 0.15, hall: 0.2 },
  shaker: { voice: shaker, gain: 0.26, pan: -0.45 },
  brush: { voice: brush, gain: 0.2, pan: 0.3 },
} satisfies Record<string, Channel>;

/** The guitar's pattern over two bars, and the rim's: neither falls where the other does. */
const COMP = [
  [0, 1, 1.5, 2.5, 3.5],
  [0.5, 1.5, 2, 3, 3.5],
];
const CLAVE = [
  [0, 1.5, 3],
  [1, 2.5],
];
const SIXTEENTHS = Array.from({ length: 16 }, (_, i) => i / 4);

export const bossa: Band = {
  echoBeats: 0.75,
  echoFeedback: 0.25,
  hallSec: 1.3,
  targetLufs: -14.5,
  tailSec: 3,
  play(studio, bar) {
    const { energy, name } = bar.section;
    const { random } = bar;
    const root = noteAbove(bar.chord.bass, 33);
    const fifth = noteAbove(bar.chord.classes[2] ?? bar.chord.bass, 33);
    const hand = (beat: number, seconds: number, velocity: number): void => {
      for (const [i, note] of bar.notes.entries()) {
        studio.play(guitar, bar.at(beat) + i * 0.007 + random.next() * 0.006, note, seconds, velocity);
      }
    };
    if (bar.isLast) {
      hand(0, 2.5, 0.7);
      studio.play(bass, bar.atSec, root, 2.5, 0.8);
      return;
    }
    for (const beat of COMP[bar.index % 2] ?? []) hand(beat, 0.42 * bar.beatSec, 0.6 + 0.15 * random.next());
    for (const [beat, note, velocity] of [
      [0, root, 0.85],
      [1.5, fifth, 0.6],
      [2, fifth, 0.8],
      [3.5, root, 0.6],
    ] as const) {
      studio.play(bass, bar.at(beat), note, (beat % 1 === 0 ? 1.3 : 0.4) * bar.beatSec, velocity);
    }
    if (energy > 0.3) {
      for (const [i, beat] of SIXTEENTHS.entries()) {
        studio.play(kit.shaker, bar.atSec + beat * bar.beatSec, 60, 0.05, i % 4 === 0 ? 0.75 : 0.4);
      }
      strike(studio, bar, kit.surdo, [0, 1.5, 2, 3.5], 0.6);
    }
    if (energy > 0.5) {
      strike(studio, bar, kit.rim, CLAVE[bar.index % 2] ?? [], 0.7);
      strike(studio, bar, kit.brush, [1, 3], 0.5);
    }
    if (name === 'b' || name === 'bridge') {
      for (const [i, beat] of [0.5, 1, 2, 2.5, 3.5].entries()) {
        studio.play(marimba, bar.at(beat), (bar.notes[i % bar.notes.length] ?? 60) + 12, 0.2, 0.6);
      }
    }
    playMelody(studio, bar, bar.section.lines ? voice : pipe, 0, 0.7);
  },
};
