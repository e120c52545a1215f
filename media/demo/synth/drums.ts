/** Drums and noises, as one-note voices: the tone's pitch is left to the drum. */
import { Filter, SAMPLE_RATE, samplesOf } from './dsp.ts';
import { fadeEnd, type Voice } from './voices.ts';

const TAU = 2 * Math.PI;

/** A membrane: a sine that falls in pitch, with a click in front. */
export const membrane =
  (kit: {
    readonly fromHz: number;
    readonly toHz: number;
    readonly sweepSec: number;
    readonly decaySec: number;
    readonly click?: number;
    readonly drive?: number;
  }): Voice =>
  ({ velocity }, random) => {
    const out = new Float32Array(samplesOf(kit.decaySec * 5));
    const drive = kit.drive ?? 1;
    let phase = 0;
    for (let i = 0; i < out.length; i++) {
      const at = i / SAMPLE_RATE;
      phase += (TAU * (kit.toHz + (kit.fromHz - kit.toHz) * Math.exp(-at / kit.sweepSec))) / SAMPLE_RATE;
      const click = (kit.click ?? 0) * (random.next() - 0.5) * Math.exp(-at * 400);
      const rise = Math.min(1, at * 2000);
      out[i] = Math.tanh(drive * (Math.sin(phase) * Math.exp(-at / kit.decaySec) * rise + click)) * velocity;
    }
    fadeEnd(out, 0.01);
    return out;
  };

/** Filtered noise that dies away: hats, snares' wires, shakers, brushes. */
export const hiss =
  (kit: {
    readonly hz: number;
    readonly q: number;
    readonly kind: 'band' | 'high';
    readonly attackSec?: number;
    readonly decaySec: number;
    readonly level?: number;
  }): Voice =>
  ({ velocity }, random) => {
    const out = new Float32Array(samplesOf(kit.decaySec * 5 + (kit.attackSec ?? 0)));
    const filter = new Filter();
    filter.tune(kit.hz, kit.q);
    const attack = Math.max(0.0005, kit.attackSec ?? 0);
    for (let i = 0; i < out.length; i++) {
      const at = i / SAMPLE_RATE;
      const noise = 2 * random.next() - 1;
      const gain = at < attack ? at / attack : Math.exp(-(at - attack) / kit.decaySec);
      out[i] =
        (kit.kind === 'band' ? filter.band(noise) : filter.high(noise)) * gain * velocity * (kit.level ?? 1);
    }
    fadeEnd(out, 0.005);
    return out;
  };

/** Several voices struck as one. */
export const together =
  (...voices: readonly Voice[]): Voice =>
  (tone, random) => {
    const parts = voices.map((voice) => voice(tone, random));
    const out = new Float32Array(Math.max(...parts.map((part) => part.length)));
    for (const part of parts)
      for (let i = 0; i < part.length; i++) out[i] = (out[i] as number) + (part[i] as number);
    return out;
  };

/** Hands do not meet at once. */
export const clap: Voice = (tone, random) => {
  const burst = hiss({ kind: 'band', hz: 1500, q: 1.4, decaySec: 0.006 });
  const tail = hiss({ kind: 'band', hz: 1300, q: 1.2, decaySec: 0.07 });
  const out = new Float32Array(samplesOf(0.45));
  for (const [voice, at] of [
    [burst, 0],
    [burst, 0.011],
    [burst, 0.021],
    [tail, 0.029],
  ] as const) {
    const part = voice(tone, random);
    const start = samplesOf(at);
    for (let i = 0; i < part.length && start + i < out.length; i++) {
      out[start + i] = (out[start + i] as number) + (part[i] as number);
    }
  }
  fadeEnd(out, 0.02);
  return out;
};

export const kick = membrane({
  fromHz: 190,
  toHz: 48,
  sweepSec: 0.028,
  decaySec: 0.14,
  click: 0.5,
  drive: 1.5,
});
export const softKick = membrane({ fromHz: 120, toHz: 52, sweepSec: 0.03, decaySec: 0.11, drive: 1.1 });
export const clubKick = membrane({
  fromHz: 260,
  toHz: 46,
  sweepSec: 0.03,
  decaySec: 0.19,
  click: 0.8,
  drive: 2.2,
});
export const snare = together(
  membrane({ fromHz: 260, toHz: 185, sweepSec: 0.02, decaySec: 0.06 }),
  hiss({ kind: 'band', hz: 2600, q: 0.6, decaySec: 0.09, level: 0.9 }),
);
/** The gated snare of the eighties. */
export const bigSnare = together(snare, hiss({ kind: 'band', hz: 1700, q: 0.5, decaySec: 0.16, level: 0.7 }));
export const dustySnare = together(
  membrane({ fromHz: 220, toHz: 170, sweepSec: 0.02, decaySec: 0.05 }),
  hiss({ kind: 'band', hz: 1500, q: 0.7, decaySec: 0.07, level: 0.7 }),
);
export const hat = hiss({ kind: 'high', hz: 8000, q: 0.8, decaySec: 0.022, level: 0.5 });
export const openHat = hiss({ kind: 'high', hz: 7000, q: 0.8, decaySec: 0.11, level: 0.45 });
export const shaker = hiss({ kind: 'band', hz: 6200, q: 0.9, attackSec: 0.018, decaySec: 0.03, level: 0.7 });
export const brush = hiss({ kind: 'band', hz: 3800, q: 0.5, attackSec: 0.03, decaySec: 0.09, level: 0.5 });
export const rim = together(
  membrane({ fromHz: 1750, toHz: 1650, sweepSec: 0.01, decaySec: 0.012 }),
  hiss({ kind: 'band', hz: 2500, q: 2, decaySec: 0.008, level: 0.8 }),
);
export const tom = membrane({ fromHz: 200, toHz: 95, sweepSec: 0.05, decaySec: 0.16, drive: 1.2 });
export const crash = hiss({ kind: 'high', hz: 5200, q: 0.7, decaySec: 0.5, level: 0.4 });
/** Console noise: coarse, so that it has a colour. */
export const chipNoise = hiss({ kind: 'band', hz: 4200, q: 0.4, decaySec: 0.035, level: 0.8 });
