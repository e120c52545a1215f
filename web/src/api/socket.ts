/** The event socket: connects, proves who it is, stays alive, and comes back by itself after a drop. */
import { freshToken } from './http.ts';

export interface SocketEvent {
  readonly topic: string;
  readonly data: unknown;
}

interface ServerMessage {
  readonly t: string;
  readonly seq?: number;
  readonly topic?: string;
  readonly data?: unknown;
  readonly connectionId?: string;
  readonly heartbeatMs?: number;
  readonly resumed?: boolean;
}

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 15_000;
const DEFAULT_HEARTBEAT_MS = 15_000;

export interface EventSocket {
  close(): void;
}

export interface SocketHandlers {
  readonly onEvent: (event: SocketEvent) => void;
  /** `missed`: events may have been lost meanwhile; ask for the state. */
  readonly onOpen: (missed: boolean) => void;
  readonly onClosed: () => void;
}

export function openEventSocket(handlers: SocketHandlers): EventSocket {
  let socket: WebSocket | undefined;
  let closed = false;
  let retryMs = RETRY_FIRST_MS;
  let resume: { connectionId: string; lastSeq: number } | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let heartbeatMs = DEFAULT_HEARTBEAT_MS;

  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => socket?.close(), heartbeatMs * 2.5);
  };

  function receive(message: ServerMessage): void {
    heard();
    if (message.t === 'ping') socket?.send(JSON.stringify({ t: 'pong' }));
    if (message.t === 'welcome') {
      const missed = message.resumed !== true;
      heartbeatMs = message.heartbeatMs ?? DEFAULT_HEARTBEAT_MS;
      retryMs = RETRY_FIRST_MS;
      resume = { connectionId: message.connectionId ?? '', lastSeq: missed ? 0 : (resume?.lastSeq ?? 0) };
      handlers.onOpen(missed);
    }
    if (message.t === 'event' && message.topic) {
      if (resume && message.seq !== undefined) resume.lastSeq = message.seq;
      handlers.onEvent({ topic: message.topic, data: message.data });
    }
  }

  async function connect(): Promise<void> {
    const token = await freshToken();
    if (closed) return;
    const opened = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/api/ws`);
    socket = opened;
    opened.onopen = () => {
      heard();
      opened.send(JSON.stringify({ t: 'hello', token, ...(resume && { resume }) }));
    };
    opened.onmessage = (event) => receive(JSON.parse(String(event.data)) as ServerMessage);
    opened.onclose = () => {
      clearTimeout(silence);
      if (closed) return;
      handlers.onClosed();
      again();
    };
  }

  function again(): void {
    const jitter = 0.75 + Math.random() / 2;
    setTimeout(() => {
      if (!closed) connect().catch(again);
    }, retryMs * jitter);
    retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
  }

  connect().catch(again);
  return {
    close() {
      closed = true;
      socket?.close();
    },
  };
}
