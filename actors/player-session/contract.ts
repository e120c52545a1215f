import { type Static, Type } from 'typebox';
import {
  CommandId,
  command,
  DurationMs,
  defineContract,
  Id,
  literals,
  object,
  query,
  TimeMs,
} from '../../kit/contract.ts';
import { Quality } from '../accounts/contract.ts';
import { Rung } from '../catalog/contract.ts';

/** Where the songs being played come from. */
export const PlayContext = object({
  type: literals('album', 'artist', 'playlist', 'search', 'likes', 'history', 'songs'),
  /** The album, artist or playlist. */
  id: Type.Optional(Type.String({ maxLength: 64 })),
});
export type PlayContext = Static<typeof PlayContext>;

/** One entry of the queue; the same song may stand in it twice. */
export const QueueEntry = object({
  entryId: Id,
  songId: Id,
  /** `context` entries were put there by play, `queued` ones by the listener: those sound first. */
  source: literals('context', 'queued'),
});
export type QueueEntry = Static<typeof QueueEntry>;

/** Why a song does not sound, or not as asked. */
export const Reason = literals(
  'NOT_IN_REGION',
  'NOT_RELEASED',
  'NOT_LICENSED',
  'NOT_READY',
  'REMOVED',
  'EXPLICIT_FILTERED',
  'PREMIUM_REQUIRED',
  'PLAYING_ELSEWHERE',
  'NOTHING_TO_PLAY',
);
export type Reason = Static<typeof Reason>;

const mediaUrls = {
  /** HLS multivariant playlist; `dashUrl` and `fileUrl` (progressive M4A of the highest rung) beside it. */
  hlsUrl: Type.String(),
  dashUrl: Type.String(),
  fileUrl: Type.String(),
  originalUrl: Type.Optional(
    Type.String({
      description:
        'The best file of the song as it lies on disk, in ranges; absent when there is none or `maxRung` is below the best',
    }),
  ),
};

/** A signed URL with what the client may do with it. */
export const Stream = object({
  playId: Id,
  songId: Id,
  ...mediaUrls,
  /** The same at the origin, for when no edge answers; absent where no edge stands in front. */
  fallback: Type.Optional(object(mediaUrls)),
  expiresAtMs: TimeMs,
  /** Highest rung allowed, with the reason when it is less than asked for. */
  maxRung: Rung,
  maxRungReason: Type.Optional(Reason),
});
export type Stream = Static<typeof Stream>;

export const PlayerState = object({
  /** Grows with each change: a client drops a state older than the one it has. */
  version: Type.Integer({ minimum: 0 }),
  status: literals('idle', 'playing', 'paused', 'ended'),
  /** The device that sounds; absent when idle. */
  deviceId: Type.Optional(Id),
  context: Type.Optional(PlayContext),
  current: Type.Optional(
    object({
      entryId: Id,
      songId: Id,
      playId: Id,
      durationMs: DurationMs,
      /** Position at `asOfMs`; while playing it moves on with the clock. */
      positionMs: DurationMs,
      asOfMs: TimeMs,
      /** Another time than before: the position was chosen, and the device that sounds goes there. */
      soughtAtMs: Type.Optional(TimeMs),
      /** Heard on the device that sounds; it goes on counting from here. */
      listenedMs: DurationMs,
      counted: Type.Boolean({ description: 'Whether this play has been counted (30 s listened)' }),
    }),
  ),
  /** What sounds next, queued entries first; at most PLAYER_QUEUE_SHOWN_MAX. */
  upNext: Type.Array(QueueEntry),
  upNextTotal: Type.Integer({ minimum: 0 }),
  shuffle: Type.Boolean(),
  repeat: literals('off', 'one', 'all'),
});
export type PlayerState = Static<typeof PlayerState>;

/** The answer to every command: the state, and for the device that sounds what to fetch now and next. */
export const PlayerAnswer = object({
  state: PlayerState,
  stream: Type.Optional(Stream),
  nextStream: Type.Optional(Stream),
  /** Songs that were passed over on the way, with the reason. */
  skipped: Type.Array(object({ songId: Id, reason: Reason })),
});
export type PlayerAnswer = Static<typeof PlayerAnswer>;

const who = { userId: Id, deviceId: Id };
const change = { ...who, commandId: Type.Optional(CommandId) };

export const playerContract = defineContract({
  name: 'player-session',
  key: 'userId',
  actions: {
    get: query('What is playing, where, and what comes next', { params: object(who), result: PlayerAnswer }),
    play: command('Play a song, a list of songs or a context on this device', {
      params: object({
        ...change,
        context: Type.Optional(PlayContext),
        /** The songs in order; may be left out for an album or artist context, or to resume. */
        songIds: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 1000 })),
        /** Start with this song of the list; default the first. */
        songId: Type.Optional(Id),
        positionMs: Type.Optional(DurationMs),
        shuffle: Type.Optional(Type.Boolean()),
      }),
      result: PlayerAnswer,
    }),
    pause: command('Pause', { params: object(change), result: PlayerAnswer }),
    resume: command('Resume on this device', { params: object(change), result: PlayerAnswer }),
    seek: command('Go to a position in the song', {
      params: object({ ...change, positionMs: DurationMs }),
      result: PlayerAnswer,
    }),
    next: command('Go to the next song; `ended` when the song was heard to its end', {
      params: object({
        ...change,
        /** The play the client believes to be current: a late or repeated next does not skip twice. */
        playId: Type.Optional(Id),
        /** Go to this entry of what is to come; what stands before it is passed over. */
        entryId: Type.Optional(Id),
        reason: Type.Optional(literals('skip', 'ended', 'failed')),
        listenedMs: Type.Optional(DurationMs),
      }),
      result: PlayerAnswer,
    }),
    previous: command('Go back to the start of the song, or to the song before', {
      params: object(change),
      result: PlayerAnswer,
    }),
    queue: command('Add to, move in or remove from the queue', {
      params: object({
        ...change,
        op: literals('add', 'playNext', 'move', 'remove', 'clear'),
        songIds: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 1000 })),
        entryId: Type.Optional(Id),
        /** With `move`: the entry behind which it goes; absent for the front. */
        afterEntryId: Type.Optional(Id),
      }),
      result: PlayerAnswer,
    }),
    mode: command('Set shuffle and repeat', {
      params: object({
        ...change,
        shuffle: Type.Optional(Type.Boolean()),
        repeat: Type.Optional(PlayerState.properties.repeat),
      }),
      result: PlayerAnswer,
    }),
    transfer: command('Go on playing on another device', {
      params: object({ ...change, toDeviceId: Id }),
      result: PlayerAnswer,
    }),
    /** Cumulative and idempotent: `listenedMs` so far in this play on this device. Sent every 10 s and at 30 s of listening. */
    progress: command('Report what was heard so far', {
      params: object({
        ...who,
        playId: Id,
        listenedMs: DurationMs,
        positionMs: DurationMs,
        playing: Type.Boolean(),
      }),
      result: object({
        listenedMs: DurationMs,
        counted: Type.Boolean(),
        /** False: this play is no longer the current one, is paused, or sounds elsewhere; stop and ask for the state. */
        current: Type.Boolean(),
      }),
      idempotent: true,
    }),
    stream: query('A signed URL for one song, with the quality asked for', {
      params: object({ ...who, songId: Id, quality: Type.Optional(Quality) }),
      result: Stream,
    }),
  },
});

/**
 * Journal stream `player`, subject `player.<userId>`. Each record's data is `{ commandId?, reply?, events }`
 * (kit/actor); consumers read the events. `streamCounted` is what royalties are paid on.
 */
export const PLAYER_STREAM = 'player';
export interface PlayStarted {
  readonly type: 'playStarted';
  readonly playId: string;
  readonly songId: string;
  readonly deviceId: string;
  readonly atMs: number;
  readonly country: string;
  readonly context?: PlayContext;
}
export interface StreamCounted {
  readonly type: 'streamCounted';
  readonly playId: string;
  readonly songId: string;
  readonly deviceId: string;
  readonly startedAtMs: number;
  readonly atMs: number;
  readonly country: string;
  readonly tier: 'free' | 'premium';
  readonly context?: PlayContext;
}
export interface PlayEnded {
  readonly type: 'playEnded';
  readonly playId: string;
  readonly songId: string;
  /** Absent in records of an earlier version. */
  readonly startedAtMs?: number;
  readonly atMs: number;
  readonly listenedMs: number;
  readonly positionMs: number;
  readonly why: 'ended' | 'skip' | 'failed' | 'replaced';
}
/** The public part of the session's events; the rest is the session's own business. */
export type PlayerPublicEvent = PlayStarted | StreamCounted | PlayEnded;
/** What a session is likely to play next, for whoever prepares it: a hint, not the order that will sound. */
export type SessionHint =
  | { readonly type: 'contextSet'; readonly songIds: readonly string[] }
  | { readonly type: 'shuffled' | 'unshuffled' | 'queueCleared' }
  | {
      readonly type: 'queued';
      readonly entries: readonly { readonly songId: string }[];
      readonly at: 'front' | 'end';
    };

/** Topic on which all of a listener's devices are told: `{ type: 'player.state', state }`. */
export const userTopic = (userId: string): string => `user.${userId}`;
