/** The last step: no rumble, the loudness that is aimed at, no peak above the ceiling, quiet ends. */
import { SAMPLE_RATE, samplesOf } from './dsp.ts';
import type { Stereo } from './studio.ts';

const CEILING = 10 ** (-1.5 / 20);
const WIDTH = 1.7;

export interface Ends {
  /** 0 leaves the end open, for a piece that goes on in the next track. */
  readonly fadeInSec: number;
  readonly fadeOutSec: number;
}

export function master(mix: Stereo, targetLufs: number, width = WIDTH): void {
  for (const side of [mix.left, mix.right]) withoutRumble(side);
  widen(mix, width);
  // The limiter takes a little loudness away; a second look gives it back.
  for (let pass = 0; pass < 2; pass++) {
    const gain = 10 ** ((targetLufs - loudnessOf(mix)) / 20);
    for (const side of [mix.left, mix.right])
      for (let i = 0; i < side.length; i++) side[i] = (side[i] as number) * gain;
    limit(mix);
  }
}

/** What differs between the sides is raised; bass and drums stand in the middle and stay as they are. */
function widen({ left, right }: Stereo, width: number): void {
  for (let i = 0; i < left.length; i++) {
    const middle = 0.5 * ((left[i] as number) + (right[i] as number));
    const side = 0.5 * width * ((left[i] as number) - (right[i] as number));
    left[i] = middle + side;
    right[i] = middle - side;
  }
}

export function fadeEnds({ left, right }: Stereo, { fadeInSec, fadeOutSec }: Ends): void {
  const shape = (i: number, samples: number): number => 0.5 - 0.5 * Math.cos((Math.PI * i) / samples);
  for (const side of [left, right]) {
    const fadeIn = samplesOf(fadeInSec);
    const fadeOut = samplesOf(fadeOutSec);
    for (let i = 0; i < fadeIn; i++) side[i] = (side[i] as number) * shape(i, fadeIn);
    for (let i = 0; i < fadeOut; i++) {
      const at = side.length - 1 - i;
      side[at] = (side[at] as number) * shape(i, fadeOut);
    }
  }
}

/** A second-order section, as in ITU-R BS.1770-4, for any sample rate. */
function biquad(samples: Float32Array, b: readonly number[], a: readonly number[]): void {
  const [b0 = 0, b1 = 0, b2 = 0] = b;
  const [a1 = 0, a2 = 0] = a;
  let [x1, x2, y1, y2] = [0, 0, 0, 0];
  for (let i = 0; i < samples.length; i++) {
    const x = samples[i] as number;
    const y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2;
    [x2, x1, y2, y1] = [x1, x, y1, y];
    samples[i] = y;
  }
}

function highPass(hz: number, q: number): [number[], number[]] {
  const k = Math.tan((Math.PI * hz) / SAMPLE_RATE);
  const norm = 1 / (1 + k / q + k * k);
  return [
    [norm, -2 * norm, norm],
    [2 * (k * k - 1) * norm, (1 - k / q + k * k) * norm],
  ];
}

const withoutRumble = (samples: Float32Array): void => biquad(samples, ...highPass(24, Math.SQRT1_2));

/** The head's shelf of the K-weighting: 4 dB above 1.7 kHz. */
function shelf(): [number[], number[]] {
  const k = Math.tan((Math.PI * 1681.97) / SAMPLE_RATE);
  const q = 0.7072;
  const high = 10 ** (3.99984 / 20);
  const band = high ** 0.4997;
  const norm = 1 / (1 + k / q + k * k);
  return [
    [
      (high + (band * k) / q + k * k) * norm,
      2 * (k * k - high) * norm,
      (high - (band * k) / q + k * k) * norm,
    ],
    [2 * (k * k - 1) * norm, (1 - k / q + k * k) * norm],
  ];
}

/** Integrated loudness, LUFS (ITU-R BS.1770-4: K-weighted, gated blocks of 400 ms). */
export function loudnessOf({ left, right }: Stereo): number {
  const step = samplesOf(0.1);
  const energies = new Float64Array(Math.floor(left.length / step));
  for (const side of [left, right]) {
    const weighted = Float32Array.from(side);
    biquad(weighted, ...shelf());
    biquad(weighted, ...highPass(38.13547, 0.5003));
    for (let block = 0; block < energies.length; block++) {
      let energy = 0;
      for (let i = block * step; i < (block + 1) * step; i++) energy += (weighted[i] as number) ** 2;
      energies[block] = (energies[block] as number) + energy / step;
    }
  }
  const blocks: number[] = [];
  for (let i = 0; i + 4 <= energies.length; i++) {
    blocks.push(energies.subarray(i, i + 4).reduce((total, energy) => total + energy, 0) / 4);
  }
  const lufs = (energy: number): number => -0.691 + 10 * Math.log10(Math.max(energy, 1e-12));
  const mean = (values: readonly number[]): number =>
    values.reduce((total, value) => total + value, 0) / Math.max(1, values.length);
  const audible = blocks.filter((energy) => lufs(energy) > -70);
  const gate = lufs(mean(audible)) - 10;
  return lufs(mean(audible.filter((energy) => lufs(energy) > gate)));
}

const LIMIT_BLOCK = 128;
const RECOVERY_PER_BLOCK = 0.012;

/**
 * Looks one block ahead: the gain at a border is the least that the blocks on both sides need, and is a
 * straight line between borders, so no sample passes the ceiling and no gain jumps.
 */
function limit({ left, right }: Stereo): void {
  const blocks = Math.ceil(left.length / LIMIT_BLOCK);
  const needed = new Float32Array(blocks + 1).fill(1);
  for (let block = 0; block < blocks; block++) {
    let peak = 0;
    const end = Math.min(left.length, (block + 1) * LIMIT_BLOCK);
    for (let i = block * LIMIT_BLOCK; i < end; i++) {
      peak = Math.max(peak, Math.abs(left[i] as number), Math.abs(right[i] as number));
    }
    needed[block] = peak > CEILING ? CEILING / peak : 1;
  }
  let gain = needed[0] as number;
  for (let block = 0; block < blocks; block++) {
    const most = Math.min(needed[block] as number, needed[block + 1] as number);
    const next = Math.min(most, gain + RECOVERY_PER_BLOCK);
    const start = block * LIMIT_BLOCK;
    const end = Math.min(left.length, start + LIMIT_BLOCK);
    for (let i = start; i < end; i++) {
      const at = gain + ((next - gain) * (i - start)) / LIMIT_BLOCK;
      left[i] = (left[i] as number) * at;
      right[i] = (right[i] as number) * at;
    }
    gain = next;
  }
}
