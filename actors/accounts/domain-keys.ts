/** When which signing key is made, signs, and is served to verifiers. */
import {
  ACCESS_TOKEN_TTL_MS,
  MINUTE_MS,
  SIGNING_KEY_LIFETIME_MS,
  SIGNING_KEY_PUBLISHED_AHEAD_MS,
} from '../../config/limits.ts';

export interface KeySchedule {
  readonly generation: number;
  readonly signsFromMs: number;
}

/** Nodes' clocks differ a little: a key is served for longer than its last token lives. */
const CLOCK_SKEW_MS_MAX = MINUTE_MS;

/** `keys` in order of generation. The oldest serves a machine whose clock was set back. */
export const signingKeyAt = <K extends KeySchedule>(keys: readonly K[], nowMs: number): K | undefined =>
  keys.findLast((key) => key.signsFromMs <= nowMs) ?? keys[0];

/** The key to make now, if any: the first signs at once, a later one after every verifier could learn it. */
export function nextKeyAt(keys: readonly KeySchedule[], nowMs: number): KeySchedule | undefined {
  const newest = keys.at(-1);
  if (!newest) return { generation: 1, signsFromMs: nowMs };
  const makeAtMs = newest.signsFromMs + SIGNING_KEY_LIFETIME_MS - SIGNING_KEY_PUBLISHED_AHEAD_MS;
  return nowMs < makeAtMs ? undefined : successorAt(keys, nowMs);
}

/** The key that follows the newest one before its time; none while one waits to sign. */
export function successorAt(keys: readonly KeySchedule[], nowMs: number): KeySchedule | undefined {
  const newest = keys.at(-1);
  if (!newest || newest.signsFromMs > nowMs) return undefined;
  return { generation: newest.generation + 1, signsFromMs: nowMs + SIGNING_KEY_PUBLISHED_AHEAD_MS };
}

export interface ShownKey {
  readonly kid: string;
  readonly state: 'next' | 'signing' | 'served';
  readonly signsFromMs: number;
  readonly signsUntilMs: number;
}

/** As administrators see them, newest first. */
export function shownKeysAt(
  keys: readonly (KeySchedule & { readonly kid: string })[],
  nowMs: number,
): ShownKey[] {
  const signing = signingKeyAt(keys, nowMs);
  const shown = keys.map(
    (key, i): ShownKey => ({
      kid: key.kid,
      state: key === signing ? 'signing' : key.signsFromMs > nowMs ? 'next' : 'served',
      signsFromMs: key.signsFromMs,
      signsUntilMs: keys[i + 1]?.signsFromMs ?? key.signsFromMs + SIGNING_KEY_LIFETIME_MS,
    }),
  );
  return shown.reverse();
}

/** Keys whose tokens may still be alive; the others can be forgotten. */
export const servedKeysAt = <K extends KeySchedule>(keys: readonly K[], nowMs: number): K[] =>
  keys.filter((_key, i) => {
    const successor = keys[i + 1];
    return !successor || nowMs < successor.signsFromMs + ACCESS_TOKEN_TTL_MS + CLOCK_SKEW_MS_MAX;
  });
