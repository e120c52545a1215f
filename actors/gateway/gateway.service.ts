/**
 * The gateway as a Moleculer service: moleculer-web in middleware mode, below one HTTP server that also
 * carries media, pages and sockets.
 *
 * Routes do not end in action names, since moleculer-web picks the endpoint before it knows the parameters,
 * and rendezvous routing needs them. Path matching is ours for one truth with sockets, the error answer for
 * problem+json.
 */
import type { ServerResponse } from 'node:http';
import type { CallingOptions, ServiceSchema } from 'moleculer';
import ApiGateway from 'moleculer-web';
import type { Handlers } from '../../kit/contract.ts';
import type { HttpRequest } from '../../kit/http.ts';
import { serviceOf } from '../../kit/service.ts';
import { gatewayContract } from './contract.ts';
import type { Bus } from './dispatch.ts';
import type { ServeRest } from './rest.ts';
import { API_PREFIX, type Match, type Router } from './router.ts';

/** The request as moleculer-web hands it on. */
interface RoutedRequest extends HttpRequest {
  readonly originalUrl: string;
}

interface Found {
  readonly alias: { readonly match: Match };
}

type Next = (error?: unknown) => void;
export type WebHandler = (req: HttpRequest, res: ServerResponse, next: Next) => Promise<void>;

interface WebService {
  readonly broker: Bus;
  readonly routes: readonly unknown[];
  readonly httpHandler: WebHandler;
}

export interface GatewayServiceDeps {
  readonly router: Router;
  readonly serve: ServeRest;
  readonly handlers: Handlers<typeof gatewayContract>;
  readonly fail: (req: HttpRequest, res: ServerResponse, error: unknown) => void;
  /** Called once the service exists: requests can be handed to it, and it has a bus. */
  readonly onCreated: (bus: Bus, handle: WebHandler) => void;
}

export function gatewayServiceOf({
  router,
  serve,
  handlers,
  fail,
  onCreated,
}: GatewayServiceDeps): ServiceSchema {
  const own = serviceOf(gatewayContract, handlers);

  return {
    ...own,
    mixins: [ApiGateway as unknown as ServiceSchema],
    settings: {
      server: false,
      // Nothing of this concerns other nodes, so it is kept out of the registry.
      $secureSettings: ['routes'],
      // The server tells the request id and waits for open requests when it closes.
      rootCallOptions: (options: CallingOptions) => {
        options.requestID = '';
        options.tracking = false;
      },
      logRequest: null,
      logRequestParams: null,
      logResponse: null,
      logRouteRegistration: null,
      routes: [{ path: API_PREFIX, bodyParsers: false, logging: false, mappingPolicy: 'restrict' }],
    },
    // What moleculer-web adds for a gateway that is changed while it runs.
    actions: { ...own.actions, listAliases: false, addRoute: false, removeRoute: false },
    methods: {
      resolveAlias(this: WebService, path: string, method: string) {
        const match = router.find(method, path.slice(API_PREFIX.length));
        return match ? { alias: { route: this.routes[0], match } } : false;
      },
      // In place of moleculer-web's middlewares, body parsers, CORS and lists of allowed actions, none of
      // which has anything to do here.
      async routeHandler(
        _ctx: unknown,
        _route: unknown,
        req: RoutedRequest,
        res: ServerResponse,
        found?: Found,
      ) {
        // Null makes moleculer-web hand the request to `next`.
        if (!found) return null;
        await serve(found.alias.match, req.originalUrl, req, res);
        return true;
      },
      parseQueryString: (req: HttpRequest) => {
        const url = req.url ?? '';
        const end = url.indexOf('?');
        return { url: end < 0 ? url : url.slice(0, end), query: {} };
      },
      errorHandler: fail,
    },
    created(this: WebService) {
      onCreated(this.broker, (req, res, next) => this.httpHandler(req, res, next));
    },
  } as unknown as ServiceSchema;
}
