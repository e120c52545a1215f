/**
 * The outside world that code may not reach for by itself: time, chance and new ids.
 *
 * Domain and actor files get these handed in, so that a simulation can own all three.
 */
import { randomFillSync } from 'node:crypto';

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** UTC milliseconds since the epoch. */
  nowMs(): number;
  /** Runs `fn` once after at least `delayMs`; a pending timer does not keep the process alive. */
  after(delayMs: number, fn: () => void): Timer;
}

export interface Random {
  /** A float in [0, 1). */
  next(): number;
}

export interface IdSource {
  /** A new id: 128 bits, time-ordered, 22 base62 characters. */
  next(): string;
}

export interface Sources {
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: IdSource;
}

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
export const ID_LENGTH = 22;
export const ID_PATTERN = '^[0-9A-Za-z]{22}$';

const ID_BYTES = 16;
/** 62 ** 5: digits are taken five at a time, the most whose remainder and 16 bits more are exact numbers. */
const FIVE_DIGITS = 62 ** 5;

/** 16 bytes, most significant first, as 22 base62 digits, so that text order is numeric order. */
export function base62(bytes: Uint8Array): string {
  const words = new Uint16Array(ID_BYTES / 2);
  for (let i = 0; i < words.length; i++) {
    words[i] = ((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number);
  }
  const digits = new Array<number>(ID_LENGTH);
  for (let at = ID_LENGTH; at > 0; ) {
    let five = 0;
    for (let i = 0; i < words.length; i++) {
      const dividend = five * 0x10000 + (words[i] as number);
      words[i] = dividend / FIVE_DIGITS;
      five = dividend % FIVE_DIGITS;
    }
    for (const end = Math.max(0, at - 5); at > end; five = Math.floor(five / 62)) {
      digits[--at] = ALPHABET.charCodeAt(five % 62);
    }
  }
  // From codes, not concatenated: a string grown digit by digit keeps all its parts in memory.
  return String.fromCharCode(...digits);
}

const ENTROPY_BYTES = 10;

/** 48 bits of UTC milliseconds, then 80 of chance: the layout of UUIDv7 (RFC 9562) without its fixed bits. */
export function idFrom(nowMs: number, entropy: Uint8Array): string {
  const bytes = new Uint8Array(ID_BYTES);
  for (let i = 5, ms = nowMs; i >= 0; i--, ms = Math.floor(ms / 256)) bytes[i] = ms % 256;
  bytes.set(entropy.subarray(0, ENTROPY_BYTES), ID_BYTES - ENTROPY_BYTES);
  return base62(bytes);
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, fn) {
    const timer = setTimeout(fn, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

export const systemRandom: Random = { next: () => Math.random() };

/** Chance for many ids at once: asking the system for each one costs more than the rest of an id. */
const chance = new Uint8Array(256 * ENTROPY_BYTES);
let chanceUsed = chance.length;

function entropy(): Uint8Array {
  if (chanceUsed === chance.length) {
    randomFillSync(chance);
    chanceUsed = 0;
  }
  chanceUsed += ENTROPY_BYTES;
  return chance.subarray(chanceUsed - ENTROPY_BYTES, chanceUsed);
}

export const systemIds: IdSource = { next: () => idFrom(Date.now(), entropy()) };

export const systemSources: Sources = { clock: systemClock, random: systemRandom, ids: systemIds };
