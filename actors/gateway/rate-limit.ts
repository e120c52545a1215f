/**
 * Sliding-window limits. Those of a user or address hold over all nodes through the cache, which counts on
 * each node for itself while what is shared is away.
 */
import { RATE_KEYS_MAX } from '../../config/limits.ts';
import { RateLimitedError } from '../../kit/errors.ts';
import type { Cache, WindowCount } from '../../kit/ports/cache.ts';
import type { Clock } from '../../kit/sources.ts';

export interface Limit {
  readonly name: string;
  readonly max: number;
  readonly windowMs: number;
}

interface Window {
  startMs: number;
  count: number;
  previous: number;
}

/** Two fixed windows weighted by how far the younger has come: close to a sliding one at 3 numbers a key. */
export class LocalWindows {
  /** By limit, then by who: a key made of both would have to be hashed anew for every request. */
  readonly #windows = new Map<string, Map<string, Window>>();

  take(who: string, { name, max, windowMs }: Limit, nowMs: number): WindowCount {
    const window = this.#at(name, who, windowMs, nowMs);
    const elapsedMs = nowMs - window.startMs;
    const used = window.previous * (1 - elapsedMs / windowMs) + window.count;
    if (used + 1 <= max) {
      window.count++;
      return { allowed: true, remaining: Math.floor(max - used - 1), retryAfterMs: 0 };
    }
    // The older window's weight falls with time; once the younger is full it must itself become the older.
    const freeAt = (older: number, younger: number) =>
      windowMs * (1 - Math.max(0, max - 1 - younger) / older);
    const retryAfterMs =
      window.count + 1 <= max
        ? freeAt(window.previous, window.count) - elapsedMs
        : windowMs - elapsedMs + freeAt(window.count, 0);
    return { allowed: false, remaining: 0, retryAfterMs: Math.max(1, Math.ceil(retryAfterMs)) };
  }

  #at(name: string, who: string, windowMs: number, nowMs: number): Window {
    const ofLimit = this.#windows.get(name) ?? new Map<string, Window>();
    if (ofLimit.size === 0) this.#windows.set(name, ofLimit);
    let window = ofLimit.get(who);
    if (!window) {
      const oldest = ofLimit.keys().next();
      if (ofLimit.size >= RATE_KEYS_MAX && !oldest.done) ofLimit.delete(oldest.value);
      window = { startMs: nowMs, count: 0, previous: 0 };
      ofLimit.set(who, window);
    }
    const passed = Math.floor((nowMs - window.startMs) / windowMs);
    if (passed > 0) {
      window.previous = passed === 1 ? window.count : 0;
      window.count = 0;
      window.startMs += passed * windowMs;
    }
    return window;
  }
}

export interface RateLimiter {
  /** Over all nodes. */
  take(limit: Limit, who: string): Promise<WindowCount>;
  /** On this node alone, without waiting for anything. */
  takeHere(limit: Limit, who: string): WindowCount;
}

export function createRateLimiter({ cache, clock }: { cache: Cache; clock: Clock }): RateLimiter {
  const windows = new LocalWindows();
  return {
    take: ({ name, max, windowMs }, who) => cache.take(`rate:${name}:${who}`, max, windowMs),
    takeHere: (limit, who) => windows.take(who, limit, clock.nowMs()),
  };
}

/** Header fields of draft-ietf-httpapi-ratelimit-headers. */
export function rateLimitHeaders(limit: Limit, { remaining, retryAfterMs }: WindowCount): [string, string][] {
  const resetSec = Math.ceil((retryAfterMs || limit.windowMs) / 1000);
  return [
    ['RateLimit-Policy', `"${limit.name}";q=${limit.max};w=${limit.windowMs / 1000}`],
    ['RateLimit', `"${limit.name}";r=${remaining};t=${resetSec}`],
  ];
}

export function assertAllowed(limit: Limit, count: WindowCount): void {
  if (count.allowed) return;
  const retryAfterSec = Math.max(1, Math.ceil(count.retryAfterMs / 1000));
  throw new RateLimitedError('RATE_LIMITED', `Too many requests; try again in ${retryAfterSec} s.`, {
    reason: limit.name,
    retryAfterSec,
  });
}
