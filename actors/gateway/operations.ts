/** What operators and their tools ask: alive, ready, metrics. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { READY_CHECK_WAIT_MS } from '../../config/limits.ts';
import { ForbiddenError } from '../../kit/errors.ts';
import { type HttpHandler, type HttpRequest, pathOf, sendJson } from '../../kit/http.ts';
import { logger } from '../../kit/log.ts';
import { collectProcessMetrics, registry } from '../../kit/metrics.ts';
import type { Clock } from '../../kit/sources.ts';
import { bearerOf } from './access.ts';
import type { ClientAddresses } from './client-address.ts';

const log = logger('gateway');

/** Resolves when the part can do its work, rejects when it cannot. */
export type ReadyCheck = () => Promise<unknown>;

export interface OperationsDeps {
  readonly readyChecks: Readonly<Record<string, ReadyCheck>>;
  /** Whether this node is about to leave, so that no new request should be sent to it. */
  readonly isLeaving: () => boolean;
  readonly metricsToken?: string | undefined;
  readonly addresses: ClientAddresses;
  readonly clock: Clock;
}

const digest = (text: string) => createHash('sha256').update(text).digest();
const sameSecret = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

/** The event loop's delay stands for all that prom-client measures of the process: either both or none. */
function measureProcessOnce(): void {
  if (!registry.getSingleMetric('nodejs_eventloop_lag_seconds')) collectProcessMetrics();
}

export function createOperations({
  readyChecks,
  isLeaving,
  metricsToken,
  addresses,
  clock,
}: OperationsDeps): HttpHandler {
  measureProcessOnce();

  const run = (check: ReadyCheck): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const timer = clock.after(READY_CHECK_WAIT_MS, () => reject(new Error('No answer in time.')));
      check()
        .then(resolve, reject)
        .finally(() => timer.cancel());
    });

  const readiness = async (): Promise<Record<string, 'ok' | 'failed'>> => {
    const results = Object.entries(readyChecks).map(async ([name, check]) => {
      try {
        await run(check);
        return [name, 'ok'] as const;
      } catch (error) {
        log.warn({ err: error, check: name }, 'not ready');
        return [name, 'failed'] as const;
      }
    });
    return Object.fromEntries(await Promise.all(results));
  };

  const assertMayReadMetrics = (req: HttpRequest): void => {
    const token = bearerOf(req.headers.authorization);
    if (metricsToken && token && sameSecret(token, metricsToken)) return;
    if (addresses.isLocal(req)) return;
    throw new ForbiddenError('METRICS_ARE_LOCAL', 'Ask from this machine, or with the metrics token.');
  };

  const pages: Readonly<Record<string, HttpHandler>> = {
    '/healthz': async (_req, res) => {
      sendJson(res, 200, { status: 'ok' });
      return true;
    },
    '/readyz': async (_req, res) => {
      if (isLeaving()) {
        sendJson(res, 503, { status: 'leaving' });
        return true;
      }
      const checks = await readiness();
      const ready = Object.values(checks).every((state) => state === 'ok');
      sendJson(res, ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', checks });
      return true;
    },
    '/metrics': async (req, res) => {
      assertMayReadMetrics(req);
      res.setHeader('Content-Type', registry.contentType);
      res.end(req.method === 'HEAD' ? undefined : await registry.metrics());
      return true;
    },
  };

  return async (req, res) => {
    const path = pathOf(req.url ?? '');
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
    if (!page || (req.method !== 'GET' && req.method !== 'HEAD')) return false;
    req.route = path;
    res.setHeader('Cache-Control', 'no-store');
    return page(req, res);
  };
}
