/**
 * One HTTP or HTTPS server that asks its handlers in order, and answers what they all share: request ids,
 * security headers, limits, the log line, and a problem when nobody answers.
 */
import { createServer, IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  CLOSE_GRACE_MS,
  HEADERS_BYTES_MAX,
  HEADERS_COUNT_MAX,
  HEADERS_TIMEOUT_MS,
  KEEP_ALIVE_MS,
  REQUEST_TIMEOUT_MS,
  SECOND_MS,
  URL_LENGTH_MAX,
} from '../../config/limits.ts';
import { CLIENT_GONE, recordRequest } from '../../kit/access-log.ts';
import { AntiphonError, BadRequestError, NotFoundError } from '../../kit/errors.ts';
import { type HttpHandler, type HttpRequest, problemOf, sendProblem } from '../../kit/http.ts';
import { logger } from '../../kit/log.ts';
import type { Sources } from '../../kit/sources.ts';
import { HttpResponse } from './response.ts';
import { securityHeaders } from './security-headers.ts';

const log = logger('http');

export interface NamedHandler {
  /** Stands for the route in logs and metrics unless the handler names a template. */
  readonly name: string;
  readonly handle: HttpHandler;
  /** Its successes are logged only at level debug. */
  readonly quiet?: boolean;
}

export interface HttpServerOptions {
  /** Asked in order; the first that answers ends the request. */
  readonly handlers: readonly NamedHandler[];
  /** PEM certificate chain and key; absent: plain HTTP. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  /** Browsers reach the service by https (own TLS or a proxy's). */
  readonly secure?: boolean;
  /** Where pages of ours fetch sound, when an edge stands apart. */
  readonly mediaUrl?: string;
  readonly upgrade?: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Told once no new connection is taken: closes what was upgraded. */
  readonly closing?: () => Promise<void>;
  readonly sources: Pick<Sources, 'clock' | 'ids'>;
  readonly limits?: Partial<HttpLimits>;
}

export interface HttpLimits {
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly closeGraceMs: number;
}

export interface HttpServer extends AsyncDisposable {
  readonly server: Server<typeof IncomingMessage, typeof HttpResponse>;
  /** Resolves with the address once connections are taken. Port 0 picks a free one. */
  listen(options: { host: string; port: number }): Promise<{ readonly url: string; readonly port: number }>;
  /** Takes no new connection, lets requests finish, then closes what is left after the grace. */
  close(): Promise<void>;
}

const REQUEST_ID = /^[\w.-]{8,64}$/;
const DEFAULT_LIMITS: HttpLimits = {
  headersTimeoutMs: HEADERS_TIMEOUT_MS,
  requestTimeoutMs: REQUEST_TIMEOUT_MS,
  closeGraceMs: CLOSE_GRACE_MS,
};

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { handlers, tls, upgrade, sources } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const headers = securityHeaders(options.secure ?? tls !== undefined, options.mediaUrl);
  const quietRoutes = new Set(handlers.filter((handler) => handler.quiet).map((handler) => handler.name));
  const nextRequestId = requestIds(sources.ids.next());
  let closing: Promise<void> | undefined;

  const answer = async (req: HttpRequest, res: ServerResponse): Promise<void> => {
    if (!req.url?.startsWith('/')) throw new BadRequestError('BAD_URL', 'Ask for a path that starts with /.');
    if (req.url.length > URL_LENGTH_MAX) throw new UriTooLongError();
    for (const handler of handlers) {
      req.route = handler.name;
      if (await handler.handle(req, res)) return;
    }
    req.route = 'none';
    throw new NotFoundError('NO_SUCH_PAGE', 'There is nothing at this address.');
  };

  const onRequest = (req: HttpRequest, res: HttpResponse): void => {
    const startedAtMs = performance.now();
    const given = req.headers['x-request-id'];
    const requestId = typeof given === 'string' && REQUEST_ID.test(given) ? given : nextRequestId();
    req.requestId = requestId;
    res.shared = headers.concat('X-Request-Id', requestId, closing ? ['Connection', 'close'] : []);
    res.on('close', () => {
      const route = req.route ?? 'none';
      const record = {
        requestId,
        method: req.method ?? '',
        route,
        status: res.writableFinished ? res.statusCode : CLIENT_GONE,
        durationMs: Math.round((performance.now() - startedAtMs) * 100) / 100,
      };
      recordRequest(record, { quiet: quietRoutes.has(route) });
      if (closing) server.closeIdleConnections();
    });
    answer(req, res).catch((error: unknown) => fail(error, requestId, res));
  };

  const server: HttpServer['server'] = tls
    ? createTlsServer({ ...tls, minVersion: 'TLSv1.2', ...serverOptions(limits) }, onRequest)
    : createServer(serverOptions(limits), onRequest);
  server.maxHeadersCount = HEADERS_COUNT_MAX;
  server.on('clientError', refuseUnparsed);
  server.on('upgrade', (req, socket, head) => {
    if (closing || !upgrade) return refuseUpgrade(socket);
    upgrade(req, socket, head);
  });

  const close = (): Promise<void> => {
    closing ??= (async () => {
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const grace = sources.clock.after(limits.closeGraceMs, () => server.closeAllConnections());
      await options.closing?.();
      await closed;
      grace.cancel();
    })();
    return closing;
  };

  return {
    server,
    close,
    [Symbol.asyncDispose]: close,
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.off('error', reject);
          const bound = (server.address() as AddressInfo).port;
          const name = host.includes(':') ? `[${host}]` : host;
          resolve({ url: `${tls ? 'https' : 'http'}://${name}:${bound}`, port: bound });
        });
      }),
  };
}

/** Unique, not secret: an id of this server and a count cost a hundredth of a random id each. */
function requestIds(serverId: string): () => string {
  let count = 0;
  return () => `${serverId}.${(count++).toString(36)}`;
}

class UriTooLongError extends AntiphonError {
  readonly status = 414;
  constructor() {
    super('URL_TOO_LONG', `Addresses have at most ${URL_LENGTH_MAX} characters.`);
  }
}

const serverOptions = (limits: HttpLimits) => ({
  IncomingMessage,
  ServerResponse: HttpResponse,
  headersTimeout: limits.headersTimeoutMs,
  requestTimeout: limits.requestTimeoutMs,
  keepAliveTimeout: KEEP_ALIVE_MS,
  maxHeaderSize: HEADERS_BYTES_MAX,
  connectionsCheckingInterval: Math.min(5 * SECOND_MS, limits.headersTimeoutMs),
  noDelay: true,
});

function fail(error: unknown, requestId: string, res: ServerResponse): void {
  const told = problemOf(error, requestId);
  if (told.status >= 500) log.error({ err: error, requestId }, 'request failed');
  if (res.headersSent) res.destroy();
  else sendProblem(res, told);
}

const UNPARSED: Readonly<Record<string, readonly [status: string, code: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'HEADERS_TOO_LARGE'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'REQUEST_TOO_SLOW'],
};

/** Bytes that never became a request: answered by hand, since there is no response object. */
function refuseUnparsed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, code] = UNPARSED[error.code ?? ''] ?? ['400 Bad Request', 'NOT_HTTP'];
  const [number = '400', ...words] = status.split(' ');
  const body = JSON.stringify({
    type: `urn:antiphon:problem:${code}`,
    title: words.join(' '),
    status: Number(number),
    detail: 'This is not a request that this server reads.',
    code,
  });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/problem+json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function refuseUpgrade(socket: Duplex): void {
  socket.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
}
