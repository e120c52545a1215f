/** Failed passwords and codes: a sliding window each, and a wait that doubles. */
import { hash } from 'node:crypto';
import {
  LOGIN_BACKOFF_MS,
  LOGIN_BACKOFF_MS_MAX,
  LOGIN_FAILURE_WINDOW_MS,
  LOGIN_FAILURES_FREE,
  LOGIN_FAILURES_PER_WINDOW_MAX,
} from '../../config/limits.ts';
import { RateLimitedError } from '../../kit/errors.ts';
import type { Cache } from '../../kit/ports/cache.ts';
import type { Clock } from '../../kit/sources.ts';

export interface Attempts {
  /** @throws RateLimitedError `TOO_MANY_ATTEMPTS` while the last failure's wait lasts. */
  assertMayTry(who: string): Promise<void>;
  failed(who: string): Promise<void>;
}

export function createAttempts(cache: Cache, clock: Clock): Attempts {
  // Hashed, since a listener may have typed a password where the name belongs.
  const keyOf = (kind: string, who: string): string => `accounts:${kind}:${hash('sha256', who, 'base64url')}`;

  return {
    async assertMayTry(who) {
      const untilMs = await cache.get<number>(keyOf('wait-until', who));
      const waitMs = (untilMs ?? 0) - clock.nowMs();
      if (waitMs <= 0) return;
      const retryAfterSec = Math.ceil(waitMs / 1000);
      throw new RateLimitedError(
        'TOO_MANY_ATTEMPTS',
        `Too many failed attempts; try again in ${retryAfterSec} s, or on a device that was signed in before.`,
        { retryAfterSec },
      );
    },

    async failed(who) {
      const { remaining } = await cache.take(
        keyOf('failures', who),
        LOGIN_FAILURES_PER_WINDOW_MAX,
        LOGIN_FAILURE_WINDOW_MS,
      );
      const beyondFree = LOGIN_FAILURES_PER_WINDOW_MAX - remaining - LOGIN_FAILURES_FREE;
      if (beyondFree <= 0) return;
      const waitMs = Math.min(LOGIN_BACKOFF_MS * 2 ** (beyondFree - 1), LOGIN_BACKOFF_MS_MAX);
      await cache.set(keyOf('wait-until', who), clock.nowMs() + waitMs, waitMs);
    },
  };
}
