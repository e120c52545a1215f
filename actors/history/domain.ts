/** What a play's events make of its entry. Pure; the order of events does not matter. */
import type { PlayContext, PlayerPublicEvent } from '../player-session/contract.ts';
import type { HistoryEntry } from './contract.ts';

export interface Play {
  readonly songId: string;
  /** Absent while only its end is known. */
  readonly startedAtMs?: number;
  readonly listenedMs: number;
  readonly counted: boolean;
  readonly context?: PlayContext;
}

const KINDS: readonly string[] = [
  'playStarted',
  'streamCounted',
  'playEnded',
] satisfies PlayerPublicEvent['type'][];

const isPublic = (event: unknown): event is PlayerPublicEvent =>
  typeof event === 'object' && event !== null && 'type' in event && KINDS.includes(String(event.type));

/** The events of a record of the player's journal that concern history. */
export function eventsIn(data: unknown): PlayerPublicEvent[] {
  const { events } = (data ?? {}) as { events?: unknown };
  return Array.isArray(events) ? events.filter(isPublic) : [];
}

export function playAfter(play: Play | undefined, event: PlayerPublicEvent): Play {
  const before: Play = play ?? { songId: event.songId, listenedMs: 0, counted: false };
  switch (event.type) {
    case 'playStarted':
      return { ...before, startedAtMs: event.atMs, ...(event.context && { context: event.context }) };
    case 'streamCounted':
      return {
        ...before,
        startedAtMs: before.startedAtMs ?? event.startedAtMs,
        counted: true,
        ...(event.context && { context: event.context }),
      };
    case 'playEnded':
      return { ...before, listenedMs: event.listenedMs };
  }
}

export function entryOf(playId: string, play: Play | undefined): HistoryEntry | undefined {
  if (play?.startedAtMs === undefined) return undefined;
  return { playId, ...play, startedAtMs: play.startedAtMs };
}

/** Whether open players should hear of the change. */
export const isNews = (before: HistoryEntry | undefined, after: HistoryEntry): boolean =>
  !before || (after.counted && !before.counted);
