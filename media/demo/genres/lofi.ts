import { type Band, playMelody, strike } from '../score.ts';
import { dustySnare, hat, hiss, rim, softKick } from '../synth/drums.ts';
import type { Channel } from '../synth/studio.ts';
import { noteAbove } from '../synth/theory.ts';
import { analog, fm, pluck, singer } from '../synth/voices.ts';

const keys: Channel = {
  voice: fm({
    ratio: 1,
    index: 1.9,
    indexDecaySec: 0.5,
    tine: { ratio: 14, level: 0.09, decaySec: 0.12 },
    tremolo: 0.22,
    adsr: { attackSec: 0.006, decaySec: 1.6, sustain: 0.12, releaseSec: 0.3 },
  }),
  gain: 0.26,
  width: 0.35,
  hall: 0.3,
  ducked: true,
};
const bass: Channel = {
  voice: analog({
    wave: 'pulse',
    cents: [0],
    cutoffHz: 220,
    openOctaves: 1.2,
    q: 0.8,
    filterDecaySec: 0.2,
    adsr: { attackSec: 0.008, decaySec: 0.4, sustain: 0.7, releaseSec: 0.1 },
  }),
  gain: 0.46,
  ducked: true,
};
const guitar: Channel = {
  voice: pluck({ bright: 0.45, sustainSec: 2.4 }),
  gain: 0.52,
  pan: -0.3,
  echo: 0.3,
  hall: 0.35,
};
const hum: Channel = {
  voice: singer(['u', 'o', 'a'], { attackSec: 0.06, decaySec: 0.5, sustain: 0.8, releaseSec: 0.25 }, 0.08),
  gain: 0.55,
  echo: 0.25,
  hall: 0.45,
};
const kit = {
  kick: { voice: softKick, gain: 0.68 },
  snare: { voice: dustySnare, gain: 0.6, hall: 0.15 },
  hat: { voice: hat, gain: 0.4, pan: 0.25 },
  rim: { voice: rim, gain: 0.14, pan: -0.3, hall: 0.2 },
  crackle: { voice: hiss({ kind: 'band', hz: 3200, q: 1.5, decaySec: 0.0016 }), gain: 0.16, pan: 0.1 },
  rain: {
    voice: hiss({ kind: 'high', hz: 2400, q: 0.5, attackSec: 1.6, decaySec: 0.9, level: 0.5 }),
    gain: 0.035,
    width: 0.9,
  },
} satisfies Record<string, Channel>;

export const lofi: Band = {
  echoBeats: 0.75,
  echoFeedback: 0.3,
  hallSec: 1.5,
  targetLufs: -14.5,
  stereoWidth: 2.2,
  tailSec: 3.5,
  play(studio, bar) {
    const { energy } = bar.section;
    const { random } = bar;
    const root = noteAbove(bar.chord.bass, 33);
    studio.play(kit.rain, bar.atSec, 60, 1, 0.8);
    for (let i = 0; i < 5; i++) {
      studio.play(
        kit.crackle,
        bar.atSec + random.next() * 4 * bar.beatSec,
        60,
        0.01,
        0.2 + 0.8 * random.next() ** 3,
      );
    }
    // Fingers do not land together.
    const strum = (beat: number, beats: number, velocity: number): void => {
      for (const [i, note] of bar.notes.entries()) {
        studio.play(
          keys,
          bar.at(beat) + i * 0.012 + random.next() * 0.008,
          note,
          beats * bar.beatSec,
          velocity,
        );
      }
    };
    strum(0, 1.9, 0.7);
    if (bar.isLast) {
      studio.play(bass, bar.atSec, root, 3 * bar.beatSec, 0.7);
      return;
    }
    strum(bar.index % 2 === 0 ? 2.5 : 1.5, 1.2, 0.5);
    if (energy > 0.25) {
      studio.play(bass, bar.at(0), root, 1.4 * bar.beatSec, 0.8);
      studio.play(bass, bar.at(1.5), root + 12, 0.35 * bar.beatSec, 0.5);
      studio.play(bass, bar.at(2), noteAbove(bar.chord.classes[2] ?? 0, 33), 1.1 * bar.beatSec, 0.7);
      studio.play(bass, bar.at(3.5), noteAbove(bar.nextChord.bass, 33) - 1, 0.4 * bar.beatSec, 0.6);
    }
    if (energy > 0.4) {
      const kicks = bar.index % 2 === 0 ? [0, 2.5] : [0, 1.5, 2.5];
      strike(studio, bar, kit.kick, kicks, 0.85);
      for (const beat of kicks) studio.duck(bar.at(beat));
      // A little late: the drummer leans back.
      for (const beat of [1, 3])
        studio.play(kit.snare, bar.at(beat) + 0.014, 60, 0.1, 0.75 + 0.15 * random.next());
      strike(studio, bar, kit.hat, [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5], 0.55);
      if (bar.index % 4 === 3) strike(studio, bar, kit.rim, [0.5, 2, 3.5], 0.7);
    }
    if (bar.section.lines) playMelody(studio, bar, hum, 0, 0.65);
    else playMelody(studio, bar, guitar, 0, 0.75);
    if (bar.section.name === 'b') {
      for (const [i, beat] of [0.5, 1, 2, 3].entries()) {
        studio.play(guitar, bar.at(beat), (bar.notes[i % bar.notes.length] ?? 60) + 12, 0.5, 0.5);
      }
    }
  },
};
