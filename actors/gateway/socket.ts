/** One WebSocket: says who it is, then gets its user's events and may send player commands. */
import type { RawData, WebSocket } from 'ws';
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
import type { Feed, FeedListener, Feeds } from './feeds.ts';
import { isShed } from './load.ts';
import { type Limit, SlidingWindow } from './rate-limit.ts';
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
  readonly onWelcome: (ws: WebSocket, userId: string) => void;
}

interface Open {
  readonly s: 'open';
  readonly feed: Feed;
  readonly claims: AccessClaims;
  expiresAtMs: number;
  sentSeq: number;
}
type State = { readonly s: 'awaitingHello' } | { readonly s: 'greeting' } | Open | { readonly s: 'closed' };

const AWAITING_HELLO: State = { s: 'awaitingHello' };
const GREETING: State = { s: 'greeting' };
const CLOSED: State = { s: 'closed' };

/** Serves `ws` until it closes. `address` is the client's as limits count it. */
export function serveSocket(ws: WebSocket, address: string, deps: SocketDeps): void {
  const socket = new ListenerSocket(ws, address, deps);
  ws.on('message', (data, isBinary) => socket.onFrame(data, isBinary));
  ws.on('pong', () => socket.onPong());
  ws.on('error', logError);
  ws.on('close', () => socket.onClose());
}

const logError = (error: Error): void => log.debug({ err: error }, 'socket error');

/** A hundred thousand of these stay in memory: methods of a class, and one timer for all but a full socket. */
class ListenerSocket implements FeedListener {
  readonly #ws: WebSocket;
  readonly #address: string;
  readonly #deps: SocketDeps;
  readonly #messages: SlidingWindow;
  #state: State = AWAITING_HELLO;
  #heardAtMs: number;
  #saidAtMs: number;
  #callsInFlight = 0;
  /** When to look at it next: for its hello, then for signs of life and the end of its token. */
  #look: Timer;
  #full: Timer | undefined;

  constructor(ws: WebSocket, address: string, deps: SocketDeps) {
    const { clock } = deps.sources;
    this.#ws = ws;
    this.#address = address;
    this.#deps = deps;
    this.#heardAtMs = clock.nowMs();
    this.#saidAtMs = this.#heardAtMs;
    this.#messages = new SlidingWindow(this.#heardAtMs);
    this.#look = clock.after(SOCKET_HELLO_WITHIN_MS, () => this.#close(CLOSE.helloLate, 'say hello first'));
  }

  onFrame(data: RawData, isBinary: boolean): void {
    // Whoever was told to go may send on until the connection is down.
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    if (isBinary) this.#close(CLOSE.malformed, 'text frames only');
    else this.#onMessage(String(data));
  }

  onPong(): void {
    this.#heardAtMs = this.#nowMs;
  }

  onNews(): void {
    this.#pump();
  }

  onClose(): void {
    this.#look.cancel();
    this.#full?.cancel();
    if (this.#state.s === 'open') this.#deps.feeds.leave(this.#state.feed, this);
    this.#state = CLOSED;
  }

  get #nowMs(): number {
    return this.#deps.sources.clock.nowMs();
  }

  #send(message: ServerMessage): void {
    this.#saidAtMs = this.#nowMs;
    this.#ws.send(JSON.stringify(message));
  }

  #close(code: number, why: string): void {
    this.#ws.close(code, why);
  }

  /** Sends what the feed has, as far as the client keeps up; goes on when the socket has drained. */
  #pump(): void {
    const ws = this.#ws;
    while (this.#state.s === 'open' && ws.readyState === ws.OPEN) {
      const state = this.#state;
      if (ws.bufferedAmount > SOCKET_BUFFER_BYTES_MAX) {
        this.#full ??= this.#deps.sources.clock.after(SOCKET_FULL_MS_MAX, () =>
          this.#close(CLOSE.tooSlow, 'too slow'),
        );
        return;
      }
      this.#full?.cancel();
      this.#full = undefined;
      if (!state.feed.has(state.sentSeq)) {
        this.#close(CLOSE.tooSlow, 'too far behind');
        return;
      }
      const event = state.feed.next(state.sentSeq);
      if (!event) return;
      state.sentSeq = event.seq;
      this.#saidAtMs = this.#nowMs;
      ws.send(event.text, () => this.#full && this.#pump());
    }
  }

  /** Looks again after a heartbeat, or when the token runs out. */
  #lookAgain({ expiresAtMs }: Open): void {
    const { clock } = this.#deps.sources;
    const restMs = Math.max(0, expiresAtMs - clock.nowMs());
    this.#look.cancel();
    this.#look = clock.after(Math.min(SOCKET_HEARTBEAT_MS, restMs), () => this.#beat());
  }

  #beat(): void {
    const state = this.#state;
    if (state.s !== 'open') return;
    const nowMs = this.#nowMs;
    if (nowMs >= state.expiresAtMs) {
      this.#close(CLOSE.unauthenticated, 'token expired');
      return;
    }
    const quietMs = nowMs - this.#heardAtMs;
    if (quietMs > 2 * SOCKET_HEARTBEAT_MS) {
      this.#ws.terminate();
      return;
    }
    const isTalking = quietMs < SOCKET_HEARTBEAT_MS && nowMs - this.#saidAtMs < SOCKET_HEARTBEAT_MS;
    if (!isTalking) this.#ping();
    this.#deps.access
      .assertRegistered(state.claims)
      .catch(() => this.#close(CLOSE.unauthenticated, 'log in again'));
    this.#lookAgain(state);
  }

  /** Both ways: a frame that every client answers by itself, and a message for those that see no frames. */
  #ping(): void {
    this.#ws.ping();
    this.#send({ t: 'ping' });
  }

  async #greet({ token, resume }: Hello): Promise<void> {
    const { access, feeds, onWelcome } = this.#deps;
    this.#state = GREETING;
    const claims = await access.identify(token);
    const feed = await feeds.join(claims.sub, this, access.hasRole(claims, 'admin'));
    if (this.#ws.readyState !== this.#ws.OPEN) return feeds.leave(feed, this);
    const resumed = resume?.connectionId === feed.id && feed.has(resume.lastSeq);
    const sentSeq = resumed ? resume.lastSeq : feed.lastSeq;
    const state: Open = { s: 'open', feed, claims, expiresAtMs: expiryOf(token), sentSeq };
    this.#state = state;
    this.#send({ t: 'welcome', connectionId: feed.id, heartbeatMs: SOCKET_HEARTBEAT_MS, resumed });
    onWelcome(this.#ws, claims.sub);
    this.#lookAgain(state);
    this.#pump();
  }

  async #renew(token: string): Promise<void> {
    const { sub, did } = await this.#deps.access.identify(token);
    const state = this.#state;
    if (state.s !== 'open') return;
    if (sub !== state.claims.sub || did !== state.claims.did) {
      throw new UnauthenticatedError('OTHER_USER', 'A socket stays with its user and device.');
    }
    state.expiresAtMs = expiryOf(token);
    this.#lookAgain(state);
  }

  #matchOf(route: string): Match {
    const [method = '', path = ''] = route.split(' ');
    const match = this.#deps.router.find(method, path);
    if (match?.route.service !== playerContract.name) {
      throw new NotFoundError('NO_SUCH_ROUTE', 'Only player commands go over the socket.');
    }
    return match;
  }

  async #call(message: Call, claims: AccessClaims): Promise<void> {
    const { admission, dispatch, sources } = this.#deps;
    const requestId = sources.ids.next();
    const startedAtMs = performance.now();
    const answer = (route: string, status: number, body: unknown) => {
      if (this.#ws.readyState === this.#ws.OPEN) this.#send({ t: 'answer', id: message.id, status, body });
      const durationMs = Math.round((performance.now() - startedAtMs) * 100) / 100;
      recordRequest({ requestId, method: 'WS', route, status, durationMs }, { quiet: true });
    };
    let template = 'socket';
    try {
      if (this.#callsInFlight > SOCKET_CALLS_IN_FLIGHT_MAX) {
        throw new RateLimitedError('TOO_MANY_AT_ONCE', 'Wait for answers first.', { retryAfterSec: 1 });
      }
      const match = this.#matchOf(message.route);
      template = templateOf(match.route);
      const attempt = { route: match.route, claims, address: () => this.#address, onCount: () => {} };
      await admission.admit(attempt);
      const body = await dispatch(match, message.params ?? {}, claims, requestId);
      answer(template, match.route.status, body);
    } catch (error) {
      const told = problemOf(error, requestId);
      if (told.status >= 500 && !isShed(error))
        log.error({ err: error, requestId, route: template }, 'call failed');
      answer(template, told.status, told);
    }
  }

  #rejectIdentity(error: unknown): void {
    if (error instanceof UnauthenticatedError) {
      this.#close(CLOSE.unauthenticated, error.code);
      return;
    }
    log.error({ err: error }, 'socket refused');
    this.#close(CLOSE.internal, 'try again');
  }

  /** Messages after welcome; false for one that is out of place. */
  #onOpenMessage(message: ClientMessage, { claims }: Open): boolean {
    switch (message.t) {
      case 'hello':
        return false;
      case 'ping':
        this.#send({ t: 'pong' });
        return true;
      case 'pong':
        return true;
      case 'token':
        this.#renew(message.token).catch((error: unknown) => this.#rejectIdentity(error));
        return true;
      case 'call':
        this.#callsInFlight++;
        void this.#call(message, claims).finally(() => this.#callsInFlight--);
        return true;
    }
  }

  #onMessage(text: string): void {
    this.#heardAtMs = this.#nowMs;
    if (!this.#messages.take(MESSAGES, this.#heardAtMs).allowed) {
      this.#close(CLOSE.tooManyMessages, 'too many messages');
      return;
    }
    const message = parseClientMessage(text);
    if (message?.t === 'hello' && this.#state.s === 'awaitingHello') {
      this.#greet(message).catch((error: unknown) => this.#rejectIdentity(error));
    } else if (!message || this.#state.s !== 'open' || !this.#onOpenMessage(message, this.#state)) {
      this.#close(CLOSE.malformed, 'say hello once, wait for welcome, then keep to the protocol');
    }
  }
}
