/** Folds a session's events into its state. Total: a journaled event is a fact. */
import { ENDED_PLAYS_MAX, PLAY_LEGS_MAX } from '../../config/limits.ts';
import {
  closeStretch,
  couldStillCount,
  hear,
  isPlaying,
  openStretch,
  type PlayRules,
  positionAt,
} from './listening.ts';
import { movedEntry, shuffledBy, unshuffled, withoutEntry } from './queue.ts';
import type { Leg, Play, SessionEvent, SessionState } from './state.ts';

type EventOf<T extends SessionEvent['type']> = Extract<SessionEvent, { type: T }>;

export function evolve(state: SessionState, event: SessionEvent, rules: PlayRules): SessionState {
  switch (event.type) {
    case 'playStarted':
      return started(state, event);
    case 'playEnded':
      return ended(state, event, rules);
    case 'streamCounted':
      return counted(state, event);
    case 'paused':
      return onPlay(state, event.playId, (play) => {
        const closed = closeStretch(hear(play, event.deviceId, event.heardMs), event.atMs, rules);
        return { ...closed, positionMs: event.positionMs, asOfMs: event.atMs };
      });
    case 'resumed':
      return onPlay(state, event.playId, (play) => openStretch(play, event.atMs, event.positionMs));
    case 'seeked':
      return onPlay(state, event.playId, (play) => seeked(play, event, rules));
    case 'transferred':
      return onPlay(state, event.playId, (play) => transferred(play, event, rules));
    case 'heardBefore':
      return onPlay(state, event.playId, (play) => hear(play, event.deviceId, event.heardMs));
    case 'reported':
      return onPlay(state, event.playId, (play) => reported(play, event));
    case 'claimRefused':
      return onPlay(state, event.playId, (play) => ({ ...play, suspected: true }));
    case 'contextSet': {
      const { context, songIds, entryBase, artists } = event;
      const plain = { order: undefined, shuffled: undefined, cursor: -1 };
      return { ...state, context, songIds, entryBase, artists, ...plain };
    }
    case 'shuffled':
      return shuffledBy(state, event.seed, event.first);
    case 'unshuffled':
      return unshuffled(state);
    case 'repeatSet':
      return { ...state, repeat: event.repeat };
    case 'queued': {
      const { entries, at } = event;
      return {
        ...state,
        queued: at === 'front' ? [...entries, ...state.queued] : [...state.queued, ...entries],
      };
    }
    case 'entryMoved':
      return movedEntry(state, event.entryId, event.afterEntryId);
    case 'entryRemoved':
      return withoutEntry(state, event.entryId);
    case 'queueCleared':
      return { ...state, queued: [] };
  }
}

/** Changes the play with this id, whether it is current or has ended and is remembered. */
function onPlay(state: SessionState, playId: string, change: (play: Play) => Play): SessionState {
  if (state.play?.playId === playId) return { ...state, play: change(state.play) };
  const index = state.ended.findIndex((play) => play.playId === playId);
  const play = state.ended[index];
  return play ? { ...state, ended: state.ended.with(index, change(play)) } : state;
}

const NO_LEGS: readonly Leg[] = [];

function started(state: SessionState, event: EventOf<'playStarted'>): SessionState {
  const play: Play = {
    playId: event.playId,
    nextPlayId: event.nextPlayId,
    entryId: event.entryId,
    songId: event.songId,
    source: event.source,
    context: event.context && state.context,
    deviceId: event.deviceId,
    durationMs: event.durationMs,
    startedAtMs: event.atMs,
    country: event.country,
    tier: event.tier,
    positionMs: event.positionMs,
    asOfMs: event.atMs,
    moving: true,
    heardMs: 0,
    allowedMs: 0,
    openSinceMs: event.atMs,
    openFromMs: event.positionMs,
    otherLegs: NO_LEGS,
    counted: false,
    suspected: false,
  };
  const queued = event.queuedTaken > 0 ? state.queued.slice(event.queuedTaken) : state.queued;
  return { ...state, play, queued, cursor: event.cursor };
}

function ended(state: SessionState, event: EventOf<'playEnded'>, rules: PlayRules): SessionState {
  if (state.play?.playId !== event.playId) return state;
  const play = closeStretch(hear(state.play, event.deviceId, event.heardMs), event.atMs, rules);
  const remembered = couldStillCount(play, rules)
    ? [...state.ended, play].slice(-ENDED_PLAYS_MAX)
    : state.ended;
  return { ...state, play: undefined, ended: remembered };
}

function counted(state: SessionState, event: EventOf<'streamCounted'>): SessionState {
  if (state.play?.playId === event.playId) {
    return { ...state, play: { ...hear(state.play, event.deviceId, event.heardMs), counted: true } };
  }
  return { ...state, ended: state.ended.filter((play) => play.playId !== event.playId) };
}

function seeked(play: Play, event: EventOf<'seeked'>, rules: PlayRules): Play {
  const heard = hear(play, event.deviceId, event.heardMs);
  const distanceMs = Math.abs(event.positionMs - positionAt(play, event.atMs, rules));
  const extraMs = rules.seekCounts ? distanceMs : 0;
  const closed = closeStretch(heard, event.atMs, rules);
  const moved: Play = {
    ...closed,
    allowedMs: closed.allowedMs + extraMs,
    heardMs: closed.heardMs + extraMs,
    positionMs: event.positionMs,
    asOfMs: event.atMs,
    soughtAtMs: event.atMs,
  };
  return isPlaying(play) ? openStretch(moved, event.atMs, event.positionMs) : moved;
}

function transferred(play: Play, event: EventOf<'transferred'>, rules: PlayRules): Play {
  const closed = closeStretch(hear(play, event.deviceId, event.heardMs), event.atMs, rules);
  const { deviceId, heardMs, allowedMs } = closed;
  const isTarget = (leg: Leg) => leg.deviceId === event.toDeviceId;
  const leg = closed.otherLegs.find(isTarget) ?? { heardMs: 0, allowedMs: 0 };
  const others = closed.otherLegs.filter((other) => !isTarget(other));
  const moved: Play = {
    ...closed,
    deviceId: event.toDeviceId,
    heardMs: leg.heardMs,
    allowedMs: leg.allowedMs,
    otherLegs: boundedLegs([...others, { deviceId, heardMs, allowedMs }]),
    positionMs: event.positionMs,
    asOfMs: event.atMs,
  };
  return event.playing ? openStretch(moved, event.atMs, event.positionMs) : moved;
}

const NO_DEVICE = '';

/** Beyond the limit the oldest two become one that nobody reports for, so that no listened time is lost. */
function boundedLegs(legs: readonly Leg[]): readonly Leg[] {
  const [first, second, ...rest] = legs;
  if (legs.length <= PLAY_LEGS_MAX || !first || !second) return legs;
  const heardMs = first.heardMs + second.heardMs;
  return [{ deviceId: NO_DEVICE, heardMs, allowedMs: heardMs }, ...rest];
}

function reported(play: Play, event: EventOf<'reported'>): Play {
  const heard = hear(play, event.deviceId, event.heardMs);
  return { ...heard, positionMs: event.positionMs, asOfMs: event.atMs, moving: event.moving };
}
