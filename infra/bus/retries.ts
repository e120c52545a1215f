/**
 * Calls that survive a node: an attempt that ended without an answer is made again, elsewhere if the node is
 * gone, as long as the caller waits and the budget pays (docs/decisions/0010).
 */
import type { CallingOptions, Middleware } from 'moleculer';
import {
  BUS_ATTEMPT_MS,
  BUS_AWAY_MS_MAX,
  BUS_RETRY_PAUSE_MS,
  BUS_RETRY_PAUSE_MS_MAX,
} from '../../config/engine-limits.ts';
import { type CallContext, currentCall } from '../../kit/call-context.ts';
import { AntiphonError, DeadlineExceededError } from '../../kit/errors.ts';
import { counter } from '../../kit/metrics.ts';
import type { Clock, Random } from '../../kit/sources.ts';
import { LostAttemptError } from './lost-attempt.ts';
import type { AttemptOptions } from './peers.ts';
import type { RetryBudget } from './retry-budget.ts';

const retried = counter('bus_retries_total', 'Calls made again, by why', ['why']);
const refused = counter('bus_retries_refused_total', 'Retries that the budget did not pay for');

type Options = CallingOptions & AttemptOptions;
type Send = (action: string, params: unknown, options: Options) => Promise<unknown>;

export interface RetriesDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly budget: RetryBudget;
}

/** Why a call is made again, and on what terms. */
interface Grounds {
  readonly why: string;
  /** It had no effect, so that any call can be made again. */
  readonly unserved: boolean;
  /** It costs the other side nothing, or the sweep has paid for it. */
  readonly free: boolean;
  /** It may be that nobody hosts the service: not worth waiting for to the end. */
  readonly away: boolean;
}

/** Moleculer's own errors, by name, that end an attempt without an answer. */
const NOT_THERE = new Set(['ServiceNotFoundError', 'ServiceNotAvailableError']);
const NODE_LEFT = 'RequestRejectedError';

function groundsOf(error: unknown, action: string, isOutermost: boolean): Grounds | undefined {
  if (error instanceof LostAttemptError) {
    const undelivered = error.loss === 'undelivered';
    return { why: error.code, unserved: undelivered, free: true, away: undelivered };
  }
  // What served this call may pass on that an action was not there which it needed itself.
  const { name, data } = error as Error & { data?: { action?: string } };
  if (NOT_THERE.has(name) && data?.action === action) {
    return { why: 'NOT_THERE', unserved: true, free: true, away: true };
  }
  if (name === NODE_LEFT && data?.action === action) {
    return { why: 'NODE_LEFT', unserved: false, free: false, away: false };
  }
  // An actor's own refusal is answered by whoever made the first call, or retries would multiply by depth.
  if (!isOutermost || !(error instanceof AntiphonError)) return undefined;
  const goOn = error instanceof DeadlineExceededError || error.retryable;
  if (!goOn || error.data.retryAfterSec !== undefined) return undefined;
  return { why: error.code, unserved: false, free: false, away: false };
}

export function retries({ clock, random, budget }: RetriesDeps): Middleware {
  const pauseMsAfter = (tries: number): number => {
    const limitMs = Math.min(BUS_RETRY_PAUSE_MS * 2 ** (tries - 1), BUS_RETRY_PAUSE_MS_MAX);
    return limitMs * (0.5 + random.next() / 2);
  };

  const pause = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));

  return {
    name: 'Retries',
    call(next) {
      const send = next as unknown as Send;

      const attempt = (action: string, params: unknown, options: Options): Promise<unknown> => {
        const sentAtMs = clock.nowMs();
        const { deadlineMs } = options.meta as CallContext;
        const timeout = Math.max(1, (deadlineMs ?? sentAtMs) - sentAtMs);
        if (options.repeatable !== 'idempotent') {
          return send(action, params, { ...options, timeout, sentAtMs });
        }
        // A first attempt that comes to life after the second must not undo what was done in between.
        const endsAtMs = Math.min(deadlineMs ?? sentAtMs, sentAtMs + BUS_ATTEMPT_MS);
        const meta = { ...options.meta, deadlineMs: endsAtMs };
        return send(action, params, { ...options, timeout, sentAtMs, meta });
      };

      const goOn = async (action: string, params: unknown, options: Options, first: unknown) => {
        const isOutermost = currentCall().deadlineMs === undefined;
        const startedAtMs = clock.nowMs();
        const deadlineMs = (options.meta as CallContext).deadlineMs ?? startedAtMs;
        let error = first;
        for (let tries = 1; ; tries++) {
          const grounds = groundsOf(error, action, isOutermost);
          if (!grounds || !(grounds.unserved || options.repeatable)) throw error;
          const isSilent = error instanceof LostAttemptError && error.loss !== 'undelivered';
          const pauseMs = isSilent ? 0 : pauseMsAfter(tries);
          const untilMs = grounds.away ? Math.min(deadlineMs, startedAtMs + BUS_AWAY_MS_MAX) : deadlineMs;
          if (clock.nowMs() + pauseMs >= untilMs) throw error;
          if (!grounds.free && !budget.withdraw()) {
            refused.inc();
            throw error;
          }
          retried.inc({ why: grounds.why });
          if (pauseMs > 0) await pause(pauseMs);
          try {
            return await attempt(action, params, options);
          } catch (caught) {
            error = caught;
          }
        }
      };

      const call: Send = (action, params, options) => {
        budget.deposit();
        return attempt(action, params, options).catch((error: unknown) =>
          goOn(action, params, options, error),
        );
      };
      return call as never;
    },
  };
}
