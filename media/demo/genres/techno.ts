import type { Band } from '../score.ts';
import { playMelody, strike } from '../score.ts';
import { clap, clubKick, crash, hat, openHat, rim } from '../synth/drums.ts';
import type { Channel } from '../synth/studio.ts';
import { noteAbove } from '../synth/theory.ts';
import { analog, fm } from '../synth/voices.ts';

const adsr = { attackSec: 0.003, decaySec: 0.12, sustain: 0.3, releaseSec: 0.08 };
/** The same line, its filter further open the further the song is. */
const acid = [420, 640, 950, 1400].map(
  (cutoffHz): Channel => ({
    voice: analog({ wave: 'saw', cents: [0], cutoffHz, openOctaves: 2.6, q: 5, filterDecaySec: 0.08, adsr }),
    gain: 0.42,
    echo: 0.12,
    ducked: true,
  }),
);
const stab: Channel = {
  voice: analog({
    wave: 'saw',
    cents: [-10, 10],
    cutoffHz: 900,
    openOctaves: 2,
    q: 1,
    filterDecaySec: 0.12,
    adsr,
  }),
  gain: 0.2,
  width: 0.5,
  echo: 0.6,
  hall: 0.5,
  ducked: true,
};
const drone: Channel = {
  voice: analog({
    wave: 'saw',
    cents: [-9, 0, 10],
    cutoffHz: 800,
    openOctaves: 1.2,
    q: 0.8,
    filterDecaySec: 2,
    adsr: { attackSec: 0.5, decaySec: 1, sustain: 0.9, releaseSec: 0.8 },
  }),
  gain: 0.15,
  width: 0.8,
  hall: 0.6,
  ducked: true,
};
const glass: Channel = {
  voice: fm({
    ratio: 2.76,
    index: 1.8,
    indexDecaySec: 0.3,
    adsr: { attackSec: 0.002, decaySec: 0.4, sustain: 0, releaseSec: 0.3 },
  }),
  gain: 0.2,
  pan: 0.3,
  echo: 0.5,
  hall: 0.5,
};
const kit = {
  kick: { voice: clubKick, gain: 0.78 },
  clap: { voice: clap, gain: 0.5, hall: 0.25 },
  hat: { voice: hat, gain: 0.6, pan: 0.2 },
  openHat: { voice: openHat, gain: 0.62, pan: -0.15 },
  rim: { voice: rim, gain: 0.22, pan: -0.4, echo: 0.3 },
  crash: { voice: crash, gain: 0.35, hall: 0.4, width: 0.6 },
} satisfies Record<string, Channel>;

const LINE = [0, 0, 12, 0, 3, 0, 0, 10, 0, 12, 0, 7, 0, 0, 5, 3];
const RESTS = [1, 5, 8, 12];

export const techno: Band = {
  echoBeats: 0.75,
  echoFeedback: 0.5,
  hallSec: 1.8,
  targetLufs: -14,
  stereoWidth: 2.2,
  tailSec: 3,
  play(studio, bar) {
    const { energy } = bar.section;
    const root = noteAbove(bar.chord.bass, 33);
    for (const note of bar.notes) studio.play(drone, bar.atSec, note, 4 * bar.beatSec, 0.6);
    if (bar.isLast) return strike(studio, bar, kit.crash, [0]);
    const open = acid[Math.min(3, Math.floor(energy * 4))] as Channel;
    if (energy > 0.2) {
      for (const [i, step] of LINE.entries()) {
        if (RESTS.includes(i)) continue;
        const accent = i % 3 === 0 ? 0.9 : 0.55;
        studio.play(open, bar.atSec + (i / 4) * bar.beatSec, root + step, 0.2 * bar.beatSec, accent);
      }
    }
    if (bar.section.name !== 'bridge') {
      strike(studio, bar, kit.kick, [0, 1, 2, 3], 0.95);
      for (const beat of [0, 1, 2, 3]) studio.duck(bar.at(beat));
    }
    if (energy > 0.4) {
      strike(studio, bar, kit.openHat, [0.5, 1.5, 2.5, 3.5], 0.7);
      strike(studio, bar, kit.hat, [0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75], 0.55);
    }
    if (energy > 0.6) {
      strike(studio, bar, kit.clap, [1, 3], 0.8);
      strike(studio, bar, kit.rim, [0.75, 1.25, 2.75], 0.6);
      for (const beat of [0.75, 2.5]) {
        for (const note of bar.notes) studio.play(stab, bar.at(beat), note, 0.15, 0.7);
      }
    }
    if (bar.ofSection === 0 && energy > 0.4) strike(studio, bar, kit.crash, [0]);
    playMelody(studio, bar, glass, 1, 0.6);
  },
};
