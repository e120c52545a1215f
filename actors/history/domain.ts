/**
 * What a play's events make of its entry. Pure.
 *
 * Each event is a row of its own with a content of its own, and an entry is read from all of them. So nobody
 * reads before it writes, and neither order, repetition nor a process that comes late can take anything back.
 */
import type { PlayerPublicEvent } from '../player-session/contract.ts';
import type { HistoryEntry } from './contract.ts';

/** What one event tells of a play; a row that an earlier version wrote tells all of it. */
export type PartRow = Partial<HistoryEntry> & Pick<HistoryEntry, 'songId'>;

export interface Part {
  readonly playId: string;
  readonly startedAtMs: number;
  readonly kind: PlayerPublicEvent['type'];
  readonly row: PartRow;
}

/** Rows that one play can have: one an event kind, and one whole. */
export const PARTS_MAX = 4;

const isEvent = (event: unknown): event is PlayerPublicEvent =>
  typeof event === 'object' && event !== null && 'type' in event;

/** What a record of the player's journal tells of plays. */
export function partsIn(data: unknown): Part[] {
  const { events } = (data ?? {}) as { events?: unknown };
  return Array.isArray(events) ? events.filter(isEvent).flatMap(partOf) : [];
}

function partOf(event: PlayerPublicEvent): Part | [] {
  const { type: kind, playId, songId } = event;
  switch (event.type) {
    case 'playStarted': {
      const { atMs: startedAtMs, context } = event;
      return { playId, startedAtMs, kind, row: { songId, ...(context && { context }) } };
    }
    case 'streamCounted': {
      const { startedAtMs, context } = event;
      return { playId, startedAtMs, kind, row: { songId, counted: true, ...(context && { context }) } };
    }
    case 'playEnded': {
      const { startedAtMs, listenedMs } = event;
      return startedAtMs === undefined ? [] : { playId, startedAtMs, kind, row: { songId, listenedMs } };
    }
    default:
      // The session's own events are none of ours.
      return [];
  }
}

/** `rows` are those of one play and not empty. */
export function entryOf(playId: string, startedAtMs: number, rows: readonly PartRow[]): HistoryEntry {
  const context = rows.find((row) => row.context)?.context;
  return {
    playId,
    songId: rows[0]?.songId ?? '',
    startedAtMs,
    listenedMs: Math.max(...rows.map(({ listenedMs = 0 }) => listenedMs)),
    counted: rows.some(({ counted }) => counted),
    ...(context && { context }),
  };
}

/** Whether open players should hear of it. */
export const isNews = ({ kind }: Part): boolean => kind !== 'playEnded';
