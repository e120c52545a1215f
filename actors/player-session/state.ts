/** What a session remembers, and the events that it is folded from. Times are UTC milliseconds. */
import type { Tier } from '../accounts/contract.ts';
import type { PlayContext, PlayEnded, PlayStarted, StreamCounted } from './contract.ts';

/** One device's share of a play: what it reported and what its closed stretches allow. */
export interface Leg {
  readonly deviceId: string;
  readonly heardMs: number;
  readonly allowedMs: number;
}

export interface Play extends Leg {
  readonly playId: string;
  /** The id of the play that will follow, so that its media can be fetched ahead. */
  readonly nextPlayId: string;
  readonly entryId: string;
  readonly songId: string;
  readonly source: 'context' | 'queued';
  readonly context: PlayContext | undefined;
  readonly durationMs: number;
  readonly startedAtMs: number;
  readonly country: string;
  readonly tier: Tier;
  /** Position at `asOfMs`; `moving` is false while the device reports that it does not sound. */
  readonly positionMs: number;
  readonly asOfMs: number;
  readonly moving: boolean;
  /** When a listener last chose the position; absent while the play goes on from where it began. */
  readonly soughtAtMs?: number;
  /** The open stretch of the device that sounds, if playing. */
  readonly openSinceMs: number | undefined;
  readonly openFromMs: number;
  /** The other devices' shares. */
  readonly otherLegs: readonly Leg[];
  readonly counted: boolean;
  /** Whether evidence of a claim beyond the wall clock has been journaled. */
  readonly suspected: boolean;
}

export interface QueuedEntry {
  readonly entryId: string;
  readonly songId: string;
}

export interface SessionState {
  readonly play: Play | undefined;
  /** Plays that have ended uncounted and could still count by a late report, oldest first. */
  readonly ended: readonly Play[];
  readonly queued: readonly QueuedEntry[];
  readonly context: PlayContext | undefined;
  /** Songs of the context; a song's index here makes its entry id (queue.ts). */
  readonly songIds: readonly string[];
  readonly entryBase: string;
  /** By index of the song: songs with one number are by one artist. Undefined in contexts of an earlier version. */
  readonly artists: readonly number[] | undefined;
  /** Indexes into `songIds` as the listener put them; undefined for all of them in order. */
  readonly order: readonly number[] | undefined;
  /** The order in which they sound while shuffled; undefined when shuffle is off. */
  readonly shuffled: readonly number[] | undefined;
  readonly repeat: Repeat;
  /** Place in the sounding order of the context's last song that sounded; -1 before the first. */
  readonly cursor: number;
}
export type Repeat = 'off' | 'one' | 'all';

const NONE: readonly never[] = [];

export const initialState = (): SessionState => ({
  play: undefined,
  ended: NONE,
  queued: NONE,
  context: undefined,
  songIds: NONE,
  entryBase: '',
  artists: undefined,
  order: undefined,
  shuffled: undefined,
  repeat: 'off',
  cursor: -1,
});

/** `heardMs` is what the leg's device had reported by then, so that a fold of the journal knows it too. */
interface LegMark {
  readonly playId: string;
  readonly deviceId: string;
  readonly atMs: number;
  readonly heardMs: number;
  readonly positionMs: number;
}

export type SessionEvent =
  | (PlayStarted & {
      readonly nextPlayId: string;
      readonly entryId: string;
      readonly source: 'context' | 'queued';
      readonly durationMs: number;
      readonly positionMs: number;
      readonly country: string;
      readonly tier: Tier;
      /** How many queued entries this start used up: itself and those passed over. */
      readonly queuedTaken: number;
      readonly cursor: number;
    })
  | (StreamCounted & { readonly heardMs: number })
  | (PlayEnded & { readonly deviceId: string; readonly heardMs: number })
  | ({ readonly type: 'paused' } & LegMark)
  | ({ readonly type: 'resumed' } & LegMark)
  | ({ readonly type: 'seeked' } & LegMark)
  /** `deviceId` is the device that sounded until now. */
  | ({ readonly type: 'transferred'; readonly toDeviceId: string; readonly playing: boolean } & LegMark)
  /** What a device that sounds no more had heard: it may not tell again. */
  | ({ readonly type: 'heardBefore' } & Omit<LegMark, 'positionMs'>)
  | {
      readonly type: 'claimRefused';
      readonly playId: string;
      readonly songId: string;
      readonly deviceId: string;
      readonly atMs: number;
      readonly claimedMs: number;
      readonly allowedMs: number;
    }
  /** Soft, never journaled. */
  | ({ readonly type: 'reported'; readonly moving: boolean } & LegMark)
  | {
      readonly type: 'contextSet';
      readonly context?: PlayContext;
      readonly songIds: readonly string[];
      readonly entryBase: string;
      readonly artists?: readonly number[];
    }
  /** `first` is the index of the song that leads the shuffled order; -1 for none. */
  | { readonly type: 'shuffled'; readonly seed: number; readonly first: number }
  | { readonly type: 'unshuffled' }
  | { readonly type: 'repeatSet'; readonly repeat: Repeat }
  | { readonly type: 'queued'; readonly entries: readonly QueuedEntry[]; readonly at: 'front' | 'end' }
  | { readonly type: 'entryMoved'; readonly entryId: string; readonly afterEntryId?: string }
  | { readonly type: 'entryRemoved'; readonly entryId: string }
  | { readonly type: 'queueCleared' };
