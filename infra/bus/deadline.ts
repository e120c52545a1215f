/** Every call carries the moment after which nobody waits for it, and waits no longer than that. */
import type { CallingOptions, Context, Middleware } from 'moleculer';
import type { CallContext } from '../../kit/call-context.ts';
import { DeadlineExceededError } from '../../kit/errors.ts';
import type { Clock } from '../../kit/sources.ts';

type Call = (action: string, params: unknown, options: CallingOptions) => Promise<unknown>;

/** A nested call inherits the deadline of the call that it serves; a call without one gets `timeoutMs`. */
export const deadlines = (clock: Clock, timeoutMs: number): Middleware => ({
  name: 'Deadlines',
  call(next) {
    const send = next as Call;
    // One signature for the overloads of broker.call.
    const call: Call = (action, params, options = {}) => {
      const parent = options.parentCtx as Context<unknown, CallContext> | undefined;
      const given: CallContext = options.meta ?? {};
      const nowMs = clock.nowMs();
      const allowedMs = options.timeout || timeoutMs;
      const deadlineMs = given.deadlineMs ?? parent?.meta.deadlineMs ?? nowMs + allowedMs;
      if (deadlineMs <= nowMs) {
        return Promise.reject(
          new DeadlineExceededError('DEADLINE_EXCEEDED', `No time is left for ${action}.`),
        );
      }
      const timeout = Math.min(allowedMs, deadlineMs - nowMs);
      return send(action, params, { ...options, timeout, meta: { ...given, deadlineMs } });
    };
    return call as never;
  },
});
