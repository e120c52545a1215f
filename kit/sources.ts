/**
 * The outside world that code may not reach for by itself: time, chance and new ids.
 *
 * Domain and actor files get these handed in, so that a simulation can own all three.
 */
import { randomBytes } from 'node:crypto';

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

/** 128 bits as 22 base62 digits, most significant first, so that text order is numeric order. */
export function base62(bits: bigint): string {
  let rest = bits;
  // Joined, not concatenated: a string grown bit by bit keeps all its parts in memory.
  const digits: string[] = [];
  for (let i = 0; i < ID_LENGTH; i++) {
    digits.push(ALPHABET[Number(rest % 62n)] as string);
    rest /= 62n;
  }
  return digits.reverse().join('');
}

/** 48 bits of UTC milliseconds, then 80 of chance: the layout of UUIDv7 (RFC 9562) without its fixed bits. */
export const idFrom = (nowMs: number, entropy: Uint8Array): string => {
  let bits = BigInt(nowMs);
  for (let i = 0; i < 10; i++) bits = (bits << 8n) | BigInt(entropy[i] ?? 0);
  return base62(bits);
};

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, fn) {
    const timer = setTimeout(fn, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

export const systemRandom: Random = { next: () => Math.random() };

export const systemIds: IdSource = { next: () => idFrom(Date.now(), randomBytes(10)) };

export const systemSources: Sources = { clock: systemClock, random: systemRandom, ids: systemIds };
