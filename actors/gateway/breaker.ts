/**
 * A circuit breaker for a service that the rest can do without: while it keeps failing nobody waits for it,
 * and it is left alone. Not for keyed actors, where one bad key would shut out all others.
 */
import {
  BREAKER_CALLS_MIN,
  BREAKER_FAILED_SHARE,
  BREAKER_OPEN_MS,
  BREAKER_WINDOW_MS,
  SECOND_MS,
} from '../../config/limits.ts';
import { AntiphonError, UnavailableError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import { gauge } from '../../kit/metrics.ts';
import type { Clock } from '../../kit/sources.ts';

const log = logger('gateway');
const states = gauge('gateway_breaker_open', '1 while calls of a service are refused', ['service']);

export interface Breaker {
  /** @throws UnavailableError `SERVICE_AWAY` while the service is left alone. */
  run<T>(call: () => Promise<T>): Promise<T>;
}

interface Closed {
  readonly s: 'closed';
  readonly sinceMs: number;
  readonly calls: number;
  readonly failed: number;
}
type State =
  | Closed
  | { readonly s: 'open'; readonly untilMs: number }
  /** One call tries whether it is back. */
  | { readonly s: 'probing' };

/** A refusal of the service is an answer; what it could not do, or did not say, is a failure. */
const isFailure = (error: unknown): boolean => !(error instanceof AntiphonError) || error.status >= 500;

export function createBreaker(service: string, clock: Clock): Breaker {
  const closed = (): Closed => ({ s: 'closed', sinceMs: clock.nowMs(), calls: 0, failed: 0 });
  let state: State = closed();
  states.set({ service }, 0);

  const open = (): void => {
    state = { s: 'open', untilMs: clock.nowMs() + BREAKER_OPEN_MS };
    states.set({ service }, 1);
    log.warn({ service }, 'keeps failing: left alone for a while');
  };

  const close = (): void => {
    state = closed();
    states.set({ service }, 0);
    log.info({ service }, 'is back');
  };

  const note = (current: Closed, failed: boolean): void => {
    const isOver = clock.nowMs() - current.sinceMs > BREAKER_WINDOW_MS;
    const { sinceMs, calls, failed: before } = isOver ? closed() : current;
    const after = { s: 'closed', sinceMs, calls: calls + 1, failed: before + (failed ? 1 : 0) } as const;
    state = after;
    const isJudged = after.calls >= BREAKER_CALLS_MIN;
    if (isJudged && after.failed / after.calls >= BREAKER_FAILED_SHARE) open();
  };

  const ended = (failed: boolean, probe: boolean): void => {
    if (probe && failed) open();
    else if (probe) close();
    else if (state.s === 'closed') note(state, failed);
  };

  /** Whether the call to be made now is the probe. */
  const enter = (): boolean => {
    if (state.s === 'closed') return false;
    if (state.s === 'open' && clock.nowMs() >= state.untilMs) {
      state = { s: 'probing' };
      return true;
    }
    throw new UnavailableError('SERVICE_AWAY', 'A part of the service is away; try again in a moment.', {
      reason: service,
      retryAfterSec: BREAKER_OPEN_MS / SECOND_MS,
    });
  };

  return {
    async run(call) {
      const probe = enter();
      try {
        const result = await call();
        ended(false, probe);
        return result;
      } catch (error) {
        ended(isFailure(error), probe);
        throw error;
      }
    },
  };
}
