/**
 * Listened time (SPEC PS9-PS20): what the devices claim, bounded by what the journaled times allow.
 */
import { CLAIM_TOLERANCE_MS, COUNTED_AFTER_LISTENED_MS, REPORT_GRACE_MS } from '../../config/limits.ts';
import type { Leg, Play } from './state.ts';

/** The rule's constants; a simulation breaks them on purpose to prove that it would notice. */
export interface PlayRules {
  readonly countedAfterMs: number;
  readonly shortSongsCount: boolean;
  readonly reportGraceMs: number;
  readonly claimToleranceMs: number;
  /** Always false: whether the distance of a seek adds to listened time. */
  readonly seekCounts: boolean;
}

export const PLAY_RULES: PlayRules = {
  countedAfterMs: COUNTED_AFTER_LISTENED_MS,
  shortSongsCount: false,
  reportGraceMs: REPORT_GRACE_MS,
  claimToleranceMs: CLAIM_TOLERANCE_MS,
  seekCounts: false,
};

export const isPlaying = (play: Play): boolean => play.openSinceMs !== undefined;

export function positionAt(play: Play, nowMs: number, rules: PlayRules): number {
  if (!isPlaying(play) || !play.moving) return play.positionMs;
  const elapsedMs = Math.min(Math.max(0, nowMs - play.asOfMs), rules.reportGraceMs);
  return Math.min(play.durationMs, play.positionMs + elapsedMs);
}

/** What the current leg may claim by now: its closed stretches and the open one. */
export function allowanceAt(play: Play, nowMs: number, rules: PlayRules): number {
  if (play.openSinceMs === undefined) return play.allowedMs;
  const restOfSongMs = play.durationMs - play.openFromMs + rules.reportGraceMs;
  return play.allowedMs + Math.min(Math.max(0, nowMs - play.openSinceMs), restOfSongMs);
}

const sumOf = (legs: readonly Leg[], of: 'heardMs' | 'allowedMs'): number =>
  legs.reduce((sum, leg) => sum + leg[of], 0);

export const listenedMs = (play: Play): number => play.heardMs + sumOf(play.earlierLegs, 'heardMs');

/** The listened time at which the play counts; Infinity when it never does. */
export function countsAtMs(play: Play, rules: PlayRules): number {
  if (play.durationMs >= rules.countedAfterMs) return rules.countedAfterMs;
  return rules.shortSongsCount ? play.durationMs : Number.POSITIVE_INFINITY;
}

/** Whether late reports could still make an ended play count. */
export const couldStillCount = (play: Play, rules: PlayRules): boolean =>
  !play.counted && play.allowedMs + sumOf(play.earlierLegs, 'allowedMs') >= countsAtMs(play, rules);

/** Ends the open stretch, if any. */
export const closeStretch = (play: Play, nowMs: number, rules: PlayRules): Play => ({
  ...play,
  allowedMs: allowanceAt(play, nowMs, rules),
  openSinceMs: undefined,
});

export const openStretch = (play: Play, nowMs: number, positionMs: number): Play => ({
  ...play,
  openSinceMs: nowMs,
  openFromMs: positionMs,
  positionMs,
  asOfMs: nowMs,
  moving: true,
});

/** The leg heard so much; less than is known already changes nothing. */
export function hear(play: Play, deviceId: string, heardMs: number): Play {
  if (deviceId === play.deviceId) {
    return heardMs > play.heardMs ? { ...play, heardMs } : play;
  }
  const index = play.earlierLegs.findLastIndex((leg) => leg.deviceId === deviceId);
  const leg = play.earlierLegs[index];
  if (!leg || heardMs <= leg.heardMs) return play;
  return { ...play, earlierLegs: play.earlierLegs.with(index, { ...leg, heardMs }) };
}

export interface Claim {
  /** What the leg is taken to have heard, after the claim. */
  readonly heardMs: number;
  /** The claim as it was made and what was allowed, when it is beyond what jitter explains. */
  readonly refused?: { readonly claimedMs: number; readonly allowedMs: number };
}

/** Judges a device's claim about a play, current or ended. Undefined when the device never sounded in it. */
export function judgeClaim(
  play: Play,
  deviceId: string,
  claimedMs: number,
  nowMs: number,
  rules: PlayRules,
): Claim | undefined {
  const current = deviceId === play.deviceId;
  const leg = current ? play : play.earlierLegs.findLast((earlier) => earlier.deviceId === deviceId);
  if (!leg) return undefined;
  const allowedMs = current ? allowanceAt(play, nowMs, rules) : leg.allowedMs;
  const ownMs = Math.max(0, claimedMs - leg.baseMs);
  const heardMs = Math.max(leg.heardMs, Math.min(ownMs, allowedMs));
  return ownMs > allowedMs + rules.claimToleranceMs
    ? { heardMs, refused: { claimedMs: ownMs, allowedMs } }
    : { heardMs };
}
