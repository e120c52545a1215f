/** Starting, pausing, resuming, seeking and moving a play between devices (SPEC PS1-PS9, PS24-PS25). */
import { BadRequestError } from '../../kit/errors.ts';
import type { CommandOf, Surroundings } from './commands.ts';
import type { Draft } from './draft.ts';
import { isPlaying } from './listening.ts';
import { startFollowing } from './moving-on.ts';
import { type Candidate, contextCandidate, fromTheTop, shuffledBy, upcoming } from './queue.ts';
import {
  MissingFacts,
  noneMaySound,
  nothingToPlay,
  type Objection,
  playableOf,
  refusalOfNamed,
} from './refusals.ts';
import type { Play, SessionState } from './state.ts';
import { endPlay, idOfNext, markOf, start } from './transitions.ts';

export function play(draft: Draft, command: CommandOf<'play'>): Objection | undefined {
  const { songIds, around, deviceId } = command;
  const refusal = refusalOfNamed(around, songIds.length === 1 ? songIds[0] : command.songId);
  if (refusal) return refusal;
  if (command.songId !== undefined && !songIds.includes(command.songId)) {
    return new BadRequestError('SONG_NOT_IN_LIST', 'songId is not among the songs to play: leave it out.');
  }
  const playableIds = playableOf(draft, songIds, around);
  if (playableIds.length === 0) return noneMaySound(draft);

  const playId = idOfNext(draft, around);
  endPlay(draft, 'replaced');
  const shuffle = command.shuffle ?? draft.state.shuffled !== undefined;
  draft.emit({
    type: 'contextSet',
    songIds: playableIds,
    entryBase: around.entryBase,
    artists: artistsOf(playableIds, around),
    ...(command.context && { context: command.context }),
  });
  const first = command.songId === undefined ? -1 : playableIds.indexOf(command.songId);
  if (shuffle) draft.emit({ type: 'shuffled', seed: around.seed, first });
  const candidate = contextCandidate(draft.state, shuffle ? 0 : Math.max(0, first));
  if (!candidate) return nothingToPlay();
  start(draft, { ...candidate, queuedTaken: 0 }, { playId, deviceId, around }, command.positionMs);
  return undefined;
}

/** A small number for each artist. */
function artistsOf(songIds: readonly string[], { songs }: Surroundings): number[] {
  const numbers = new Map<string, number>();
  return songIds.map((songId) => {
    const artist = songs.get(songId)?.artistId ?? songId;
    const number = numbers.get(artist) ?? numbers.size;
    numbers.set(artist, number);
    return number;
  });
}

export function pause(draft: Draft): undefined {
  const { play } = draft.state;
  if (play && isPlaying(play)) draft.emit({ type: 'paused', ...markOf(draft, play) });
}

export function resume(draft: Draft, command: CommandOf<'resume'>): Objection | undefined {
  const { state } = draft;
  const { deviceId, around } = command;
  if (!state.play) return startFollowing(draft, restarting(state, around.seed), command);
  if (state.play.deviceId !== deviceId) return transfer(draft, deviceId, around, true);
  if (isPlaying(state.play)) return undefined;
  const refusal = refusalOfCurrent(state.play, around);
  if (refusal) return refusal;
  draft.emit({ type: 'resumed', ...markOf(draft, state.play) });
  return undefined;
}

function* restarting(state: SessionState, seed: number): Generator<Candidate> {
  yield* upcoming(state);
  yield* fromTheTop(state.shuffled ? shuffledBy(state, seed, -1) : state);
}

function refusalOfCurrent(current: Play, around: Surroundings): Objection | undefined {
  if (!around.songs.has(current.songId)) return new MissingFacts([current.songId]);
  return refusalOfNamed(around, current.songId);
}

export function transfer(
  draft: Draft,
  toDeviceId: string,
  around: Surroundings,
  playing?: boolean,
): Objection | undefined {
  const current = draft.state.play;
  if (!current) return nothingToPlay();
  if (current.deviceId === toDeviceId) return undefined;
  const refusal = refusalOfCurrent(current, around);
  if (refusal) return refusal;
  draft.emit({
    type: 'transferred',
    ...markOf(draft, current),
    toDeviceId,
    playing: playing ?? isPlaying(current),
  });
  return undefined;
}
