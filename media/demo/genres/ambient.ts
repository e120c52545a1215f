import { type Band, playMelody } from '../score.ts';
import { hiss } from '../synth/drums.ts';
import type { Channel } from '../synth/studio.ts';
import { noteAbove } from '../synth/theory.ts';
import { analog, flute, fm, singer } from '../synth/voices.ts';

const slow = { attackSec: 2.2, decaySec: 3, sustain: 0.85, releaseSec: 3.6 };
const pad: Channel = {
  voice: analog({
    wave: 'saw',
    cents: [-7, 7],
    cutoffHz: 420,
    openOctaves: 1.5,
    q: 0.6,
    filterDecaySec: 3.5,
    adsr: slow,
  }),
  gain: 0.2,
  width: 0.85,
  hall: 0.8,
};
const choir: Channel = { voice: singer(['u', 'o'], slow, 0.06), gain: 0.16, width: 0.6, hall: 0.9 };
const deep: Channel = {
  voice: fm({ ratio: 1, index: 0.4, indexDecaySec: 2, adsr: { ...slow, attackSec: 1.2 } }),
  gain: 0.42,
  hall: 0.2,
};
const bell: Channel = {
  voice: fm({
    ratio: 2,
    index: 1.1,
    indexDecaySec: 1.2,
    tine: { ratio: 5.4, level: 0.15, decaySec: 0.5 },
    adsr: { attackSec: 0.004, decaySec: 1.8, sustain: 0, releaseSec: 1.2 },
  }),
  gain: 0.2,
  echo: 0.7,
  hall: 0.7,
};
const pipe: Channel = {
  voice: flute({ attackSec: 0.25, decaySec: 1, sustain: 0.8, releaseSec: 0.9 }),
  gain: 0.28,
  echo: 0.4,
  hall: 0.8,
};
const sea: Channel = {
  voice: hiss({ kind: 'band', hz: 620, q: 0.35, attackSec: 2.6, decaySec: 1.2, level: 0.8 }),
  gain: 0.05,
  hall: 0.4,
};

/** No pulse: chords that grow and sink, bells that fall where they like. */
const play: Band['play'] = (studio, bar) => {
  const long = bar.bars > 0 ? 4 * bar.beatSec : 0;
  const { energy } = bar.section;
  for (const note of bar.notes) {
    studio.play(pad, bar.atSec, note, long, 0.55 + 0.25 * energy);
    if (energy > 0.5) studio.play(choir, bar.atSec, note + 12, long, 0.5);
  }
  studio.play(deep, bar.atSec, noteAbove(bar.chord.bass, 36), long, 0.6);
  const times = Math.round(2 + 4 * energy);
  for (let i = 0; i < times; i++) {
    const note = bar.notes[Math.floor(bar.random.next() * bar.notes.length)] ?? 60;
    const pan = 2 * bar.random.next() - 1;
    const at = bar.atSec + bar.random.next() * long;
    studio.play(
      { ...bell, pan: pan * 0.7 },
      at,
      note + (bar.random.next() < 0.4 ? 24 : 12),
      0.6,
      0.3 + 0.4 * energy,
    );
  }
  if (bar.index % 2 === 0) {
    studio.play({ ...sea, pan: bar.index % 4 === 0 ? -0.6 : 0.6 }, bar.atSec, 60, 1, 0.9);
  }
  playMelody(studio, bar, pipe, 0, 0.6);
};

const band = { echoBeats: 0.66, echoFeedback: 0.55, hallSec: 5.5, targetLufs: -15, stereoWidth: 1, play };

export const ambient: Band = { ...band, tailSec: 9, fadeInSec: 0.6, fadeOutSec: 4 };
