/** A stereo mixing desk: channels with pan and sends, an echo, a hall, and a bus that ducks under the kick. */
import type { Random } from '../../../kit/sources.ts';
import { SAMPLE_RATE, samplesOf } from './dsp.ts';
import { hzOf } from './theory.ts';
import type { Voice } from './voices.ts';

export interface Channel {
  readonly voice: Voice;
  readonly gain: number;
  /** -1 left to 1 right. */
  readonly pan?: number;
  /** 0 to 1: two takes of each note, that far apart. */
  readonly width?: number;
  readonly hall?: number;
  readonly echo?: number;
  /** Makes room whenever `duck` was called. */
  readonly ducked?: boolean;
}

export interface Stereo {
  readonly left: Float32Array;
  readonly right: Float32Array;
}

export interface StudioOptions {
  readonly seconds: number;
  readonly random: Random;
  readonly echoSec: number;
  readonly echoFeedback?: number;
  readonly hallSec: number;
  readonly duckDepth?: number;
}

const stereo = (samples: number): Stereo => ({
  left: new Float32Array(samples),
  right: new Float32Array(samples),
});

export class Studio {
  readonly #options: StudioOptions;
  readonly #dry: Stereo;
  readonly #ducked: Stereo;
  readonly #hall: Stereo;
  readonly #echo: Stereo;
  readonly #ducks: number[] = [];

  constructor(options: StudioOptions) {
    const samples = samplesOf(options.seconds);
    this.#options = options;
    this.#dry = stereo(samples);
    this.#ducked = stereo(samples);
    this.#hall = stereo(samples);
    this.#echo = stereo(samples);
  }

  /** `midi` is the note's number, 69 for A at 440 Hz. */
  play(channel: Channel, atSec: number, midi: number, seconds: number, velocity = 0.8): void {
    const tone = { hz: hzOf(midi), seconds, velocity };
    const { pan = 0, width = 0 } = channel;
    const takes = width > 0 ? [pan - width, pan + width] : [pan];
    for (const takePan of takes) {
      const take = channel.voice(tone, this.#options.random);
      this.#add(take, atSec, channel, Math.max(-1, Math.min(1, takePan)), 1 / Math.sqrt(takes.length));
    }
  }

  /** The ducked bus sinks at this moment and comes back within a third of a second. */
  duck(atSec: number): void {
    this.#ducks.push(samplesOf(atSec));
  }

  mix(): Stereo {
    this.#applyDucks();
    const { left, right } = this.#dry;
    const { echoSec, echoFeedback = 0.38, hallSec } = this.#options;
    pingPong(this.#echo, this.#hall, left, right, echoSec, echoFeedback);
    for (let i = 0; i < left.length; i++) {
      left[i] = (left[i] as number) + (this.#ducked.left[i] as number);
      right[i] = (right[i] as number) + (this.#ducked.right[i] as number);
    }
    hall(this.#hall, left, right, hallSec);
    return this.#dry;
  }

  #add(take: Float32Array, atSec: number, channel: Channel, pan: number, scale: number): void {
    const bus = channel.ducked ? this.#ducked : this.#dry;
    const start = Math.max(0, samplesOf(atSec));
    const end = Math.min(bus.left.length, start + take.length);
    const angle = ((pan + 1) * Math.PI) / 4;
    const gain = channel.gain * scale * Math.SQRT2;
    const leftGain = gain * Math.cos(angle);
    const rightGain = gain * Math.sin(angle);
    mixInto(bus, take, start, end, leftGain, rightGain);
    const { hall: hallSend = 0, echo = 0 } = channel;
    if (hallSend > 0) mixInto(this.#hall, take, start, end, leftGain * hallSend, rightGain * hallSend);
    if (echo > 0) mixInto(this.#echo, take, start, end, leftGain * echo, rightGain * echo);
  }

  #applyDucks(): void {
    const { left, right } = this.#ducked;
    const depth = this.#options.duckDepth ?? 0.75;
    const back = samplesOf(0.3);
    const down = samplesOf(0.006);
    for (const at of this.#ducks) {
      for (let i = -down; i < back; i++) {
        if (at + i < 0 || at + i >= left.length) continue;
        const shape = i < 0 ? (i + down) / down : (1 - i / back) ** 2;
        const gain = 1 - depth * shape;
        left[at + i] = (left[at + i] as number) * gain;
        right[at + i] = (right[at + i] as number) * gain;
      }
    }
  }
}

function mixInto(
  bus: Stereo,
  take: Float32Array,
  start: number,
  end: number,
  leftGain: number,
  rightGain: number,
): void {
  const { left, right } = bus;
  for (let i = start; i < end; i++) {
    const sample = take[i - start] as number;
    left[i] = (left[i] as number) + sample * leftGain;
    right[i] = (right[i] as number) + sample * rightGain;
  }
}

/** Echoes that change sides and grow duller, and that send a little on into the hall. */
function pingPong(
  input: Stereo,
  onward: Stereo,
  left: Float32Array,
  right: Float32Array,
  seconds: number,
  feedback: number,
): void {
  const size = Math.max(1, samplesOf(seconds));
  const lines = [new Float32Array(size), new Float32Array(size)] as const;
  let [at, dullLeft, dullRight] = [0, 0, 0];
  for (let i = 0; i < left.length; i++) {
    const fromLeft = lines[0][at] as number;
    const fromRight = lines[1][at] as number;
    dullLeft += 0.35 * (fromRight * feedback - dullLeft);
    dullRight += 0.35 * (fromLeft * feedback - dullRight);
    lines[0][at] = 0.5 * ((input.left[i] as number) + (input.right[i] as number)) + dullLeft;
    lines[1][at] = dullRight * 1.6;
    left[i] = (left[i] as number) + fromLeft;
    right[i] = (right[i] as number) + fromRight;
    onward.left[i] = (onward.left[i] as number) + 0.25 * fromLeft;
    onward.right[i] = (onward.right[i] as number) + 0.25 * fromRight;
    at = at + 1 === size ? 0 : at + 1;
  }
}

/** Prime lengths: lines that share a divisor ring. */
const HALL_LINES = [1433, 1601, 1867, 2053, 2251, 2399, 2617, 2797];

/** A feedback delay network: eight dulled lines, each feeding all others (Householder matrix). */
function hall(input: Stereo, left: Float32Array, right: Float32Array, seconds: number): void {
  const lines = HALL_LINES.map((size) => new Float32Array(size));
  const gains = Float64Array.from(HALL_LINES, (size) => 10 ** ((-3 * size) / (seconds * SAMPLE_RATE)));
  const positions = new Int32Array(HALL_LINES.length);
  const dull = new Float64Array(HALL_LINES.length);
  const taps = new Float64Array(HALL_LINES.length);
  const before = samplesOf(0.018);
  const wet = 0.32;
  for (let i = 0; i < left.length; i++) {
    const inLeft = i < before ? 0 : (input.left[i - before] as number);
    const inRight = i < before ? 0 : (input.right[i - before] as number);
    let sum = 0;
    for (let l = 0; l < 8; l++) {
      const tap = (lines[l] as Float32Array)[positions[l] as number] as number;
      const damped = (dull[l] as number) + 0.55 * (tap - (dull[l] as number));
      dull[l] = damped;
      taps[l] = damped;
      sum += damped;
    }
    const shared = sum * 0.25;
    for (let l = 0; l < 8; l++) {
      const line = lines[l] as Float32Array;
      const position = positions[l] as number;
      line[position] =
        (l % 2 === 0 ? inLeft : inRight) + ((taps[l] as number) - shared) * (gains[l] as number);
      positions[l] = position + 1 === line.length ? 0 : position + 1;
    }
    left[i] =
      (left[i] as number) +
      wet * ((taps[0] as number) - (taps[2] as number) + (taps[4] as number) - (taps[6] as number));
    right[i] =
      (right[i] as number) +
      wet * ((taps[1] as number) - (taps[3] as number) + (taps[5] as number) - (taps[7] as number));
  }
}
