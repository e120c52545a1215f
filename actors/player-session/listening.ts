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

/** What the device that sounds may claim by now: its closed stretches and the open one. */
export function allowanceAt(play: Play, nowMs: number, rules: PlayRules): number {
  if (play.openSinceMs === undefined) return play.allowedMs;
  const restOfSongMs = play.durationMs - play.openFromMs + rules.reportGraceMs;
  return play.allowedMs + Math.min(Math.max(0, nowMs - play.openSinceMs), restOfSongMs);
}

const sumOf = (legs: readonly Leg[], of: 'heardMs' | 'allowedMs'): number =>
  legs.reduce((sum, leg) => sum + leg[of], 0);

/** What one device is known to have heard of the play. */
export const heardBy = (play: Play, deviceId: string): number =>
  deviceId === play.deviceId
    ? play.heardMs
    : (play.otherLegs.find((leg) => leg.deviceId === deviceId)?.heardMs ?? 0);

export const listenedMs = (play: Play): number => play.heardMs + sumOf(play.otherLegs, 'heardMs');

/** The listened time at which the play counts; Infinity when it never does. */
export function countsAtMs(play: Play, rules: PlayRules): number {
  if (play.durationMs >= rules.countedAfterMs) return rules.countedAfterMs;
  return rules.shortSongsCount ? play.durationMs : Number.POSITIVE_INFINITY;
}

/** Whether late reports could still make an ended play count. */
export const couldStillCount = (play: Play, rules: PlayRules): boolean =>
  !play.counted && play.allowedMs + sumOf(play.otherLegs, 'allowedMs') >= countsAtMs(play, rules);

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

/** The device heard so much of the play; less than is known already changes nothing. */
export function hear(play: Play, deviceId: string, heardMs: number): Play {
  if (deviceId === play.deviceId) {
    return heardMs > play.heardMs ? { ...play, heardMs } : play;
  }
  const index = play.otherLegs.findIndex((leg) => leg.deviceId === deviceId);
  const leg = play.otherLegs[index];
  if (!leg || heardMs <= leg.heardMs) return play;
  return { ...play, otherLegs: play.otherLegs.with(index, { ...leg, heardMs }) };
}

export interface Claim {
  /** What the device is taken to have heard, after the claim. */
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
  const sounding = deviceId === play.deviceId;
  const leg = sounding ? play : play.otherLegs.find((other) => other.deviceId === deviceId);
  if (!leg) return undefined;
  const allowedMs = sounding ? allowanceAt(play, nowMs, rules) : leg.allowedMs;
  const heardMs = Math.max(leg.heardMs, Math.min(claimedMs, allowedMs));
  const beyond = claimedMs > allowedMs + rules.claimToleranceMs;
  return beyond ? { heardMs, refused: { claimedMs, allowedMs } } : { heardMs };
}
