/** Who may make this request now: room first, since refusing must be cheap; then identity, role and limits. */
import {
  RATE_WINDOW_MS,
  REFRESH_REQUESTS_PER_MIN,
  SEARCH_REQUESTS_PER_MIN,
  STREAM_REQUESTS_PER_MIN,
  UNAUTHENTICATED_REQUESTS_PER_MIN,
  USER_REQUESTS_PER_MIN,
} from '../../config/limits.ts';
import { ForbiddenError, UnauthenticatedError } from '../../kit/errors.ts';
import type { WindowCount } from '../../kit/ports/cache.ts';
import type { AccessClaims } from '../accounts/contract.ts';
import type { Access } from './access.ts';
import { rankOf } from './bulkheads.ts';
import type { Load } from './load.ts';
import { assertAllowed, type Limit, type RateLimiter } from './rate-limit.ts';
import type { Route } from './routes.ts';

const perMinute = (name: string, max: number): Limit => ({ name, max, windowMs: RATE_WINDOW_MS });

export const DEFAULT_LIMITS = {
  stream: perMinute('stream', STREAM_REQUESTS_PER_MIN),
  search: perMinute('search', SEARCH_REQUESTS_PER_MIN),
  refresh: perMinute('refresh', REFRESH_REQUESTS_PER_MIN),
  unauthenticated: perMinute('unauthenticated', UNAUTHENTICATED_REQUESTS_PER_MIN),
  user: perMinute('user', USER_REQUESTS_PER_MIN),
} as const;
export type RateLimits = Readonly<Record<keyof typeof DEFAULT_LIMITS, Limit>>;

export interface Attempt {
  readonly route: Route;
  readonly token?: string | undefined;
  /** In place of a token, of a connection that has shown one. */
  readonly claims?: AccessClaims;
  /** The client's address as limits count it; asked for only when it matters. */
  readonly address: () => string;
  /** Told of each limit that is reported to the client, before it refuses. */
  readonly onCount: (limit: Limit, count: WindowCount) => void;
}

export interface Admission {
  /**
   * What the token says of the caller; undefined on open routes.
   *
   * @throws UnavailableError `OVERLOADED`, UnauthenticatedError, ForbiddenError or RateLimitedError.
   */
  admit(attempt: Attempt): Promise<AccessClaims | undefined>;
}

export interface AdmissionDeps {
  readonly access: Access;
  readonly load: Load;
  readonly limiter: RateLimiter;
  readonly limits: RateLimits;
}

export function createAdmission({ access, load, limiter, limits }: AdmissionDeps): Admission {
  const take = async (limit: Limit, who: string, { onCount }: Attempt): Promise<void> => {
    const count = await limiter.take(limit, who);
    onCount(limit, count);
    assertAllowed(limit, count);
  };

  const identify = async (attempt: Attempt): Promise<AccessClaims> => {
    try {
      if (attempt.claims) {
        await access.assertRegistered(attempt.claims);
        return attempt.claims;
      }
      if (attempt.token) return await access.identify(attempt.token);
    } catch (error) {
      if (!(error instanceof UnauthenticatedError)) throw error;
      await take(limits.unauthenticated, attempt.address(), attempt);
      throw error;
    }
    await take(limits.unauthenticated, attempt.address(), attempt);
    throw new UnauthenticatedError('TOKEN_MISSING', 'Log in and send the access token as Bearer.');
  };

  const takeHere = (userId: string, { onCount }: Attempt): void => {
    const count = limiter.takeHere(limits.user, userId);
    if (count.allowed) return;
    onCount(limits.user, count);
    assertAllowed(limits.user, count);
  };

  return {
    async admit(attempt) {
      const { route } = attempt;
      load.assertRoom(rankOf(route));
      if (route.auth === 'none') {
        await take(limits[route.limit ?? 'unauthenticated'], attempt.address(), attempt);
        return undefined;
      }
      const claims = await identify(attempt);
      const { sub } = claims;
      takeHere(sub, attempt);
      if (route.auth === 'admin' && !access.hasRole(claims, 'admin')) {
        throw new ForbiddenError('ADMIN_ONLY', 'Only an administrator may do this.');
      }
      if (route.limit) await take(limits[route.limit], sub, attempt);
      return claims;
    },
  };
}
