/** The steps that decisions are made of: a play starts, ends, or goes on elsewhere in its song. */
import type { AntiphonError } from '../../kit/errors.ts';
import type { Surroundings } from './commands.ts';
import type { PlayEnded } from './contract.ts';
import type { Draft } from './draft.ts';
import { listenedMs, positionAt } from './listening.ts';
import type { Candidate } from './queue.ts';
import { nothingToPlay } from './refusals.ts';
import type { Play } from './state.ts';

/** The id promised to whatever follows the current play, or a new one. */
export const idOfNext = (draft: Draft, around: Surroundings): string =>
  draft.state.play?.nextPlayId ?? around.newPlayId;

interface Starting {
  readonly playId: string;
  readonly deviceId: string;
  readonly around: Surroundings;
}

export function start(draft: Draft, candidate: Candidate, starting: Starting, positionMs = 0): void {
  const { around, playId, deviceId } = starting;
  const durationMs = around.songs.get(candidate.songId)?.durationMs ?? 0;
  const { context } = draft.state;
  draft.emit({
    type: 'playStarted',
    playId,
    nextPlayId: around.nextPlayId,
    entryId: candidate.entryId,
    songId: candidate.songId,
    source: candidate.source,
    deviceId,
    atMs: draft.nowMs,
    durationMs,
    positionMs: Math.min(positionMs, durationMs),
    country: around.country,
    tier: around.tier,
    queuedTaken: candidate.queuedTaken,
    cursor: candidate.cursor,
    ...(context && candidate.source === 'context' && { context }),
  });
}

/** What an event about the current play carries. */
export const markOf = (
  draft: Draft,
  play: Play,
  positionMs = positionAt(play, draft.nowMs, draft.rules),
) => ({
  playId: play.playId,
  deviceId: play.deviceId,
  atMs: draft.nowMs,
  heardMs: play.heardMs,
  positionMs,
});

export function endPlay(draft: Draft, why: PlayEnded['why']): undefined {
  const ending = draft.state.play;
  if (!ending) return;
  const position = why === 'ended' ? ending.durationMs : undefined;
  draft.emit({
    type: 'playEnded',
    ...markOf(draft, ending, position),
    songId: ending.songId,
    startedAtMs: ending.startedAtMs,
    listenedMs: listenedMs(ending),
    why,
  });
}

export function seekTo(draft: Draft, positionMs: number): AntiphonError | undefined {
  const { play } = draft.state;
  if (!play) return nothingToPlay();
  draft.emit({ type: 'seeked', ...markOf(draft, play, Math.min(positionMs, play.durationMs)) });
  return undefined;
}
