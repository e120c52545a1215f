/** Composes the gateway: REST, sockets, documentation and operations behind one handler and one upgrade. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ServiceSchema } from 'moleculer';
import { DEVICE_CHECK_MS_MAX, READY_DRAIN_MS } from '../../config/limits.ts';
import { type Caller, clientOf } from '../../kit/client.ts';
import { AntiphonError, NotFoundError } from '../../kit/errors.ts';
import {
  type HttpHandler,
  type HttpRequest,
  pathOf,
  problemOf,
  sendJson,
  sendProblem,
} from '../../kit/http.ts';
import { logger } from '../../kit/log.ts';
import type { Cache } from '../../kit/ports/cache.ts';
import type { Topics } from '../../kit/ports/topics.ts';
import type { Sources } from '../../kit/sources.ts';
import { accountsContract } from '../accounts/contract.ts';
import { catalogContract } from '../catalog/contract.ts';
import { historyContract } from '../history/contract.ts';
import { type AccessTokenVerifier, createAccess } from './access.ts';
import { createAdmission, DEFAULT_LIMITS, type RateLimits } from './admission.ts';
import { createArtistTop } from './artist-top.ts';
import { createBulkheads } from './bulkheads.ts';
import { createClientAddresses } from './client-address.ts';
import { type Bus, busAway, createDispatch } from './dispatch.ts';
import { createDocs } from './docs.ts';
import { gatewayServiceOf, type WebHandler } from './gateway.service.ts';
import { createHome } from './home.ts';
import { createLoad, isShed } from './load.ts';
import { openApiOf } from './openapi.ts';
import { createOperations, type ReadyCheck } from './operations.ts';
import { createOrigins } from './origin.ts';
import { createRateLimiter } from './rate-limit.ts';
import { createRefreshCookie } from './refresh-cookie.ts';
import { createRest } from './rest.ts';
import { API_PREFIX, createRouter } from './router.ts';
import { createSockets } from './sockets.ts';
import { recordClientEvent } from './telemetry.ts';

const log = logger('gateway');
const OPENAPI_PATH = `${API_PREFIX}/openapi.json`;

export interface GatewayOptions {
  /** Browsers reach the service by https (own TLS or a proxy's): decides cookie name and flags. */
  readonly secure: boolean;
  /** Where browsers reach the service when a proxy stands in front, e.g. https://music.example.org */
  readonly publicUrl?: string | undefined;
  /** Addresses or CIDR ranges whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  readonly corsOrigins: readonly string[];
  /** With it, /metrics also answers callers that are not on this machine. */
  readonly metricsToken?: string | undefined;
  readonly limits?: Partial<RateLimits>;
}

export interface GatewayDeps {
  readonly verifier: AccessTokenVerifier;
  readonly cache: Cache;
  readonly topics: Topics;
  readonly sources: Pick<Sources, 'clock' | 'ids'>;
  /** What /readyz asks, by the name it tells. */
  readonly readyChecks: Readonly<Record<string, ReadyCheck>>;
  readonly options: GatewayOptions;
}

export interface Gateway {
  /** For `broker.createService`. */
  readonly service: ServiceSchema;
  /** Answers /api, /docs, /healthz, /readyz and /metrics. */
  readonly handle: HttpHandler;
  /** Takes over sockets at /api/ws and refuses all others. */
  readonly upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /**
   * Says at /readyz that this node leaves, and resolves once whoever sends requests here has had READY_DRAIN_MS
   * to notice. Until the server closes it serves as before.
   */
  readonly leave: () => Promise<void>;
  /** Tells every socket that the service goes away (1001). */
  readonly close: () => Promise<void>;
}

export function createGateway({
  verifier,
  cache,
  topics,
  sources,
  readyChecks,
  options,
}: GatewayDeps): Gateway {
  const { clock, ids } = sources;
  let bus: Bus = busAway;
  let toWeb: WebHandler | undefined;
  let leaving = false;

  const { deviceActive } = clientOf(accountsContract, {
    call: (action, params, options) => bus.call(action, params, { ...options, timeout: DEVICE_CHECK_MS_MAX }),
  });
  const caller: Caller = { call: (action, params, options) => bus.call(action, params, options) };
  const actors = { catalog: clientOf(catalogContract, caller), history: clientOf(historyContract, caller) };
  const router = createRouter();
  const access = createAccess({ verifier, deviceActive, clock });
  const limiter = createRateLimiter({ cache, clock });
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const load = createLoad({ clock });
  const admission = createAdmission({ access, load, limiter, limits });
  const addresses = createClientAddresses(options.trustedProxies);
  const origins = createOrigins(options);
  const bulkheads = createBulkheads({ clock });
  const dispatch = createDispatch({ bus: () => bus, access, bulkheads, clock, ids });
  const cookie = createRefreshCookie({ secure: options.secure, origins, nowMs: () => clock.nowMs() });
  const serve = createRest({ admission, addresses, cookie, dispatch });
  const sockets = createSockets({
    access,
    admission,
    addresses,
    origins,
    dispatch,
    limiter,
    router,
    topics,
    sources,
  });
  const openApi = openApiOf();
  const docs = createDocs(openApi);
  const operations = createOperations({
    readyChecks,
    isLeaving: () => leaving,
    metricsToken: options.metricsToken,
    addresses,
    clock,
  });

  const fail = (req: HttpRequest, res: ServerResponse, error: unknown): void => {
    const requestId = req.requestId ?? '';
    const told = problemOf(error, requestId);
    if (told.status >= 500 && !isShed(error))
      log.error({ err: error, requestId, route: req.route }, 'request failed');
    if (res.headersSent) {
      res.destroy();
      return;
    }
    if (told.status === 401) res.setHeader('WWW-Authenticate', 'Bearer');
    // Bytes of a refused body may still be on their way; the connection is not worth reading them for.
    if (!req.complete) res.setHeader('Connection', 'close');
    sendProblem(res, told);
  };

  const noRoute = (req: HttpRequest, res: ServerResponse, path: string): void => {
    const allowed = router.allowed(path.slice(API_PREFIX.length));
    if (allowed.length === 0) {
      fail(req, res, new NotFoundError('NO_SUCH_ROUTE', 'The API has nothing here; see /docs.'));
      return;
    }
    const allow = allowed.includes('GET') ? ['HEAD', ...allowed] : allowed;
    res.setHeader('Allow', allow.join(', '));
    if (req.method === 'OPTIONS') {
      res.statusCode = 204;
      res.end();
    } else fail(req, res, new MethodNotAllowedError(allow));
  };

  const toApi = async (req: HttpRequest, res: ServerResponse, path: string): Promise<void> => {
    req.route = API_PREFIX;
    req.requestId ??= ids.next();
    if (origins.cors(req, res, () => router.allowed(path.slice(API_PREFIX.length)))) return;
    if (path === OPENAPI_PATH && (req.method === 'GET' || req.method === 'HEAD')) {
      req.route = OPENAPI_PATH;
      sendJson(res, 200, openApi);
      return;
    }
    // moleculer-web echoes what stands in these headers, well-formed or not.
    req.headers['x-request-id'] = req.requestId;
    delete req.headers['x-correlation-id'];
    const notFound = (error?: unknown) => (error ? fail(req, res, error) : noRoute(req, res, path));
    if (toWeb) await toWeb(req, res, notFound);
    else fail(req, res, await busAway.call('', {}, { meta: {} }).catch((error: unknown) => error));
  };

  return {
    service: gatewayServiceOf({
      router,
      serve,
      handlers: {
        events: async ({ events }) => {
          events.forEach(recordClientEvent);
          return {};
        },
        home: createHome(actors),
        artistTop: createArtistTop(actors),
      },
      fail,
      onCreated: (broker, handle) => {
        bus = broker;
        toWeb = handle;
      },
    }),
    async handle(req, res) {
      const path = pathOf(req.url ?? '/');
      if (path !== API_PREFIX && !path.startsWith(`${API_PREFIX}/`)) {
        return (await operations(req, res)) || docs(req, res);
      }
      await toApi(req, res, path);
      return true;
    },
    upgrade: sockets.upgrade,
    async leave() {
      leaving = true;
      await new Promise<void>((resolve) => clock.after(READY_DRAIN_MS, resolve));
    },
    async close() {
      load[Symbol.dispose]();
      await sockets.close();
    },
  };
}

class MethodNotAllowedError extends AntiphonError {
  readonly status = 405;
  constructor(allowed: readonly string[]) {
    super('METHOD_NOT_ALLOWED', `This address takes ${allowed.join(', ')}.`);
  }
}
