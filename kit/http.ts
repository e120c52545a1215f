/** What the handlers of one HTTP server share: the request as they see it, and problem answers (RFC 9457). */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { AntiphonError } from './errors.ts';

export interface HttpRequest extends IncomingMessage {
  /** Well-formed X-Request-Id of the client, else a new id; echoed and logged. */
  requestId?: string;
  /** Route template for logs and metrics: raw URLs hold media tokens. */
  route?: string;
}

/** Answers the request and resolves true, or leaves it untouched and resolves false. */
export type HttpHandler = (req: HttpRequest, res: ServerResponse) => Promise<boolean>;

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  /** The request id, under which the log tells more. */
  readonly instance: string;
  readonly [extension: string]: unknown;
}

/** Fields of an error's data that are written for clients; whatever else an error carries stays inside. */
const CLIENT_DATA = ['reason', 'retryAfterSec', 'problems', 'devices'] as const;

/** What Moleculer throws by itself, by class name: the answer to a client and its HTTP status. */
const BUS_ERRORS: Readonly<Record<string, readonly [status: number, code: string, detail: string]>> = {
  ServiceNotFoundError: [503, 'SERVICE_AWAY', 'A part of the service is away; try again in a moment.'],
  ServiceNotAvailableError: [503, 'SERVICE_AWAY', 'A part of the service is away; try again in a moment.'],
  BrokerDisconnectedError: [503, 'SERVICE_AWAY', 'A part of the service is away; try again in a moment.'],
  QueueIsFullError: [503, 'OVERLOADED', 'Too much is asked at once; try again in a moment.'],
  RequestRejectedError: [503, 'OVERLOADED', 'Too much is asked at once; try again in a moment.'],
  GracefulStopTimeoutError: [503, 'STOPPING', 'The service is stopping; try again in a moment.'],
  RequestTimeoutError: [504, 'TIMED_OUT', 'The answer took too long; try again.'],
  RequestSkippedError: [504, 'TIMED_OUT', 'The answer took too long; try again.'],
};

const problem = (
  status: number,
  code: string,
  detail: string,
  requestId: string,
  extensions: Readonly<Record<string, unknown>> = {},
): Problem => ({
  type: `urn:antiphon:problem:${code}`,
  title: STATUS_CODES[status] ?? 'Error',
  status,
  detail,
  code,
  instance: requestId,
  ...extensions,
});

/** The problem a client is told. An error that nobody threw on purpose says nothing of itself. */
export function problemOf(error: unknown, requestId: string): Problem {
  if (error instanceof AntiphonError) {
    const told = CLIENT_DATA.filter((key) => error.data[key] !== undefined);
    const extensions = Object.fromEntries(told.map((key) => [key, error.data[key]]));
    return problem(error.status, error.code, error.message, requestId, extensions);
  }
  const name = error instanceof Error ? error.name : '';
  const ofBus = Object.hasOwn(BUS_ERRORS, name) ? BUS_ERRORS[name] : undefined;
  if (ofBus) return problem(...ofBus, requestId);
  return problem(500, 'INTERNAL', 'Something went wrong here; the log tells more under this id.', requestId);
}

/**
 * As text rather than bytes: Node then sends head and body in one write, which is most of a small answer's cost.
 * Headers come as a list, names and values in turn, for the same reason.
 */
function sendText(
  res: ServerResponse,
  status: number,
  type: string,
  text: string,
  headers: readonly string[],
): void {
  const bytes = Buffer.byteLength(text);
  res.writeHead(status, ['Content-Type', type, 'Content-Length', String(bytes), ...headers]);
  if (res.req.method === 'HEAD') res.end();
  // ASCII is the same in both, and Latin-1 is copied instead of encoded.
  else res.end(text, bytes === text.length ? 'latin1' : 'utf8');
}

export function sendProblem(res: ServerResponse, told: Problem): void {
  const headers = ['Cache-Control', 'no-store'];
  if (typeof told.retryAfterSec === 'number') headers.push('Retry-After', String(told.retryAfterSec));
  sendText(res, told.status, 'application/problem+json', JSON.stringify(told), headers);
}

/** `headers`: names and values in turn. */
export const sendJson = (
  res: ServerResponse,
  status: number,
  value: unknown,
  headers: readonly string[] = [],
): void => sendText(res, status, 'application/json', JSON.stringify(value), headers);

export const pathOf = (url: string): string => {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
};
