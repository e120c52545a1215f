/**
 * A listener's connection to the gateway: REST, and the event socket that an app keeps open and may send
 * player commands over. Every listener comes from an address of its own, as told by the proxy that we are.
 */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Session } from '../../actors/accounts/contract.ts';

export interface Answer {
  /** 0: no answer. */
  readonly status: number;
  readonly body: unknown;
}
const noAnswer = (code?: string): Answer => ({ status: 0, body: { code } });
export const isSuccess = ({ status }: Answer): boolean => status >= 200 && status < 300;

/** The reason that a failed answer gives. */
export const codeOf = ({ body }: Answer): string | undefined => (body as { code?: string } | undefined)?.code;

export interface Line {
  readonly session: Session;
  rest(method: string, path: string, body?: unknown): Promise<Answer>;
  /** A player route, e.g. `POST`, `/me/player/play`: over the socket if this listener's app does so. */
  player(method: string, path: string, params?: Record<string, unknown>): Promise<Answer>;
  close(): void;
}

export interface LineOptions {
  readonly url: string;
  /** The address that the gateway is told. */
  readonly address: string;
  readonly bySocket: boolean;
}

/** Longer than the gateway takes for anything; a browser would wait for minutes. */
const ANSWER_MS_MAX = 20_000;
/** As the web player, which asks again when a full service says that it may. */
const QUESTION_TRIES_MAX = 3;
const RENEW_BEFORE_EXPIRY_MS = 60_000;
const RECONNECT_MS = 500;
const RECONNECT_MS_MAX = 15_000;

/** @throws Error when the account could not be made. */
export async function openLine(
  account: { username: string; password: string },
  options: LineOptions,
): Promise<Line> {
  const agent = new Agent({ keepAlive: true });
  const ask = (method: string, path: string, body?: unknown, token?: string): Promise<Answer> =>
    askOver(agent, options, { method, path, body, token });
  const signedUp = await ask('POST', '/accounts', account);
  if (!isSuccess(signedUp)) throw new Error(`sign-up failed: ${JSON.stringify(signedUp)}`);
  let session = signedUp.body as Session;
  let renewal: Promise<void> | undefined;

  const renew = async (): Promise<void> => {
    const { refreshToken } = session;
    const answer = await ask('POST', '/token/refresh', { refreshToken, commandId: randomUUID() });
    if (isSuccess(answer)) session = answer.body as Session;
  };
  const token = async (): Promise<string> => {
    if (session.accessExpiresAtMs - Date.now() < RENEW_BEFORE_EXPIRY_MS) {
      renewal ??= renew().finally(() => {
        renewal = undefined;
      });
      await renewal;
    }
    return session.accessToken;
  };
  const rest = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const isQuestion = method === 'GET' || path.endsWith('/lookup');
    for (let tries = 1; ; tries++) {
      const answer = await ask(method, path, body, await token());
      if (!isQuestion || codeOf(answer) !== 'OVERLOADED' || tries === QUESTION_TRIES_MAX) return answer;
      const { retryAfterSec = 1 } = answer.body as { retryAfterSec?: number };
      await sleep(retryAfterSec * 1000 * (0.75 + Math.random() / 2));
    }
  };
  const socket = openSocket(options, token);
  return {
    session,
    rest,
    player: (method, path, params) =>
      options.bySocket ? socket.call(`${method} ${path}`, params) : rest(method, path, params),
    close() {
      socket.close();
      agent.destroy();
    },
  };
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly token: string | undefined;
}

function askOver(agent: Agent, line: LineOptions, asked: Request): Promise<Answer> {
  const { url, address } = line;
  const { method, path, body, token } = asked;
  return new Promise((resolve) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      'X-Forwarded-For': address,
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(text !== undefined && {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(text),
      }),
    };
    const sent = request(`${url}/api${path}`, { method, agent, headers, timeout: ANSWER_MS_MAX }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('error', () => resolve(noAnswer()));
      res.on('end', () => resolve({ status: res.statusCode ?? 0, body: parsed(Buffer.concat(chunks)) }));
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', (error: NodeJS.ErrnoException) => {
      // A connection kept open that the server closed just then: browsers take a new one and do not tell.
      const isStale = sent.reusedSocket && error.code === 'ECONNRESET' && method === 'GET';
      if (isStale) resolve(askOver(agent, line, asked));
      else resolve(noAnswer(error.code));
    });
    sent.end(text);
  });
}

function parsed(bytes: Buffer): unknown {
  try {
    return bytes.length === 0 ? undefined : JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

interface Socket {
  call(route: string, params?: Record<string, unknown>): Promise<Answer>;
  close(): void;
}

/** Comes back by itself; what was asked over a connection that broke has no answer. */
function openSocket({ url, address }: LineOptions, token: () => Promise<string>): Socket {
  const waiting = new Map<number, (answer: Answer) => void>();
  let open: WebSocket | undefined;
  let lastId = 0;
  let closed = false;
  let pauseMs = RECONNECT_MS;

  const forgetAll = (why: string): void => {
    for (const resolve of waiting.values()) resolve(noAnswer(why));
    waiting.clear();
  };

  async function connect(): Promise<void> {
    const said = await token();
    if (closed) return;
    const ws = new WebSocket(`${url.replace(/^http/, 'ws')}/api/ws`, {
      headers: { 'X-Forwarded-For': address },
    });
    ws.on('open', () => ws.send(JSON.stringify({ t: 'hello', token: said })));
    ws.on('message', (data) => {
      const message = JSON.parse(String(data)) as { t: string; id?: number; status?: number; body?: unknown };
      if (message.t === 'ping') ws.send(JSON.stringify({ t: 'pong' }));
      if (message.t === 'welcome') {
        open = ws;
        pauseMs = RECONNECT_MS;
      }
      if (message.t === 'answer' && message.id !== undefined) {
        waiting.get(message.id)?.({ status: message.status ?? 0, body: message.body });
        waiting.delete(message.id);
      }
    });
    ws.on('error', () => undefined);
    ws.on('close', (code) => {
      open = undefined;
      forgetAll(`socket closed, ${code}`);
      if (closed) return;
      setTimeout(() => void connect(), pauseMs);
      pauseMs = Math.min(2 * pauseMs, RECONNECT_MS_MAX);
    });
  }
  void connect();

  return {
    call(route, params) {
      const ws = open;
      if (!ws) return Promise.resolve(noAnswer());
      const id = ++lastId;
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          waiting.delete(id);
          resolve(noAnswer());
        }, ANSWER_MS_MAX);
        waiting.set(id, (answer) => {
          clearTimeout(timer);
          resolve(answer);
        });
        ws.send(JSON.stringify({ t: 'call', id, route, ...(params && { params }) }));
      });
    },
    close() {
      closed = true;
      open?.terminate();
      forgetAll('closed by us');
    },
  };
}
