/** One WebSocket: says who it is, then gets its user's events and may send player commands. */
import type { WebSocket } from 'ws';
import {
  RATE_WINDOW_MS,
  SOCKET_BUFFER_BYTES_MAX,
  SOCKET_CALLS_IN_FLIGHT_MAX,
  SOCKET_FULL_MS_MAX,
  SOCKET_HEARTBEAT_MS,
  SOCKET_HELLO_WITHIN_MS,
  SOCKET_MESSAGES_PER_MIN,
} from '../../config/limits.ts';
import { recordRequest } from '../../kit/access-log.ts';
import { NotFoundError, RateLimitedError, UnauthenticatedError } from '../../kit/errors.ts';
import { problemOf } from '../../kit/http.ts';
import { logger } from '../../kit/log.ts';
import type { Sources, Timer } from '../../kit/sources.ts';
import type { AccessClaims } from '../accounts/contract.ts';
import { playerContract } from '../player-session/contract.ts';
import { type Access, expiryOf } from './access.ts';
import type { Admission } from './admission.ts';
import type { Dispatch } from './dispatch.ts';
import type { Feed, Feeds } from './feeds.ts';
import { type Limit, LocalWindows } from './rate-limit.ts';
import { type Match, type Router, templateOf } from './router.ts';
import {
  type Call,
  CLOSE,
  type ClientMessage,
  type Hello,
  parseClientMessage,
  type ServerMessage,
} from './socket-protocol.ts';

const log = logger('socket');
const MESSAGES: Limit = { name: 'messages', max: SOCKET_MESSAGES_PER_MIN, windowMs: RATE_WINDOW_MS };

export interface SocketDeps {
  readonly access: Access;
  readonly admission: Admission;
  readonly dispatch: Dispatch;
  readonly router: Router;
  readonly feeds: Feeds;
  readonly sources: Pick<Sources, 'clock' | 'ids'>;
  /** Told once it is known whose socket this is. */
  readonly onWelcome: (userId: string) => void;
}

type State =
  | { readonly s: 'awaitingHello' }
  | { readonly s: 'greeting' }
  | {
      readonly s: 'open';
      readonly feed: Feed;
      readonly claims: AccessClaims;
      token: string;
      sentSeq: number;
    }
  | { readonly s: 'closed' };

/** Serves `ws` until it closes. `address` is the client's as limits count it. */
export function serveSocket(ws: WebSocket, address: string, deps: SocketDeps): void {
  const { access, admission, dispatch, router, feeds } = deps;
  const { clock, ids } = deps.sources;
  const windows = new LocalWindows();
  let state: State = { s: 'awaitingHello' };
  let lastHeardAtMs = clock.nowMs();
  let callsInFlight = 0;
  let beat: Timer | undefined;
  let expiry: Timer | undefined;
  let full: Timer | undefined;

  const send = (message: ServerMessage): void => ws.send(JSON.stringify(message));
  const close = (code: number, why: string): void => ws.close(code, why);
  const late = clock.after(SOCKET_HELLO_WITHIN_MS, () => close(CLOSE.helloLate, 'say hello first'));

  /** Sends what the feed has, as far as the client keeps up; goes on when the socket has drained. */
  const pump = (): void => {
    while (state.s === 'open' && ws.readyState === ws.OPEN) {
      if (ws.bufferedAmount > SOCKET_BUFFER_BYTES_MAX) {
        full ??= clock.after(SOCKET_FULL_MS_MAX, () => close(CLOSE.tooSlow, 'too slow'));
        return;
      }
      full?.cancel();
      full = undefined;
      if (!state.feed.has(state.sentSeq)) {
        close(CLOSE.tooSlow, 'too far behind');
        return;
      }
      const event = state.feed.next(state.sentSeq);
      if (!event) return;
      state.sentSeq = event.seq;
      ws.send(event.text, () => full && pump());
    }
  };

  const watchExpiry = (token: string): void => {
    expiry?.cancel();
    expiry = clock.after(Math.max(0, expiryOf(token) - clock.nowMs()), () =>
      close(CLOSE.unauthenticated, 'token expired'),
    );
  };

  /** Both ways: a ping frame that every client answers by itself, and a message for those that see no frames. */
  const heartbeat = (): void => {
    if (state.s !== 'open') return;
    if (clock.nowMs() - lastHeardAtMs > 2 * SOCKET_HEARTBEAT_MS) {
      ws.terminate();
      return;
    }
    ws.ping();
    send({ t: 'ping' });
    access.identify(state.token).catch(() => close(CLOSE.unauthenticated, 'log in again'));
    beat = clock.after(SOCKET_HEARTBEAT_MS, heartbeat);
  };

  const greet = async ({ token, resume }: Hello): Promise<void> => {
    state = { s: 'greeting' };
    const claims = await access.identify(token);
    const feed = await feeds.join(claims.sub, pump);
    if (ws.readyState !== ws.OPEN) return feeds.leave(feed, pump);
    late.cancel();
    const resumed = resume?.connectionId === feed.id && feed.has(resume.lastSeq);
    state = { s: 'open', feed, claims, token, sentSeq: resumed ? resume.lastSeq : feed.lastSeq };
    watchExpiry(token);
    send({ t: 'welcome', connectionId: feed.id, heartbeatMs: SOCKET_HEARTBEAT_MS, resumed });
    deps.onWelcome(claims.sub);
    beat = clock.after(SOCKET_HEARTBEAT_MS, heartbeat);
    pump();
  };

  const renew = async (token: string): Promise<void> => {
    const { sub, did } = await access.identify(token);
    if (state.s !== 'open') return;
    if (sub !== state.claims.sub || did !== state.claims.did) {
      throw new UnauthenticatedError('OTHER_USER', 'A socket stays with its user and device.');
    }
    state.token = token;
    watchExpiry(token);
  };

  const matchOf = (route: string): Match => {
    const [method = '', path = ''] = route.split(' ');
    const match = router.find(method, path);
    if (match?.route.service !== playerContract.name) {
      throw new NotFoundError('NO_SUCH_ROUTE', 'Only player commands go over the socket.');
    }
    return match;
  };

  const call = async (message: Call, token: string): Promise<void> => {
    const requestId = ids.next();
    const startedAtMs = performance.now();
    const answer = (route: string, status: number, body: unknown) => {
      if (ws.readyState === ws.OPEN) send({ t: 'answer', id: message.id, status, body });
      const durationMs = Math.round((performance.now() - startedAtMs) * 100) / 100;
      recordRequest({ requestId, method: 'WS', route, status, durationMs }, { quiet: true });
    };
    let template = 'socket';
    try {
      if (callsInFlight > SOCKET_CALLS_IN_FLIGHT_MAX) {
        throw new RateLimitedError('TOO_MANY_AT_ONCE', 'Wait for answers first.', { retryAfterSec: 1 });
      }
      const match = matchOf(message.route);
      template = templateOf(match.route);
      const attempt = { route: match.route, token, address: () => address, onCount: () => {} };
      const claims = await admission.admit(attempt);
      const body = await dispatch(match, message.params ?? {}, claims, requestId);
      answer(template, match.route.status, body);
    } catch (error) {
      const told = problemOf(error, requestId);
      if (told.status >= 500) log.error({ err: error, requestId, route: template }, 'call failed');
      answer(template, told.status, told);
    }
  };

  const rejectIdentity = (error: unknown): void => {
    if (error instanceof UnauthenticatedError) {
      close(CLOSE.unauthenticated, error.code);
      return;
    }
    log.error({ err: error }, 'socket refused');
    close(CLOSE.internal, 'try again');
  };

  /** Messages after welcome; false for one that is out of place. */
  const onOpenMessage = (message: ClientMessage, token: string): boolean => {
    switch (message.t) {
      case 'hello':
        return false;
      case 'ping':
        send({ t: 'pong' });
        return true;
      case 'pong':
        return true;
      case 'token':
        renew(message.token).catch(rejectIdentity);
        return true;
      case 'call':
        callsInFlight++;
        void call(message, token).finally(() => callsInFlight--);
        return true;
    }
  };

  const onMessage = (text: string): void => {
    lastHeardAtMs = clock.nowMs();
    if (!windows.take('messages', MESSAGES, lastHeardAtMs).allowed) {
      close(CLOSE.tooManyMessages, 'too many messages');
      return;
    }
    const message = parseClientMessage(text);
    if (message?.t === 'hello' && state.s === 'awaitingHello') {
      greet(message).catch(rejectIdentity);
    } else if (!message || state.s !== 'open' || !onOpenMessage(message, state.token)) {
      close(CLOSE.malformed, 'say hello once, wait for welcome, then keep to the protocol');
    }
  };

  ws.on('message', (data, isBinary) => {
    // Whoever was told to go may send on until the connection is down.
    if (ws.readyState !== ws.OPEN) return;
    if (isBinary) close(CLOSE.malformed, 'text frames only');
    else onMessage(String(data));
  });
  ws.on('pong', () => {
    lastHeardAtMs = clock.nowMs();
  });
  ws.on('error', (error) => log.debug({ err: error }, 'socket error'));
  ws.on('close', () => {
    for (const timer of [late, beat, expiry, full]) timer?.cancel();
    if (state.s === 'open') feeds.leave(state.feed, pump);
    state = { s: 'closed' };
  });
}
