/** Takes over WebSocket upgrades at /api/ws, within bounds a node and a user. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  RATE_WINDOW_MS,
  SOCKET_CLOSE_GRACE_MS,
  SOCKET_MESSAGE_BYTES_MAX,
  SOCKETS_AWAITING_HELLO_MAX,
  SOCKETS_OPENED_PER_MIN,
  SOCKETS_PER_USER_MAX,
} from '../../config/limits.ts';
import { pathOf } from '../../kit/http.ts';
import { gauge } from '../../kit/metrics.ts';
import type { Topics } from '../../kit/ports/topics.ts';
import type { ClientAddresses } from './client-address.ts';
import { createFeeds } from './feeds.ts';
import type { Origins } from './origin.ts';
import type { Limit, RateLimiter } from './rate-limit.ts';
import { API_PREFIX } from './router.ts';
import { type SocketDeps, serveSocket } from './socket.ts';
import { CLOSE } from './socket-protocol.ts';

const SOCKET_PATH = `${API_PREFIX}/ws`;
const OPENED: Limit = { name: 'sockets', max: SOCKETS_OPENED_PER_MIN, windowMs: RATE_WINDOW_MS };
const openSockets = gauge('sockets_open', 'WebSockets open on this node');

export interface SocketsDeps extends Omit<SocketDeps, 'feeds' | 'onWelcome'> {
  readonly addresses: ClientAddresses;
  readonly limiter: RateLimiter;
  readonly origins: Origins;
  readonly topics: Topics;
}

export interface Sockets {
  readonly upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly close: () => Promise<void>;
}

function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
}

export function createSockets(deps: SocketsDeps): Sockets {
  const { addresses, limiter, origins, topics, sources } = deps;
  const feeds = createFeeds({ topics, sources });
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: SOCKET_MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
  });
  const byUser = new Map<string, Set<WebSocket>>();
  const awaitingHello = new Set<WebSocket>();
  let closing = false;

  /** The newest stay: a device that comes back should not be kept out by its own dead connections. */
  const bound = (ws: WebSocket, userId: string): void => {
    awaitingHello.delete(ws);
    const own = byUser.get(userId) ?? new Set();
    byUser.set(userId, own.add(ws));
    ws.once('close', () => {
      own.delete(ws);
      if (own.size === 0 && byUser.get(userId) === own) byUser.delete(userId);
    });
    const [oldest] = own;
    if (own.size > SOCKETS_PER_USER_MAX) {
      if (oldest) own.delete(oldest);
      oldest?.close(CLOSE.replaced, 'too many sockets');
    }
  };
  const socketDeps: SocketDeps = { ...deps, feeds, onWelcome: bound };

  const accept = (ws: WebSocket, address: string): void => {
    awaitingHello.add(ws);
    openSockets.inc();
    ws.once('close', () => {
      awaitingHello.delete(ws);
      openSockets.dec();
    });
    serveSocket(ws, address, socketDeps);
  };

  const refusal = (req: IncomingMessage, address: string): string | undefined => {
    if (pathOf(req.url ?? '') !== SOCKET_PATH) return '404 Not Found';
    if (!origins.mayConnect(req)) return '403 Forbidden';
    if (closing || awaitingHello.size >= SOCKETS_AWAITING_HELLO_MAX) return '503 Service Unavailable';
    if (!limiter.takeHere(OPENED, address).allowed) return '429 Too Many Requests';
    return undefined;
  };

  return {
    upgrade(req, socket, head) {
      const address = addresses.of(req);
      const status = refusal(req, address);
      if (status) refuse(socket, status);
      else server.handleUpgrade(req, socket, head, (ws) => accept(ws, address));
    },
    async close() {
      closing = true;
      const open = [...server.clients];
      const allClosed = open.map((ws) => new Promise((resolve) => ws.once('close', resolve)));
      for (const ws of open) ws.close(CLOSE.goingAway, 'the service goes away');
      const grace = sources.clock.after(SOCKET_CLOSE_GRACE_MS, () => {
        for (const ws of open) ws.terminate();
      });
      await Promise.all(allClosed);
      grace.cancel();
      await feeds.close();
    },
  };
}
