import type { Random } from '../../../kit/sources.ts';

/** The same numbers for the same words, for ever: FNV-1a into mulberry32. */
export function seeded(...words: readonly (string | number)[]): Random {
  let state = 0x811c9dc5;
  for (const char of words.join('/')) state = Math.imul(state ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return {
    next() {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}

export const pick = <T>(random: Random, from: readonly T[]): T =>
  from[Math.floor(random.next() * from.length)] as T;

/** A float in [from, to). */
export const between = (random: Random, from: number, to: number): number =>
  from + (to - from) * random.next();
