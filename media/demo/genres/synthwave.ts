import { type Band, playMelody, strike } from '../score.ts';
import { bigSnare, clap, crash, hat, kick, openHat, tom } from '../synth/drums.ts';
import type { Channel } from '../synth/studio.ts';
import { noteAbove } from '../synth/theory.ts';
import { analog, fm } from '../synth/voices.ts';

const bass: Channel = {
  voice: analog({
    wave: 'saw',
    cents: [-6, 6],
    cutoffHz: 180,
    openOctaves: 3.2,
    q: 1.4,
    filterDecaySec: 0.09,
    adsr: { attackSec: 0.003, decaySec: 0.2, sustain: 0.6, releaseSec: 0.06 },
  }),
  gain: 0.5,
  ducked: true,
};
const pad: Channel = {
  voice: analog({
    wave: 'saw',
    cents: [-13, 0, 12],
    cutoffHz: 700,
    openOctaves: 1.6,
    q: 0.7,
    filterDecaySec: 1.6,
    adsr: { attackSec: 0.12, decaySec: 1, sustain: 0.8, releaseSec: 0.7 },
  }),
  gain: 0.17,
  width: 0.75,
  hall: 0.55,
  ducked: true,
};
const arp: Channel = {
  voice: analog({
    wave: 'pulse',
    duty: 0.3,
    cents: [-4, 5],
    cutoffHz: 900,
    openOctaves: 2.4,
    q: 1.2,
    filterDecaySec: 0.1,
    adsr: { attackSec: 0.002, decaySec: 0.15, sustain: 0.2, releaseSec: 0.12 },
  }),
  gain: 0.24,
  pan: 0.25,
  echo: 0.5,
  hall: 0.25,
};
const lead: Channel = {
  voice: analog({
    wave: 'saw',
    cents: [-8, 8],
    cutoffHz: 1500,
    openOctaves: 1.3,
    q: 0.9,
    filterDecaySec: 0.5,
    vibratoCents: 18,
    adsr: { attackSec: 0.02, decaySec: 0.4, sustain: 0.75, releaseSec: 0.25 },
  }),
  gain: 0.44,
  echo: 0.4,
  hall: 0.4,
};
const bell: Channel = {
  voice: fm({
    ratio: 3.5,
    index: 2.2,
    indexDecaySec: 0.5,
    adsr: { attackSec: 0.002, decaySec: 0.7, sustain: 0, releaseSec: 0.3 },
  }),
  gain: 0.2,
  pan: -0.35,
  echo: 0.5,
  hall: 0.5,
};
const kit = {
  kick: { voice: kick, gain: 0.8 },
  snare: { voice: bigSnare, gain: 0.5, hall: 0.35 },
  clap: { voice: clap, gain: 0.25, hall: 0.3 },
  hat: { voice: hat, gain: 0.5, pan: 0.3 },
  openHat: { voice: openHat, gain: 0.28, pan: -0.2 },
  tom: { voice: tom, gain: 0.6, hall: 0.3 },
  crash: { voice: crash, gain: 0.35, hall: 0.3, width: 0.5 },
} satisfies Record<string, Channel>;

const ARP = [0, 2, 1, 2, 3, 2, 1, 2, 0, 2, 1, 3, 2, 3, 1, 2];

export const synthwave: Band = {
  echoBeats: 0.75,
  hallSec: 2.4,
  targetLufs: -14,
  tailSec: 4,
  play(studio, bar) {
    const { energy } = bar.section;
    const root = noteAbove(bar.chord.bass, 33);
    for (const note of bar.notes) studio.play(pad, bar.atSec, note, 4 * bar.beatSec, 0.55 + 0.3 * energy);
    if (bar.isLast) {
      studio.play(bass, bar.atSec, root, 4 * bar.beatSec, 0.8);
      strike(studio, bar, kit.kick, [0]);
      strike(studio, bar, kit.crash, [0]);
      return;
    }
    if (energy > 0.25) {
      for (let i = 0; i < 8; i++) {
        const leap = i % 4 === 3 ? 12 : 0;
        studio.play(bass, bar.at(i / 2), root + leap, 0.4 * bar.beatSec, i % 2 === 0 ? 0.85 : 0.65);
      }
    }
    for (let i = 0; i < 16; i++) {
      const note = bar.notes[(ARP[i] ?? 0) % bar.notes.length] ?? root;
      studio.play(arp, bar.atSec + (i / 4) * bar.beatSec, note + 12, 0.2 * bar.beatSec, 0.4 + 0.35 * energy);
    }
    if (energy > 0.35) {
      strike(studio, bar, kit.kick, energy > 0.7 ? [0, 1, 2, 3] : [0, 2, 2.5], 0.9);
      for (const beat of [0, 1, 2, 3]) studio.duck(bar.at(beat));
      strike(studio, bar, kit.snare, [1, 3], 0.9);
      strike(studio, bar, kit.hat, [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5], 0.6);
      if (energy > 0.7) {
        strike(studio, bar, kit.clap, [1, 3]);
        strike(studio, bar, kit.openHat, [0.5, 1.5, 2.5, 3.5], 0.6);
      }
      if (bar.ofSection === 0) strike(studio, bar, kit.crash, [0]);
      if (bar.ofSection === bar.bars - 1) {
        for (const [i, midi] of [62, 60, 57, 53].entries()) {
          studio.play(kit.tom, bar.at(3) + (i / 4) * bar.beatSec, midi, 0.1, 0.6 + 0.1 * i);
        }
      }
    }
    playMelody(studio, bar, lead);
    if (bar.section.name === 'b' || bar.section.name === 'bridge') {
      for (const [i, beat] of [0.5, 1.5, 3].entries()) {
        studio.play(bell, bar.at(beat), (bar.notes[i % bar.notes.length] ?? 60) + 24, 0.4, 0.6);
      }
    }
  },
};
