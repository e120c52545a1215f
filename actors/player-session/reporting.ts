/** What devices report, and when a play counts (SPEC PS10-PS22, PS26-PS27). */
import type { CommandOf } from './commands.ts';
import type { Draft } from './draft.ts';
import { countsAtMs, hear, heardBy, isPlaying, judgeClaim, listenedMs, positionAt } from './listening.ts';
import type { Play, SessionState } from './state.ts';

export function progress(draft: Draft, command: CommandOf<'progress'>): undefined {
  const { playId, deviceId } = command;
  const heard = report(draft, command);
  const { play } = draft.state;
  draft.report = {
    listenedMs: heard ? heardBy(heard, deviceId) : 0,
    counted: heard?.counted ?? false,
    current: play?.playId === playId && play.deviceId === deviceId && (isPlaying(play) || !command.playing),
  };
}

const playOf = (state: SessionState, playId: string): Play | undefined =>
  state.play?.playId === playId ? state.play : state.ended.find((play) => play.playId === playId);

interface Report {
  readonly playId: string;
  readonly deviceId: string;
  readonly listenedMs: number;
  readonly positionMs?: number;
  readonly playing?: boolean;
}

/**
 * Takes a claim as far as it is allowed and counts the play when that is enough.
 * Gives the play as it is afterwards; undefined when it is not remembered.
 */
export function report(draft: Draft, claimed: Report): Play | undefined {
  const { nowMs, rules, state: before } = draft;
  const { playId, deviceId } = claimed;
  const play = playOf(before, playId);
  const judged = play && judgeClaim(play, deviceId, claimed.listenedMs, nowMs, rules);
  if (!play || !judged) return play;
  const { songId, startedAtMs, country, tier, context } = play;
  const { heardMs, refused } = judged;
  const named = { playId, songId, deviceId, atMs: nowMs };
  if (refused && !play.suspected) draft.emit({ type: 'claimRefused', ...named, ...refused });
  const heard = hear(play, deviceId, heardMs);
  const counts = !play.counted && listenedMs(heard) >= countsAtMs(play, rules);
  if (counts) {
    const about = { startedAtMs, country, tier, ...(context && { context }) };
    draft.emit({ type: 'streamCounted', ...named, ...about, heardMs });
  }
  if (play === before.play && deviceId === play.deviceId) {
    const positionMs = Math.min(claimed.positionMs ?? positionAt(play, nowMs, rules), play.durationMs);
    const moving = claimed.playing ?? play.moving;
    draft.emitSoft({ type: 'reported', playId, deviceId, atMs: nowMs, heardMs, positionMs, moving });
  } else if (heard !== play && !play.counted && !counts) {
    draft.emit({ type: 'heardBefore', playId, deviceId, atMs: nowMs, heardMs });
  }
  return { ...heard, counted: play.counted || counts };
}
