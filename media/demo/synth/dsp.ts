/** The parts that instruments are made of: band-limited oscillators, a filter, envelopes. */

export const SAMPLE_RATE = 44_100;

export const samplesOf = (seconds: number): number => Math.round(seconds * SAMPLE_RATE);

/** Rounds off the step of a saw or pulse (PolyBLEP), so that high notes do not alias. */
function blep(phase: number, step: number): number {
  if (phase < step) {
    const t = phase / step;
    return t + t - t * t - 1;
  }
  if (phase > 1 - step) {
    const t = (phase - 1) / step;
    return t * t + t + t + 1;
  }
  return 0;
}

/** `phase` in [0, 1), `step` is the phase's growth a sample. */
export const saw = (phase: number, step: number): number => 2 * phase - 1 - blep(phase, step);

export function pulse(phase: number, step: number, duty: number): number {
  const fall = phase + 1 - duty;
  return (
    (phase < duty ? 1 : -1) + blep(phase, step) - blep(fall >= 1 ? fall - 1 : fall, step) - (2 * duty - 1)
  );
}

/** State-variable filter (A. Simper's trapezoidal form): stable while its cutoff moves. */
export class Filter {
  #a1 = 0;
  #a2 = 0;
  #a3 = 0;
  #k = 1;
  #ic1 = 0;
  #ic2 = 0;

  tune(cutoffHz: number, q: number): void {
    const g = Math.tan((Math.PI * Math.min(cutoffHz, SAMPLE_RATE * 0.45)) / SAMPLE_RATE);
    this.#k = 1 / q;
    this.#a1 = 1 / (1 + g * (g + this.#k));
    this.#a2 = g * this.#a1;
    this.#a3 = g * this.#a2;
  }

  low(input: number): number {
    this.#step(input);
    return this.#v2;
  }

  band(input: number): number {
    this.#step(input);
    return this.#v1 * this.#k;
  }

  high(input: number): number {
    this.#step(input);
    return input - this.#k * this.#v1 - this.#v2;
  }

  #v1 = 0;
  #v2 = 0;

  #step(input: number): void {
    const v3 = input - this.#ic2;
    this.#v1 = this.#a1 * this.#ic1 + this.#a2 * v3;
    this.#v2 = this.#ic2 + this.#a2 * this.#ic1 + this.#a3 * v3;
    this.#ic1 = 2 * this.#v1 - this.#ic1;
    this.#ic2 = 2 * this.#v2 - this.#ic2;
  }
}

export interface Adsr {
  readonly attackSec: number;
  /** Time constant of the fall to `sustain`. */
  readonly decaySec: number;
  readonly sustain: number;
  /** Until silence. */
  readonly releaseSec: number;
}

/** Gain a sample for a key held for `seconds`, with its release behind. */
export function envelope(seconds: number, { attackSec, decaySec, sustain, releaseSec }: Adsr): Float32Array {
  const held = Math.max(1, samplesOf(seconds));
  const released = Math.max(64, samplesOf(releaseSec));
  const attack = Math.max(32, samplesOf(attackSec));
  const out = new Float32Array(held + released);
  const fall = Math.exp(-1 / (decaySec * SAMPLE_RATE));
  let above = 1 - sustain;
  let level = 0;
  for (let i = 0; i < held; i++) {
    if (i < attack) level = (i + 1) / attack;
    else {
      level = sustain + above;
      above *= fall;
    }
    out[i] = level;
  }
  for (let i = 0; i < released; i++) {
    const left = 1 - i / released;
    out[held + i] = level * left * left * left;
  }
  return out;
}
