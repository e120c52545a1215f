/** What a session can be told, what it has to know for that, and what it answers. */
import type { Tier } from '../accounts/contract.ts';
import type { PlayContext, Reason } from './contract.ts';
import type { Repeat } from './state.ts';

/** What the session has to know of a song that is about to sound, for this listener, now. */
export interface SongFacts {
  readonly durationMs: number;
  /** The first of its artists. */
  readonly artistId?: string;
  /** Why it may not sound; `unknown` when there is no such song. */
  readonly against?: Reason | 'unknown';
}

/** What the shell looks up and draws for a command that can start a play. */
export interface Surroundings {
  /** By song id. A song that is needed and missing here is asked for (`missingSongIds` of the reply). */
  readonly songs: ReadonlyMap<string, SongFacts>;
  readonly country: string;
  readonly tier: Tier;
  readonly newPlayId: string;
  readonly nextPlayId: string;
  readonly entryBase: string;
  /** 32 bits of chance for shuffling. */
  readonly seed: number;
}

interface From {
  readonly deviceId: string;
}
export type With = From & { readonly around: Surroundings };

export type SessionCommand =
  | ({
      readonly type: 'play';
      readonly context?: PlayContext;
      readonly songIds: readonly string[];
      readonly songId?: string;
      readonly positionMs?: number;
      readonly shuffle?: boolean;
    } & With)
  | ({ readonly type: 'pause' } & From)
  | ({ readonly type: 'resume' } & With)
  | ({ readonly type: 'seek'; readonly positionMs: number } & From)
  | ({
      readonly type: 'next';
      readonly playId?: string;
      readonly entryId?: string;
      readonly reason?: 'skip' | 'ended' | 'failed';
      readonly listenedMs?: number;
    } & With)
  | ({ readonly type: 'previous' } & With)
  | ({
      readonly type: 'queue';
      readonly op: 'add' | 'playNext' | 'move' | 'remove' | 'clear';
      readonly songIds?: readonly string[];
      readonly entryId?: string;
      readonly afterEntryId?: string;
    } & With)
  | ({
      readonly type: 'mode';
      readonly shuffle?: boolean;
      readonly repeat?: Repeat;
      readonly seed: number;
    } & From)
  | ({ readonly type: 'transfer'; readonly toDeviceId: string } & With)
  | ({
      readonly type: 'progress';
      readonly playId: string;
      readonly listenedMs: number;
      readonly positionMs: number;
      readonly playing: boolean;
    } & From)
  | { readonly type: 'deviceRemoved'; readonly deviceId: string }
  | { readonly type: 'close' };

export type CommandOf<T extends SessionCommand['type']> = Extract<SessionCommand, { type: T }>;

export interface Skipped {
  readonly songId: string;
  readonly reason: Reason;
}

export interface SessionReply {
  readonly skipped: readonly Skipped[];
  /** Nothing was decided yet: these songs have to be looked up first. */
  readonly missingSongIds?: readonly string[];
  /** The answer to a report. */
  readonly report?: { readonly listenedMs: number; readonly counted: boolean; readonly current: boolean };
}
