/** Connections to NATS: made the same way by bus, journal and topics, and never given up once they stood. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, connect, type NatsConnection, NatsError, nkeyAuthenticator } from 'nats';
import {
  NATS_CONNECT_MS_MAX,
  NATS_DIAL_MS_MAX,
  NATS_PING_EVERY_MS,
  NATS_PINGS_MISSED_MAX,
  NATS_RECONNECT_MS,
} from '../../config/engine-limits.ts';
import { UnauthenticatedError, UnavailableError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { ClientTls } from '../tls.ts';

const log = logger('nats');

export interface NatsOptions {
  /** nats:// or tls:// addresses of some servers; they name the others. */
  readonly servers: readonly string[];
  readonly user?: string;
  readonly password?: string;
  /** A user's NKEY seed, instead of user and password. */
  readonly seed?: string;
  readonly tls?: ClientTls;
  /** How the connection is called in the server's monitoring. */
  readonly name: string;
}

/** Options of the `nats` package, which Moleculer's transporter takes as well. */
export function natsConnectOptions({
  servers,
  user,
  password,
  seed,
  tls,
  name,
}: NatsOptions): ConnectionOptions {
  const encrypted = tls !== undefined || servers.some((server) => server.startsWith('tls://'));
  return {
    servers: [...servers],
    name,
    ...(user !== undefined && { user, pass: password ?? '' }),
    ...(seed !== undefined && { authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)) }),
    ...(encrypted && { tls: { ...tls } }),
    timeout: NATS_DIAL_MS_MAX,
    pingInterval: NATS_PING_EVERY_MS,
    maxPingOut: NATS_PINGS_MISSED_MAX,
    maxReconnectAttempts: -1,
    reconnectTimeWait: NATS_RECONNECT_MS,
    reconnectJitter: NATS_RECONNECT_MS,
    reconnectJitterTLS: NATS_RECONNECT_MS,
    // A server that is being given new accounts refuses everybody for a moment.
    ignoreAuthErrorAbort: true,
    // Stack traces of requests that time out cost more than the requests.
    noAsyncTraces: true,
  };
}

/**
 * Connects, trying for NATS_CONNECT_MS_MAX; a connection that once stood is made again for ever.
 *
 * End it with `drain()`.
 *
 * @throws UnauthenticatedError when the servers refuse us; UnavailableError when none answers.
 */
export async function openNats(options: NatsOptions): Promise<NatsConnection> {
  const untilMs = performance.now() + NATS_CONNECT_MS_MAX;
  for (let tries = 1; ; tries++) {
    try {
      const connection = await connect(natsConnectOptions(options));
      void logStatus(connection, options.name);
      return connection;
    } catch (error) {
      if (error instanceof NatsError && error.isAuthError()) {
        throw new UnauthenticatedError(
          'NATS_REFUSED',
          'The NATS servers refuse this user. Check ANTIPHON_NATS_USER and its password or seed.',
        );
      }
      if (performance.now() >= untilMs) throw unreachable(options.servers, error);
      // Once: where it comes from says nothing, and the end of trying is told by itself.
      if (tries === 1) {
        log.warn({ servers: options.servers, why: (error as Error).message }, 'NATS does not answer yet');
      }
      await sleep(NATS_RECONNECT_MS);
    }
  }
}

const unreachable = (servers: readonly string[], error: unknown): UnavailableError =>
  new UnavailableError('NATS_UNREACHABLE', `No NATS server answers at ${servers.join(', ')}. Start them.`, {
    cause: String(error),
  });

async function logStatus(connection: NatsConnection, name: string): Promise<void> {
  for await (const { type, data } of connection.status()) {
    if (type === 'disconnect' || type === 'error') log.warn({ name, server: data }, `NATS: ${type}`);
    else if (type === 'reconnect') log.info({ name, server: data }, 'NATS: reconnected');
  }
}
