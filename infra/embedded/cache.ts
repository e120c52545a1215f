/** The cache in memory: gone with the process, bounded in each of its three parts. */
import {
  CACHE_ENTRIES_MAX,
  CACHE_MEMBERS_MAX,
  CACHE_SETS_MAX,
  CACHE_WINDOWS_MAX,
} from '../../config/engine-limits.ts';
import { BoundedMap } from '../../kit/bounded-map.ts';
import type { Cache } from '../../kit/ports/cache.ts';
import type { Clock } from '../../kit/sources.ts';

interface Entry {
  /** Text, so that nobody shares an object with the cache. */
  readonly json: string;
  readonly expiresAtMs: number;
}

export function openCache(clock: Clock, entriesMax = CACHE_ENTRIES_MAX): Cache {
  const entries = new BoundedMap<string, Entry>(entriesMax);
  /** The moments of all that was taken within the window, oldest first: the count is exact. */
  const windows = new BoundedMap<string, number[]>(CACHE_WINDOWS_MAX);
  const sets = new BoundedMap<string, BoundedMap<string, number>>(CACHE_SETS_MAX);

  return {
    async get<T>(key: string): Promise<T | undefined> {
      const entry = entries.get(key);
      if (!entry) return undefined;
      if (entry.expiresAtMs > clock.nowMs()) return JSON.parse(entry.json) as T;
      entries.delete(key);
      return undefined;
    },
    async set(key, value, ttlMs) {
      entries.set(key, { json: JSON.stringify(value), expiresAtMs: clock.nowMs() + ttlMs });
    },
    async delete(key) {
      entries.delete(key);
    },

    async take(key, limit, windowMs) {
      const nowMs = clock.nowMs();
      const takenAtMs = (windows.get(key) ?? []).filter((atMs) => atMs > nowMs - windowMs);
      const allowed = takenAtMs.length < limit;
      if (allowed) takenAtMs.push(nowMs);
      windows.set(key, takenAtMs);
      const remaining = Math.max(0, limit - takenAtMs.length);
      // One more fits when no more than limit - 1 are left in the window.
      const blocking = takenAtMs[takenAtMs.length - limit];
      const retryAfterMs = blocking === undefined ? 0 : blocking + windowMs - nowMs;
      return { allowed, remaining, retryAfterMs: limit > 0 ? retryAfterMs : windowMs };
    },

    async join(set, member, ttlMs) {
      const members = sets.get(set) ?? new BoundedMap<string, number>(CACHE_MEMBERS_MAX);
      members.set(member, clock.nowMs() + ttlMs);
      sets.set(set, members);
    },
    async leave(set, member) {
      const members = sets.get(set);
      members?.delete(member);
      if (members?.size === 0) sets.delete(set);
    },
    async members(set) {
      const present: string[] = [];
      const nowMs = clock.nowMs();
      const members = sets.get(set);
      for (const [member, untilMs] of members ?? []) {
        if (untilMs > nowMs) present.push(member);
        else members?.delete(member);
      }
      if (members?.size === 0) sets.delete(set);
      return present.sort();
    },
  };
}
