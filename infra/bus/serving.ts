/**
 * What this node serves: counted and timed by action, logged when no caller could have caused a failure, given
 * up when nobody waits for it any more, and ended before its service stops.
 *
 * In place of Moleculer's own ContextTracker, Timeout and ErrorHandler, which cost a call a timer and ten
 * promises.
 */
import {
  type ActionHandler,
  type ActionSchema,
  type Context,
  Errors,
  type Middleware,
  type Service,
} from 'moleculer';
import { BUS_SHUTDOWN_WAIT_MS, BUS_SWEEP_EVERY_MS } from '../../config/engine-limits.ts';
import { AntiphonError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import { counter, histogram } from '../../kit/metrics.ts';
import type { Clock } from '../../kit/sources.ts';

const log = logger('bus');
const calls = counter('action_calls_total', 'Actions served', ['action', 'outcome']);
const seconds = histogram(
  'action_duration_seconds',
  'Time to serve an action',
  [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  ['action'],
);

/** A call that is being served; times as performance.now() tells them. */
interface OpenCall {
  readonly action: string;
  readonly service: Service;
  readonly startedAtMs: number;
  readonly untilMs: number;
  readonly reject: (error: unknown) => void;
}

export function serving(clock: Clock): Middleware {
  const open = new Set<OpenCall>();
  let isSweeping = false;
  let nodeID = '';

  /** One timer for all, and none while nothing is served. */
  function sweep(): void {
    const nowMs = performance.now();
    for (const call of open) {
      if (call.untilMs > nowMs) continue;
      open.delete(call);
      call.reject(new Errors.RequestTimeoutError({ action: call.action, nodeID }));
    }
    isSweeping = open.size > 0;
    if (isSweeping) clock.after(BUS_SWEEP_EVERY_MS, sweep);
  }

  function startSweeping(): void {
    isSweeping = true;
    clock.after(BUS_SWEEP_EVERY_MS, sweep);
  }

  const isServing = (service: Service): boolean => [...open].some((call) => call.service === service);

  return {
    name: 'Serving',
    created(broker) {
      ({ nodeID } = broker);
    },
    localAction(next: ActionHandler, schema: ActionSchema): ActionHandler {
      const { name: action = '', visibility, service } = schema as ActionSchema & { service: Service };
      // A step of a service within itself: what it serves is counted at its own door.
      if (visibility === 'private') return next;
      const serve = next as (ctx: Context) => Promise<unknown>;
      const duration = seconds.labels(action);
      const succeeded = calls.labels(action, 'OK');

      const ended = (call: OpenCall): void => {
        open.delete(call);
        duration.observe((performance.now() - call.startedAtMs) / 1000);
      };
      const failed = (error: unknown): void => {
        const expected = error instanceof AntiphonError;
        calls.inc({ action, outcome: expected ? error.code : 'UNEXPECTED' });
        if (!expected) log.error({ err: error, action }, 'action failed');
      };
      return (ctx: Context): Promise<unknown> =>
        new Promise((resolve, reject) => {
          const startedAtMs = performance.now();
          const untilMs = startedAtMs + (ctx.options.timeout || Number.POSITIVE_INFINITY);
          const call: OpenCall = { action, service, startedAtMs, untilMs, reject };
          open.add(call);
          if (!isSweeping) startSweeping();
          serve(ctx).then(
            (result) => {
              ended(call);
              succeeded.inc();
              resolve(result);
            },
            (error: unknown) => {
              ended(call);
              failed(error);
              reject(error);
            },
          );
        });
    },
    async serviceStopping(service: Service) {
      const untilMs = performance.now() + BUS_SHUTDOWN_WAIT_MS;
      while (isServing(service) && performance.now() < untilMs) {
        await new Promise<void>((resolve) => void clock.after(BUS_SWEEP_EVERY_MS, resolve));
      }
    },
  } as Middleware;
}
