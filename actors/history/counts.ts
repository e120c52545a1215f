/**
 * How often songs are heard: by one listener, by everyone. Each counted stream once, by its play's id.
 *
 * A play goes into the row of its listener's day; that day's number goes into the listener's row of the song, the
 * larger number being the later one; what that row has more than the song's total knows goes into the total.
 * Every step finds what is done already, so records may come again, late, or to two processes at once.
 */
import {
  COUNTED_SONGS_PER_SCAN,
  TOP_DAYS_PER_SCAN,
  TOP_DEFAULT,
  TOP_STALE_MAX,
} from '../../config/limits.ts';
import { erasePartition } from '../../kit/erase-partition.ts';
import { mergeRow } from '../../kit/merge-row.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import type { RecentItem, SongCounts, TopSong } from './contract.ts';
import {
  type CountedPlay,
  countOf,
  type DayRow,
  dayAfter,
  dayOf,
  listenerSongAfter,
  playsIn,
  recentAfter,
  totalAfter,
} from './domain-counts.ts';
import { dayTable, listenerSongTable, recentTable, songTotalTable, topTable } from './tables.ts';

export interface Counts {
  /** Into the rows of their listeners. */
  take(plays: readonly CountedPlay[]): Promise<void>;
  /** What these listeners' rows have that everyone's do not. */
  total(plays: readonly CountedPlay[]): Promise<void>;
  /** Deletes all of a listener's rows. What everyone's totals hold stays: it is nobody's any more. */
  forget(userId: string): Promise<void>;
  /** Nothing of these listeners stays named in the songs' totals. */
  unname(plays: readonly CountedPlay[]): Promise<void>;
  top(userId: string, options: { readonly sinceMs?: number; readonly limit?: number }): Promise<TopSong[]>;
  recent(userId: string): Promise<readonly RecentItem[]>;
  of(songIds: readonly string[]): Promise<SongCounts[]>;
}

/** Kept by name in a song's total before it is asked who of them is known. */
const PENDING_KEPT = 16;

export function createCounts(tables: Tables): Counts {
  const days = tables.open(dayTable);
  const listenerSongs = tables.open(listenerSongTable);
  const tops = tables.open(topTable);
  const totals = tables.open(songTotalTable);
  const recents = tables.open(recentTable);

  async function takeDay(userId: string, day: number, plays: readonly CountedPlay[]): Promise<void> {
    const { after } = await mergeRow(days, userId, [day], (row) => dayAfter(row, plays));
    if (!after) return;
    const songIds = new Set(plays.map((play) => play.songId));
    await Promise.all([...songIds].map((songId) => takeSong(userId, songId, day, after)));
  }

  async function takeSong(userId: string, songId: string, day: number, ofDay: DayRow): Promise<void> {
    const merged = await mergeRow(listenerSongs, userId, [songId], (row) =>
      listenerSongAfter(row, day, playsIn(ofDay, songId)),
    );
    const [before, now] = [countOf(merged.before), countOf(merged.after)];
    await tops.batch(userId, [
      { put: {}, ck: [now, songId] },
      ...(before === now || before === 0 ? [] : [{ delete: [before, songId] as [number, string] }]),
    ]);
  }

  async function takeOf(userId: string, plays: readonly CountedPlay[]): Promise<void> {
    for (const [day, ofDay] of Map.groupBy(plays, ({ startedAtMs }) => dayOf(startedAtMs))) {
      await takeDay(userId, day, ofDay);
    }
    const played = plays.flatMap(({ context }) => context ?? []);
    await mergeRow(recents, userId, [], (row) => recentAfter(row, played));
  }

  async function totalOf(songId: string, userIds: readonly string[]): Promise<void> {
    const { after } = await mergeRow(totals, songId, [], async (row) => {
      const named = Object.keys(row?.pending ?? {});
      const asked = [...new Set([...userIds, ...(named.length > PENDING_KEPT ? named : [])])];
      const rows = await Promise.all(asked.map((userId) => listenerSongs.getVersioned(userId, [songId])));
      return totalAfter(row, new Map(asked.map((userId, i) => [userId, rows[i]?.row])));
    });
    await Promise.all(
      userIds.map((userId) => {
        const held = after?.pending[userId];
        if (held === undefined) return undefined;
        return mergeRow(listenerSongs, userId, [songId], (row) =>
          row && row.told < held ? { ...row, told: held } : undefined,
        );
      }),
    );
  }

  const unname = async (userId: string, songIds: readonly string[]): Promise<void> => {
    const rows = await totals.getMany(songIds.map((songId) => [songId, []] as const));
    for (const [i, songId] of songIds.entries()) {
      if (rows[i]?.pending[userId] === undefined) continue;
      await mergeRow(totals, songId, [], (row) => {
        const { [userId]: held, ...pending } = row?.pending ?? {};
        return row && held !== undefined ? { ...row, pending } : undefined;
      });
    }
  };

  /** All time: rows by count are hints, and the listener's row of the song is asked whether they hold. */
  async function topOfAll(userId: string, limit: number): Promise<TopSong[]> {
    const items: TopSong[] = [];
    let cursor: string | undefined;
    let stale = 0;
    do {
      const page = await tops.scan(userId, { desc: true, limit, ...(cursor && { cursor }) });
      const rows = await listenerSongs.getMany(
        page.rows.map(({ ck: [, songId] }) => [userId, [songId]] as const),
      );
      for (const [i, { ck }] of page.rows.entries()) {
        const [plays, songId] = ck;
        const row = rows[i];
        if (row && countOf(row) === plays) items.push({ songId, plays, lastPlayedAtMs: row.lastAtMs });
        else stale += 1;
      }
      cursor = page.cursor;
    } while (cursor !== undefined && items.length < limit && stale < TOP_STALE_MAX);
    return items;
  }

  async function topSince(userId: string, sinceMs: number): Promise<TopSong[]> {
    const songs = new Map<string, { plays: number; lastPlayedAtMs: number }>();
    let cursor: string | undefined;
    do {
      const page = await days.scan(userId, {
        from: [dayOf(sinceMs)],
        limit: TOP_DAYS_PER_SCAN,
        ...(cursor && { cursor }),
      });
      for (const [songId, atMs] of page.rows.flatMap(({ row }) => Object.values(row.plays))) {
        if (atMs < sinceMs) continue;
        const { plays = 0, lastPlayedAtMs = 0 } = songs.get(songId) ?? {};
        songs.set(songId, { plays: plays + 1, lastPlayedAtMs: Math.max(lastPlayedAtMs, atMs) });
      }
      cursor = page.cursor;
    } while (cursor !== undefined);
    return [...songs].map(([songId, song]) => ({ songId, ...song }));
  }

  return {
    async take(plays) {
      const byUser = Map.groupBy(plays, ({ userId }) => userId);
      await Promise.all([...byUser].map(([userId, ofUser]) => takeOf(userId, ofUser)));
    },

    async total(plays) {
      const bySong = Map.groupBy(plays, ({ songId }) => songId);
      await Promise.all(
        [...bySong].map(([songId, ofSong]) =>
          totalOf(songId, [...new Set(ofSong.map(({ userId }) => userId))]),
        ),
      );
    },

    async forget(userId) {
      let cursor: string | undefined;
      do {
        const page = await listenerSongs.scan(userId, {
          limit: COUNTED_SONGS_PER_SCAN,
          ...(cursor && { cursor }),
        });
        await unname(
          userId,
          page.rows.map(({ ck: [songId] }) => songId),
        );
        cursor = page.cursor;
      } while (cursor !== undefined);
      await erasePartition(days, userId);
      await erasePartition(tops, userId);
      await erasePartition(listenerSongs, userId);
      await recents.delete(userId, []);
    },

    async unname(plays) {
      for (const { userId, songId } of plays) await unname(userId, [songId]);
    },

    async top(userId, { sinceMs, limit = TOP_DEFAULT }) {
      const items = sinceMs === undefined ? await topOfAll(userId, limit) : await topSince(userId, sinceMs);
      return items
        .sort(
          (a, b) =>
            b.plays - a.plays || b.lastPlayedAtMs - a.lastPlayedAtMs || (a.songId < b.songId ? -1 : 1),
        )
        .slice(0, limit);
    },

    recent: async (userId) => (await recents.get(userId, []))?.items ?? [],

    async of(songIds) {
      const rows = await totals.getMany(songIds.map((songId) => [songId, []] as const));
      return songIds.flatMap((songId, i) => {
        const row = rows[i];
        return row ? { songId, streams: row.streams, listeners: row.listeners } : [];
      });
    },
  };
}
