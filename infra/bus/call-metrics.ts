/** Counts and times each action where it is served, and logs what no caller could have caused. */
import type { ActionHandler, ActionSchema, Context, Middleware } from 'moleculer';
import { AntiphonError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import { counter, histogram } from '../../kit/metrics.ts';

const log = logger('bus');
const calls = counter('action_calls_total', 'Actions served', ['action', 'outcome']);
const seconds = histogram(
  'action_duration_seconds',
  'Time to serve an action',
  [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  ['action'],
);

export const callMetrics: Middleware = {
  name: 'CallMetrics',
  localAction(next: ActionHandler, { name: action = '', visibility }: ActionSchema): ActionHandler {
    // A step of a service within itself: what it serves is counted at its own door.
    if (visibility === 'private') return next;
    const serve = next as (ctx: Context) => Promise<unknown>;
    const duration = seconds.labels(action);
    const served = calls.labels(action, 'OK');
    const failed = (error: unknown): never => {
      const expected = error instanceof AntiphonError;
      calls.inc({ action, outcome: expected ? error.code : 'UNEXPECTED' });
      if (!expected) log.error({ err: error, action }, 'action failed');
      throw error;
    };
    return (ctx: Context): Promise<unknown> => {
      const startedAtMs = performance.now();
      const ended = () => duration.observe((performance.now() - startedAtMs) / 1000);
      return serve(ctx).then(
        (result) => {
          ended();
          served.inc();
          return result;
        },
        (error: unknown) => {
          ended();
          return failed(error);
        },
      );
    };
  },
};
