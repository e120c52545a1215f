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

/** Two fixed windows weighted by how far the younger has come: close to a sliding one at 3 numbers a key. */
export class SlidingWindow {
  #startMs: number;
  #count = 0;
  #previous = 0;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  /** Always of the same limit. */
  take({ max, windowMs }: Limit, nowMs: number): WindowCount {
    const elapsedMs = this.#moveOn(windowMs, nowMs);
    const used = this.#previous * (1 - elapsedMs / windowMs) + this.#count;
    if (used + 1 <= max) {
      this.#count++;
      return { allowed: true, remaining: Math.floor(max - used - 1), retryAfterMs: 0 };
    }
    // The older window's weight falls with time; once the younger is full it must itself become the older.
    const freeAt = (older: number, younger: number) =>
      windowMs * (1 - Math.max(0, max - 1 - younger) / older);
    const retryAfterMs =
      this.#count + 1 <= max
        ? freeAt(this.#previous, this.#count) - elapsedMs
        : windowMs - elapsedMs + freeAt(this.#count, 0);
    return { allowed: false, remaining: 0, retryAfterMs: Math.max(1, Math.ceil(retryAfterMs)) };
  }

  /** How far the younger window has come. */
  #moveOn(windowMs: number, nowMs: number): number {
    const passed = Math.floor((nowMs - this.#startMs) / windowMs);
    if (passed > 0) {
      this.#previous = passed === 1 ? this.#count : 0;
      this.#count = 0;
      this.#startMs += passed * windowMs;
    }
    return nowMs - this.#startMs;
  }
}

/** The windows of everybody on this node. */
export class LocalWindows {
  /** By limit, then by who: a key made of both would have to be hashed anew for every request. */
  readonly #windows = new Map<string, Map<string, SlidingWindow>>();

  take(who: string, limit: Limit, nowMs: number): WindowCount {
    const ofLimit = this.#windows.get(limit.name) ?? new Map<string, SlidingWindow>();
    if (ofLimit.size === 0) this.#windows.set(limit.name, ofLimit);
    let window = ofLimit.get(who);
    if (!window) {
      const oldest = ofLimit.keys().next();
      if (ofLimit.size >= RATE_KEYS_MAX && !oldest.done) ofLimit.delete(oldest.value);
      window = new SlidingWindow(nowMs);
      ofLimit.set(who, window);
    }
    return window.take(limit, nowMs);
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
