/** Chance that repeats: sfc32 (Chris Doty-Humphrey, PractRand), 128 bits of state from one seed. */
import { type IdSource, idFrom, type Random } from '../sources.ts';

export interface SeededRandom extends Random {
  chance(probability: number): boolean;
  /** A whole number from 0 up to and without `bound`. */
  below(bound: number): number;
  pick<T>(items: readonly T[]): T;
}

const WARM_UP_ROUNDS = 15;

export function seededRandom(seed: number): SeededRandom {
  let [a, b, c, counter] = [seed | 0, Math.floor(seed / 2 ** 32) | 0, 0, 1];
  function next(): number {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  }
  for (let i = 0; i < WARM_UP_ROUNDS; i++) next();
  const below = (bound: number) => Math.floor(next() * bound);
  return {
    next,
    chance: (probability) => next() < probability,
    below,
    pick: <T>(items: readonly T[]) => items[below(items.length)] as T,
  };
}

export const seededIds = (random: SeededRandom, nowMs: () => number): IdSource => ({
  next: () =>
    idFrom(
      nowMs(),
      Uint8Array.from({ length: 10 }, () => random.below(256)),
    ),
});
