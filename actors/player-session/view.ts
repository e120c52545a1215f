/** The session as its listener sees it. */
import { PLAYER_QUEUE_SHOWN_MAX } from '../../config/limits.ts';
import type { PlayerState } from './contract.ts';
import { isPlaying, PLAY_RULES, positionAt } from './listening.ts';
import { upcoming, upNextTotal } from './queue.ts';
import type { Play, SessionState } from './state.ts';

export function viewOf(state: SessionState, version: number, nowMs: number): PlayerState {
  const { play, context } = state;
  return {
    version,
    status: statusOf(state),
    ...(play && { deviceId: play.deviceId, current: currentOf(play, nowMs) }),
    ...(context && { context }),
    upNext: upcoming(state)
      .take(PLAYER_QUEUE_SHOWN_MAX)
      .map(({ entryId, songId, source }) => ({ entryId, songId, source }))
      .toArray(),
    upNextTotal: upNextTotal(state),
    shuffle: state.shuffled !== undefined,
    repeat: state.repeat,
  };
}

function statusOf({ play, songIds }: SessionState): PlayerState['status'] {
  if (play) return isPlaying(play) ? 'playing' : 'paused';
  return songIds.length > 0 ? 'ended' : 'idle';
}

const currentOf = (play: Play, nowMs: number) => ({
  entryId: play.entryId,
  songId: play.songId,
  playId: play.playId,
  durationMs: play.durationMs,
  positionMs: positionAt(play, nowMs, PLAY_RULES),
  asOfMs: nowMs,
  ...(play.soughtAtMs !== undefined && { soughtAtMs: play.soughtAtMs }),
  listenedMs: play.heardMs,
  counted: play.counted,
});
