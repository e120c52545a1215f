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
  if (nowMs < makeAtMs) return undefined;
  return { generation: newest.generation + 1, signsFromMs: nowMs + SIGNING_KEY_PUBLISHED_AHEAD_MS };
}

/** Keys whose tokens may still be alive; the others can be forgotten. */
export const servedKeysAt = <K extends KeySchedule>(keys: readonly K[], nowMs: number): K[] =>
  keys.filter((_key, i) => {
    const successor = keys[i + 1];
    return !successor || nowMs < successor.signsFromMs + ACCESS_TOKEN_TTL_MS + CLOCK_SKEW_MS_MAX;
  });
