/** Instruments: each turns one note into sound. */
import type { Random } from '../../../kit/sources.ts';
import { type Adsr, envelope, Filter, pulse, SAMPLE_RATE, samplesOf, saw } from './dsp.ts';

export interface Tone {
  readonly hz: number;
  /** How long the key is held. */
  readonly seconds: number;
  /** 0 to 1. */
  readonly velocity: number;
}

/** Gives mono samples, about 1 at full velocity. */
export type Voice = (tone: Tone, random: Random) => Float32Array;

const TAU = 2 * Math.PI;
/** Filters follow their envelope at this pace. */
const CONTROL_SAMPLES = 32;

export interface AnalogPatch {
  readonly wave: 'saw' | 'pulse';
  readonly duty?: number;
  /** Each oscillator's distance from the note. */
  readonly cents: readonly number[];
  readonly cutoffHz: number;
  /** How far a full envelope opens the filter. */
  readonly openOctaves: number;
  readonly q: number;
  readonly adsr: Adsr;
  readonly filterDecaySec?: number;
  /** Depth; it sets in after a moment, as a player's finger does. */
  readonly vibratoCents?: number;
}

/** Oscillators through a low-pass filter: pads, basses and leads of the analog kind. */
export const analog =
  (patch: AnalogPatch): Voice =>
  ({ hz, seconds, velocity }, random) => {
    const out = envelope(seconds, patch.adsr);
    const phases = patch.cents.map(() => random.next());
    const steps = patch.cents.map((cents) => (hz * 2 ** (cents / 1200)) / SAMPLE_RATE);
    const filter = new Filter();
    const fall = Math.exp(-CONTROL_SAMPLES / ((patch.filterDecaySec ?? 0.4) * SAMPLE_RATE));
    const duty = patch.duty ?? 0.5;
    const scale = (0.5 * velocity) / Math.sqrt(patch.cents.length);
    const isSaw = patch.wave === 'saw';
    let open = 1;
    let bend = 1;
    for (let i = 0; i < out.length; i++) {
      if (i % CONTROL_SAMPLES === 0) {
        filter.tune(patch.cutoffHz * 2 ** (patch.openOctaves * open * (0.4 + 0.6 * velocity)), patch.q);
        open *= fall;
        if (patch.vibratoCents) {
          const depth = patch.vibratoCents * Math.min(1, Math.max(0, i / SAMPLE_RATE - 0.15) * 3);
          bend = 2 ** ((depth * Math.sin((TAU * 5.2 * i) / SAMPLE_RATE)) / 1200);
        }
      }
      let sum = 0;
      for (let v = 0; v < steps.length; v++) {
        const step = (steps[v] as number) * bend;
        let phase = (phases[v] as number) + step;
        if (phase >= 1) phase -= 1;
        phases[v] = phase;
        sum += isSaw ? saw(phase, step) : pulse(phase, step, duty);
      }
      out[i] = filter.low(sum) * scale * (out[i] as number);
    }
    return out;
  };

/** A plucked string (Karplus-Strong): noise in a delay line as long as the note's period, dulled each round. */
export const pluck =
  ({ bright, sustainSec }: { readonly bright: number; readonly sustainSec: number }): Voice =>
  ({ hz, seconds, velocity }, random) => {
    const total = samplesOf(Math.min(seconds + 0.35, sustainSec * 1.6));
    const out = new Float32Array(total);
    const period = SAMPLE_RATE / hz - 0.5;
    const size = Math.floor(period);
    // The rest of the period, which whole samples cannot hold, comes from an all-pass filter.
    const rest = period - size;
    const allpass = (1 - rest) / (1 + rest);
    const line = new Float32Array(size);
    const keep = 0.12 + 0.75 * bright * (0.5 + 0.5 * velocity);
    let noise = 0;
    for (let i = 0; i < size; i++) {
      noise += keep * (2 * random.next() - 1 - noise);
      line[i] = noise;
    }
    // Plucked off the middle: the comb takes out the harmonics that have a node there.
    const at = Math.max(1, Math.floor(size * 0.18));
    const string = line.map((sample, i) => sample - (line[(i + at) % size] as number));
    const mean = string.reduce((sum, sample) => sum + sample, 0) / size;
    const peak = Math.max(...string.map((sample) => Math.abs(sample - mean)), 1e-6);
    for (let i = 0; i < size; i++) string[i] = ((string[i] as number) - mean) / peak;
    const loss = 10 ** (-3 / (hz * sustainSec));
    let [position, previous, memory, before] = [0, 0, 0, 0];
    const damped = samplesOf(seconds);
    for (let i = 0; i < total; i++) {
      const current = string[position] as number;
      const averaged = 0.5 * (current + previous) * loss;
      previous = current;
      const tuned = allpass * averaged + memory - allpass * before;
      memory = averaged;
      before = tuned;
      string[position] = i > damped ? tuned * 0.985 : tuned;
      position = position + 1 === size ? 0 : position + 1;
      out[i] = current * velocity * 0.7;
    }
    fadeEnd(out, 0.03);
    return out;
  };

export interface FmPatch {
  readonly ratio: number;
  /** Modulation at the start; brightness. */
  readonly index: number;
  readonly indexDecaySec: number;
  readonly adsr: Adsr;
  /** A second, inharmonic partial for bells and tines. */
  readonly tine?: { readonly ratio: number; readonly level: number; readonly decaySec: number };
  readonly tremolo?: number;
}

/** Two-operator FM: bells, electric pianos, marimbas. */
export const fm =
  (patch: FmPatch): Voice =>
  ({ hz, seconds, velocity }) => {
    const out = envelope(seconds, patch.adsr);
    const step = (TAU * hz) / SAMPLE_RATE;
    const fall = Math.exp(-1 / (patch.indexDecaySec * SAMPLE_RATE));
    const tineFall = Math.exp(-1 / ((patch.tine?.decaySec ?? 1) * SAMPLE_RATE));
    // High notes with a wide modulation would fold back.
    let index = patch.index * (0.3 + 0.7 * velocity) * Math.min(1, 900 / hz);
    let tine = patch.tine && hz * patch.tine.ratio < 16_000 ? patch.tine.level * velocity : 0;
    const tremolo = patch.tremolo ?? 0;
    for (let i = 0; i < out.length; i++) {
      let sample = Math.sin(step * i + index * Math.sin(step * patch.ratio * i));
      if (tine > 0.0005) sample += tine * Math.sin(step * (patch.tine?.ratio ?? 1) * i);
      if (tremolo > 0) sample *= 1 - tremolo * (0.5 + 0.5 * Math.sin((TAU * 4.6 * i) / SAMPLE_RATE));
      index *= fall;
      tine *= tineFall;
      out[i] = sample * 0.55 * velocity * (out[i] as number);
    }
    return out;
  };

/** First three formants of sung vowels, Hz, with their levels. */
const VOWELS = {
  a: [730, 1090, 2440],
  e: [530, 1840, 2480],
  i: [300, 2250, 2950],
  o: [500, 880, 2540],
  u: [320, 800, 2300],
} as const;
export type Vowel = keyof typeof VOWELS;
const FORMANT_LEVELS = [1, 0.45, 0.22];

/** A wordless singer: a glottal saw through the formants of a vowel, with breath and vibrato. */
export const singer =
  (vowels: readonly Vowel[], adsr: Adsr, breath = 0.04): Voice =>
  ({ hz, seconds, velocity }, random) => {
    const out = envelope(seconds, adsr);
    const vowel = VOWELS[vowels[Math.floor(random.next() * vowels.length)] ?? 'a'];
    const formants = vowel.map((center) => {
      const filter = new Filter();
      filter.tune(Math.max(center, hz * 1.02), 7);
      return filter;
    });
    const [first, second, third] = formants as [Filter, Filter, Filter];
    const warm = new Filter();
    warm.tune(Math.min(9000, hz * 9), 0.6);
    let phase = random.next();
    let otherPhase = random.next();
    let step = 0;
    const scoop = -40;
    for (let i = 0; i < out.length; i++) {
      if (i % CONTROL_SAMPLES === 0) {
        const at = i / SAMPLE_RATE;
        const vibrato = 22 * Math.min(1, Math.max(0, at - 0.18) * 3) * Math.sin(TAU * 5.1 * at);
        step = (hz * 2 ** ((vibrato + scoop * Math.exp(-at * 18)) / 1200)) / SAMPLE_RATE;
      }
      phase += step;
      if (phase >= 1) phase -= 1;
      otherPhase += step * 1.004;
      if (otherPhase >= 1) otherPhase -= 1;
      const throat = warm.low(
        saw(phase, step) + 0.7 * saw(otherPhase, step) + breath * 6 * (random.next() - 0.5),
      );
      const sung =
        first.band(throat) * (FORMANT_LEVELS[0] as number) +
        second.band(throat) * (FORMANT_LEVELS[1] as number) +
        third.band(throat) * (FORMANT_LEVELS[2] as number) +
        throat * 0.12;
      out[i] = sung * 0.8 * velocity * (out[i] as number);
    }
    return out;
  };

/** A reed instrument: three slightly detuned pulses, as an accordion's musette register. */
export const reed =
  (adsr: Adsr, cents: readonly number[] = [-9, 0, 9]): Voice =>
  (tone, random) =>
    analog({ wave: 'pulse', duty: 0.32, cents, cutoffHz: 2600, openOctaves: 0.4, q: 0.7, adsr })(
      tone,
      random,
    );

/** Air over an edge: a sine with a little second harmonic and breath around the note. */
export const flute =
  (adsr: Adsr): Voice =>
  ({ hz, seconds, velocity }, random) => {
    const out = envelope(seconds, adsr);
    const breath = new Filter();
    breath.tune(hz * 2, 1.2);
    let phase = 0;
    for (let i = 0; i < out.length; i++) {
      const at = i / SAMPLE_RATE;
      const vibrato = 1 + 0.004 * Math.min(1, at * 2) * Math.sin(TAU * 4.8 * at);
      phase += (TAU * hz * vibrato) / SAMPLE_RATE;
      const air = breath.band(random.next() - 0.5) * (0.12 + 0.5 * Math.exp(-at * 30));
      const sample = Math.sin(phase) + 0.22 * Math.sin(2 * phase) + 0.07 * Math.sin(3 * phase) + air;
      out[i] = sample * 0.5 * velocity * (out[i] as number);
    }
    return out;
  };

/** The triangle channel of an 8-bit console: sixteen steps up, sixteen down. */
export const stepped =
  (adsr: Adsr): Voice =>
  ({ hz, seconds, velocity }) => {
    const out = envelope(seconds, adsr);
    const step = hz / SAMPLE_RATE;
    let phase = 0.25;
    for (let i = 0; i < out.length; i++) {
      const triangle = 4 * Math.abs(phase - 0.5) - 1;
      out[i] = (Math.round(triangle * 7.5) / 7.5) * 0.6 * velocity * (out[i] as number);
      phase += step;
      if (phase >= 1) phase -= 1;
    }
    return out;
  };

/** Short ramp to silence, so that no cut clicks. */
export function fadeEnd(samples: Float32Array, seconds: number): void {
  const fade = Math.min(samples.length, samplesOf(seconds));
  for (let i = 0; i < fade; i++) {
    const at = samples.length - fade + i;
    samples[at] = (samples[at] as number) * (1 - i / fade);
  }
}
