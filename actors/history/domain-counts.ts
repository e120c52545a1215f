/**
 * What counted plays make of the rows that count them. Pure.
 *
 * Every function here merges: given the same play again, in whatever order, it finds nothing to change. So a
 * play is counted once, though records come again and several processes handle them.
 */
import { DAY_MS, RECENT_CONTEXTS_MAX } from '../../config/limits.ts';
import type { PlayerPublicEvent } from '../player-session/contract.ts';
import type { RecentItem } from './contract.ts';

export interface CountedPlay {
  readonly userId: string;
  readonly playId: string;
  readonly songId: string;
  readonly startedAtMs: number;
  readonly context?: RecentItem;
}

/** A listener's counted plays of a UTC day, some hundreds at most: a day has no room for 2,880 times 30 s. */
export interface DayRow {
  readonly plays: Readonly<Record<string, readonly [songId: string, startedAtMs: number]>>;
}

/** A song with one listener. */
export interface ListenerSongRow {
  /** Plays by day since the epoch: a day's number only grows, so the larger one is the later one. */
  readonly days: Readonly<Record<string, number>>;
  readonly lastAtMs: number;
  /** How many of them the song's total holds for certain. */
  readonly told: number;
}

/** A song with everyone. */
export interface SongTotalRow {
  readonly streams: number;
  readonly listeners: number;
  /** Of listeners whose own row may not know it yet: up to how many of their plays are in `streams`. */
  readonly pending: Readonly<Record<string, number>>;
}

export interface RecentRow {
  /** Newest first. */
  readonly items: readonly RecentItem[];
}

export const dayOf = (atMs: number): number => Math.floor(atMs / DAY_MS);

export const countOf = (row: ListenerSongRow | undefined): number =>
  Object.values(row?.days ?? {}).reduce((sum, plays) => sum + plays, 0);

/** The counted plays of a record of the player's journal. */
export function countedIn(userId: string, data: unknown): CountedPlay[] {
  const { events } = (data ?? {}) as { events?: unknown };
  if (!Array.isArray(events)) return [];
  return (events as (PlayerPublicEvent | null)[]).flatMap((event) => {
    if (event?.type !== 'streamCounted') return [];
    const { playId, songId, startedAtMs, context } = event;
    return { userId, playId, songId, startedAtMs, context: itemOf(songId, startedAtMs, context) };
  });
}

/** What a play was heard in; a song by itself where that is no place one can go back to. */
function itemOf(
  songId: string,
  playedAtMs: number,
  context: Extract<PlayerPublicEvent, { type: 'streamCounted' }>['context'],
): RecentItem {
  const isPlace = context?.type === 'album' || context?.type === 'artist' || context?.type === 'playlist';
  if (isPlace && context.id !== undefined) return { type: context.type, id: context.id, playedAtMs };
  return { type: 'song', id: songId, playedAtMs };
}

export function dayAfter(row: DayRow | undefined, plays: readonly CountedPlay[]): DayRow | undefined {
  const fresh = plays.filter(({ playId }) => !Object.hasOwn(row?.plays ?? {}, playId));
  if (fresh.length === 0) return undefined;
  const added = fresh.map(({ playId, songId, startedAtMs }) => [playId, [songId, startedAtMs]] as const);
  return { plays: { ...row?.plays, ...Object.fromEntries(added) } };
}

/** Of a song in a day: how often, and when last. */
export function playsIn({ plays }: DayRow, songId: string): { plays: number; lastAtMs: number } {
  const times = Object.values(plays).flatMap(([id, atMs]) => (id === songId ? [atMs] : []));
  return { plays: times.length, lastAtMs: Math.max(0, ...times) };
}

export function listenerSongAfter(
  row: ListenerSongRow | undefined,
  day: number,
  { plays, lastAtMs }: { readonly plays: number; readonly lastAtMs: number },
): ListenerSongRow | undefined {
  if (row && (row.days[day] ?? 0) >= plays && row.lastAtMs >= lastAtMs) return undefined;
  return {
    days: { ...row?.days, [day]: Math.max(row?.days[day] ?? 0, plays) },
    lastAtMs: Math.max(row?.lastAtMs ?? 0, lastAtMs),
    told: row?.told ?? 0,
  };
}

/** What one listener's row says of a song; undefined for a listener who is forgotten. */
export type Listened = Pick<ListenerSongRow, 'days' | 'told'> | undefined;

/**
 * The total with these listeners' plays, and without what their own rows know of by now.
 *
 * Whoever adds reads the total first and the listeners' rows after it. A row that does not know yet what was
 * added is named in `pending`, and nobody leaves `pending` before its row knows: so nothing is added twice.
 */
export function totalAfter(
  row: SongTotalRow | undefined,
  listeners: ReadonlyMap<string, Listened>,
): SongTotalRow | undefined {
  const pending: Record<string, number> = {};
  let [streams, people] = [row?.streams ?? 0, row?.listeners ?? 0];
  let isChanged = false;
  for (const [userId, upTo] of Object.entries(row?.pending ?? {})) {
    const listened = listeners.get(userId);
    const isKnown = listeners.has(userId) && (!listened || listened.told >= upTo);
    if (isKnown) isChanged = true;
    else pending[userId] = upTo;
  }
  for (const [userId, listened] of listeners) {
    const held = Math.max(listened?.told ?? 0, pending[userId] ?? 0);
    const count = listened ? countOf({ ...listened, lastAtMs: 0 }) : 0;
    if (count <= held) continue;
    streams += count - held;
    if (held === 0) people += 1;
    pending[userId] = count;
    isChanged = true;
  }
  return isChanged ? { streams, listeners: people, pending } : undefined;
}

export function recentAfter(
  row: RecentRow | undefined,
  played: readonly RecentItem[],
): RecentRow | undefined {
  const newest = new Map<string, RecentItem>();
  for (const item of [...(row?.items ?? []), ...played]) {
    const name = `${item.type} ${item.id}`;
    const known = newest.get(name);
    if (!known || known.playedAtMs < item.playedAtMs) newest.set(name, item);
  }
  const items = [...newest.values()]
    .sort((a, b) => b.playedAtMs - a.playedAtMs || (a.id < b.id ? -1 : 1))
    .slice(0, RECENT_CONTEXTS_MAX);
  const isSame = items.length === row?.items.length && items.every((item, i) => item === row.items[i]);
  return isSame ? undefined : { items };
}
