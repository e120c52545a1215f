import { type Band, playMelody, strike } from '../score.ts';
import { brush, hiss, softKick } from '../synth/drums.ts';
import type { Channel } from '../synth/studio.ts';
import { noteAbove } from '../synth/theory.ts';
import { analog, flute, pluck, reed, singer } from '../synth/voices.ts';

const guitar: Channel = { voice: pluck({ bright: 0.5, sustainSec: 2.2 }), gain: 0.3, pan: -0.35, hall: 0.25 };
const harp: Channel = { voice: pluck({ bright: 0.7, sustainSec: 3 }), gain: 0.26, pan: 0.4, hall: 0.4 };
const bass: Channel = {
  voice: pluck({ bright: 0.22, sustainSec: 1.8 }),
  gain: 0.85,
  hall: 0.1,
};
const accordion: Channel = {
  voice: reed({ attackSec: 0.05, decaySec: 0.5, sustain: 0.85, releaseSec: 0.12 }),
  gain: 0.2,
  pan: 0.15,
  hall: 0.3,
};
const bellows: Channel = {
  voice: reed({ attackSec: 0.12, decaySec: 0.6, sustain: 0.7, releaseSec: 0.2 }, [-6, 6]),
  gain: 0.085,
  pan: 0.3,
  width: 0.2,
  hall: 0.3,
};
const fiddle: Channel = {
  voice: analog({
    wave: 'saw',
    cents: [0, 3],
    cutoffHz: 1900,
    openOctaves: 0.5,
    q: 0.9,
    vibratoCents: 24,
    adsr: { attackSec: 0.07, decaySec: 0.5, sustain: 0.85, releaseSec: 0.16 },
  }),
  gain: 0.24,
  pan: -0.2,
  hall: 0.45,
};
const voice: Channel = {
  voice: singer(['a', 'o', 'e'], { attackSec: 0.05, decaySec: 0.5, sustain: 0.85, releaseSec: 0.2 }),
  gain: 0.42,
  hall: 0.4,
};
const whistle: Channel = {
  voice: flute({ attackSec: 0.04, decaySec: 0.5, sustain: 0.8, releaseSec: 0.15 }),
  gain: 0.24,
  pan: 0.35,
  hall: 0.5,
};
const kit = {
  foot: { voice: softKick, gain: 0.4 },
  brush: { voice: brush, gain: 0.3, pan: 0.2, hall: 0.15 },
  jingle: {
    voice: hiss({ kind: 'high', hz: 6500, q: 1.2, decaySec: 0.05 }),
    gain: 0.13,
    pan: -0.4,
    hall: 0.3,
  },
} satisfies Record<string, Channel>;

export const waltz: Band = {
  echoBeats: 1,
  echoFeedback: 0.2,
  hallSec: 1.6,
  targetLufs: -14.5,
  tailSec: 3.5,
  play(studio, bar) {
    const { energy, name } = bar.section;
    const { random } = bar;
    const root = noteAbove(bar.chord.bass, 36);
    const fifth = noteAbove(bar.chord.classes[2] ?? bar.chord.bass, 36);
    const strum = (beat: number, channel: Channel, seconds: number, velocity: number): void => {
      for (const [i, note] of bar.notes.entries()) {
        studio.play(channel, bar.at(beat) + i * 0.014 + random.next() * 0.006, note, seconds, velocity);
      }
    };
    studio.play(bass, bar.at(0), bar.index % 2 === 0 ? root : fifth, 0.9 * bar.beatSec, 0.85);
    if (bar.isLast) {
      strum(0, guitar, 2, 0.8);
      for (const [i, note] of bar.notes.entries()) studio.play(harp, bar.atSec + 0.09 * i, note + 12, 2, 0.7);
      for (const note of bar.notes) studio.play(accordion, bar.atSec, note, 2.4 * bar.beatSec, 0.4);
      return;
    }
    strum(1, guitar, 0.5 * bar.beatSec, 0.6);
    strum(2, guitar, 0.5 * bar.beatSec, 0.5);
    if (energy > 0.45) {
      strike(studio, bar, kit.foot, [0], 0.8);
      strike(studio, bar, kit.brush, [1, 2], 0.6);
      for (const note of bar.notes) studio.play(bellows, bar.atSec, note, 2.8 * bar.beatSec, 0.6);
    }
    if (energy > 0.7) strike(studio, bar, kit.jingle, [1, 2, 2.5], 0.6);
    if (name === 'bridge' || name === 'intro') {
      for (let i = 0; i < 6; i++) {
        const note = bar.notes[[0, 1, 2, 1, 2, 1][i] ?? 0] ?? 60;
        studio.play(harp, bar.at(0) + (i / 2) * bar.beatSec, note + 12, 0.8, 0.55);
      }
    }
    if (bar.section.lines) {
      playMelody(studio, bar, voice, 0, 0.7);
      if (energy > 0.7) playMelody(studio, bar, whistle, 1, 0.4);
    } else {
      playMelody(studio, bar, name === 'b' ? fiddle : accordion, 0, 0.8);
    }
  },
};
