/**
 * Calls to the gateway. The access token lives in memory only; the refresh token is an HttpOnly cookie
 * that this code never sees.
 */
import type { Session } from '../../../actors/accounts/contract.ts';

/** A session as the player gets it: its refresh token travels as a cookie. */
export type WebSession = Omit<Session, 'refreshToken'>;

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly data: Readonly<Record<string, unknown>>;
  constructor(status: number, problem: Record<string, unknown>) {
    super(typeof problem.detail === 'string' ? problem.detail : 'The service did not answer as expected.');
    this.name = 'ApiError';
    this.status = status;
    this.code = typeof problem.code === 'string' ? problem.code : 'UNKNOWN';
    this.data = problem;
  }

  /** It was not the request's fault: the service, or a part of it, is away. */
  get isAway(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

const OFFLINE = { code: 'OFFLINE', detail: 'The service cannot be reached. Is it running?' };
/** Renewed this long before it runs out, so that no request meets an expired token. */
const RENEW_BEFORE_EXPIRY_MS = 60_000;
const HEADERS = { 'X-Antiphon-Client': 'web' };

let session: WebSession | undefined;
let onSignedOut = (): void => {};

export const currentSession = (): WebSession | undefined => session;
export const whenSignedOut = (handler: () => void): void => {
  onSignedOut = handler;
};

async function request(method: string, path: string, body: unknown, token?: string, keepalive = false) {
  const response = await fetch(`/api${path}`, {
    method,
    keepalive,
    credentials: 'same-origin',
    headers: {
      ...HEADERS,
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  }).catch(() => {
    throw new ApiError(0, OFFLINE);
  });
  if (response.status === 204) return undefined;
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  if (!response.ok) throw new ApiError(response.status, answer);
  return answer;
}

/** Sign-up, login and the like: answers that are a session. */
export async function openSession(path: string, body: unknown): Promise<WebSession> {
  session = (await request('POST', path, body)) as unknown as WebSession;
  return session;
}

/** Of somebody who has no session. */
export const callOpenly = <T>(path: string, body: unknown): Promise<T> =>
  request('POST', path, body) as Promise<T>;

/** @returns whether the service has taken it. */
export const endSession = (): Promise<boolean> =>
  request('POST', '/logout', {}).then(
    () => true,
    (error: unknown) => !(error instanceof ApiError && error.isAway),
  );

/** Over for this page in any case. @returns whether it is for the service, too. */
export async function closeSession(): Promise<boolean> {
  const isOver = await endSession();
  session = undefined;
  onSignedOut();
  return isOver;
}

/** Sent again after a reload in mid-renewal, the same command gets the same answer instead of ending the session. */
const RENEWAL = { commandId: 'web' };

let renewal: Promise<WebSession> | undefined;

/** Over plain HTTP, as in a home network, a page has no locks; then the command's id is what saves the session. */
const inTurnOverTabs = <T>(work: () => Promise<T>): Promise<T> => {
  const { locks } = navigator as Partial<Navigator>;
  return locks ? locks.request('antiphon-refresh', work) : work();
};

/** One refresh at a time over all tabs of this browser: a token used twice would end the session. */
export function renewSession(): Promise<WebSession> {
  renewal ??= inTurnOverTabs(() => openSession('/token/refresh', RENEWAL))
    .catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 401) {
        session = undefined;
        onSignedOut();
      }
      throw error;
    })
    .finally(() => {
      renewal = undefined;
    });
  return renewal;
}

export async function freshToken(): Promise<string> {
  const held = session;
  if (held && held.accessExpiresAtMs - Date.now() > RENEW_BEFORE_EXPIRY_MS) return held.accessToken;
  return (await renewSession()).accessToken;
}

const TRIES_MAX = 3;

/** A full service names the time at which a question is welcome again; commands would overtake each other. */
async function ask(method: string, url: string, { body, keepalive }: CallOptions, token: string) {
  const isQuestion = method === 'GET' || url.endsWith('/lookup');
  for (let tries = 1; ; tries++) {
    try {
      return await request(method, url, body, token, keepalive);
    } catch (error) {
      const isFull = error instanceof ApiError && error.code === 'OVERLOADED';
      if (!isFull || !isQuestion || tries === TRIES_MAX) throw error;
      const afterSec = Number(error.data.retryAfterSec ?? 1);
      // Not all at the same moment.
      await new Promise((resolve) => setTimeout(resolve, afterSec * 1000 * (0.75 + Math.random() / 2)));
    }
  }
}

export interface CallOptions {
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** The request may outlive the page. */
  readonly keepalive?: boolean;
}

/** @throws ApiError with the problem that the service told; status 0 when it could not be reached. */
export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined) query.set(key, String(value));
  }
  const url = query.size > 0 ? `${path}?${query}` : path;
  try {
    return (await ask(method, url, options, await freshToken())) as T;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    return (await ask(method, url, options, (await renewSession()).accessToken)) as T;
  }
}
