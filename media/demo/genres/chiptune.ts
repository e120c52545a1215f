import { type Band, playMelody, strike } from '../score.ts';
import { chipNoise, hat, membrane } from '../synth/drums.ts';
import type { Channel } from '../synth/studio.ts';
import { noteAbove } from '../synth/theory.ts';
import { analog, stepped } from '../synth/voices.ts';

/** A console has two pulses, a triangle and a noise, and no filter. */
const square = (duty: number, sustain: number, vibratoCents = 0) =>
  analog({
    wave: 'pulse',
    duty,
    cents: [0],
    cutoffHz: 9000,
    openOctaves: 0,
    q: 0.7,
    vibratoCents,
    adsr: { attackSec: 0.002, decaySec: 0.12, sustain, releaseSec: 0.05 },
  });

const lead: Channel = { voice: square(0.25, 0.6, 20), gain: 0.3, pan: -0.15, echo: 0.35 };
const second: Channel = { voice: square(0.5, 0.35), gain: 0.16, pan: 0.45, echo: 0.15 };
const arp: Channel = { voice: square(0.125, 0.25), gain: 0.16, pan: 0.3 };
const bass: Channel = {
  voice: stepped({ attackSec: 0.002, decaySec: 0.3, sustain: 0.8, releaseSec: 0.03 }),
  gain: 0.5,
};
const kit = {
  kick: {
    voice: membrane({ fromHz: 300, toHz: 55, sweepSec: 0.03, decaySec: 0.07, drive: 1.6 }),
    gain: 0.75,
  },
  snare: { voice: chipNoise, gain: 0.55 },
  hat: { voice: hat, gain: 0.3, pan: -0.3 },
} satisfies Record<string, Channel>;

export const chiptune: Band = {
  echoBeats: 0.5,
  echoFeedback: 0.3,
  hallSec: 0.8,
  targetLufs: -14,
  stereoWidth: 2.2,
  tailSec: 1.8,
  play(studio, bar) {
    const { energy } = bar.section;
    const sixteenth = bar.beatSec / 4;
    const root = noteAbove(bar.chord.bass, 36);
    if (bar.isLast) {
      for (const [i, note] of [...bar.notes, (bar.notes[0] ?? 60) + 12].entries()) {
        studio.play(lead, bar.atSec + i * sixteenth, note + 12, bar.beatSec, 0.8);
      }
      studio.play(bass, bar.atSec, root, 3 * bar.beatSec, 0.8);
      return;
    }
    // Chords on a machine that has no voices left: their notes in turn, fast.
    for (let i = 0; i < bar.beatSec * 4 * 24; i++) {
      const atSec = bar.atSec + i / 24;
      const note = bar.notes[i % bar.notes.length] ?? 60;
      const within = (atSec - bar.atSec) % (2 * bar.beatSec);
      studio.play(arp, atSec, note + 12, 1 / 26, within < bar.beatSec ? 0.6 : 0.42);
    }
    if (energy > 0.2) {
      for (const [i, step] of [0, 0, 12, 0, 7, 0, 12, 7].entries()) {
        studio.play(bass, bar.at(i / 2), root + step, 0.42 * bar.beatSec, 0.85);
      }
    }
    if (energy > 0.35) {
      strike(studio, bar, kit.kick, energy > 0.7 ? [0, 1.5, 2, 3.5] : [0, 2], 0.9);
      strike(studio, bar, kit.snare, bar.ofSection === bar.bars - 1 ? [1, 3, 3.25, 3.5, 3.75] : [1, 3], 0.8);
      strike(studio, bar, kit.hat, [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5], 0.55);
    }
    playMelody(studio, bar, lead, 0, 0.75);
    // The second pulse echoes the tune a third below, as composers of cartridges did.
    for (const note of bar.melody) {
      studio.play(second, note.atSec + 3 * sixteenth, note.midi - 12, note.seconds * 0.6, 0.5);
    }
  },
};
