/** The driver as we want it: bounded in time, sure of what may be sent twice, failing in our own words. */
import cassandra, { type types as driver } from 'cassandra-driver';
import {
  CASSANDRA_CONNECT_MS_MAX,
  CASSANDRA_DDL_MS_MAX,
  CASSANDRA_READ_MS_MAX,
  CASSANDRA_RECONNECT_EVERY_MS,
  CASSANDRA_REQUESTS_AT_ONCE_MAX,
  CASSANDRA_REQUESTS_WAITING_MAX,
  CASSANDRA_RETRIES_MAX,
  CASSANDRA_SECOND_NODE_AFTER_MS,
} from '../../config/engine-limits.ts';
import { SECOND_MS } from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import { createGate } from '../../kit/gate.ts';
import { logger } from '../../kit/log.ts';
import type { Clock } from '../../kit/sources.ts';
import type { ClientTls } from '../tls.ts';

const log = logger('cassandra');
const { policies, types } = cassandra;

export interface CassandraAccess {
  /** host:port of some nodes; the others are learnt from them. */
  readonly contactPoints: readonly string[];
  /** The nodes of this one are asked. */
  readonly datacenter: string;
  readonly user?: string;
  readonly password?: string;
  /** With it the connection is encrypted and the node's certificate is checked. */
  readonly tls?: ClientTls;
}

/** How far a read or write must have got; `datacenter` asks the nodes of ours alone, also to agree. */
export type Reach = 'cluster' | 'datacenter';

/** Retries on another node: everything we send may be sent twice (see conditional.ts). */
class BoundedRetryPolicy extends policies.retry.RetryPolicy {
  #nextNode(info: cassandra.policies.retry.OperationInfo) {
    if (info.nbRetry >= CASSANDRA_RETRIES_MAX) return this.rethrowResult();
    // No consistency stands for the one asked for; the driver's types do not know.
    return this.retryResult(undefined as never, false);
  }
  override onUnavailable(info: cassandra.policies.retry.OperationInfo) {
    return this.#nextNode(info);
  }
  override onReadTimeout(info: cassandra.policies.retry.OperationInfo) {
    return this.#nextNode(info);
  }
  override onWriteTimeout(info: cassandra.policies.retry.OperationInfo) {
    return this.#nextNode(info);
  }
  override onRequestError(info: cassandra.policies.retry.OperationInfo) {
    return this.#nextNode(info);
  }
}

export function newClient(access: CassandraAccess, reach: Reach = 'cluster'): cassandra.Client {
  const { contactPoints, datacenter, user, password, tls } = access;
  const ofCluster = reach === 'cluster';
  const client = new cassandra.Client({
    contactPoints: [...contactPoints],
    localDataCenter: datacenter,
    ...(user !== undefined && { credentials: { username: user, password: password ?? '' } }),
    ...(tls && { sslOptions: { ...tls, rejectUnauthorized: true } }),
    queryOptions: {
      prepare: true,
      isIdempotent: true,
      consistency: ofCluster ? types.consistencies.quorum : types.consistencies.localQuorum,
      serialConsistency: ofCluster ? types.consistencies.serial : types.consistencies.localSerial,
    },
    socketOptions: { connectTimeout: CASSANDRA_CONNECT_MS_MAX, readTimeout: CASSANDRA_READ_MS_MAX },
    protocolOptions: {
      // Nodes tell each other's addresses without the port: it is taken to be the same on all.
      port: Number(contactPoints[0]?.split(':').at(-1)),
      maxSchemaAgreementWaitSeconds: CASSANDRA_DDL_MS_MAX / SECOND_MS,
    },
    pooling: { heartBeatInterval: CASSANDRA_READ_MS_MAX },
    monitorReporting: { enabled: false },
    policies: {
      retry: new BoundedRetryPolicy(),
      reconnection: new policies.reconnection.ConstantReconnectionPolicy(CASSANDRA_RECONNECT_EVERY_MS),
      speculativeExecution: new policies.speculativeExecution.ConstantSpeculativeExecutionPolicy(
        CASSANDRA_SECOND_NODE_AFTER_MS,
        1,
      ),
    },
  });
  controlOf(client).hosts.on('remove', endHost);
  client.on('hostDown', (host: cassandra.Host) => log.warn({ node: host.address }, 'a node is down'));
  client.on('hostUp', (host: cassandra.Host) => log.info({ node: host.address }, 'a node is up'));
  return client;
}

interface ControlConnection {
  readonly hosts: cassandra.HostMap;
  shutdown(): void;
}

/** Missing in the driver's types. */
const controlOf = (client: cassandra.Client): ControlConnection =>
  (client as unknown as { controlConnection: ControlConnection }).controlConnection;

/** The driver lets go of hosts that it replaces or misses; left alone, they would go on connecting. */
function endHost(host: { shutdown(drains: boolean): Promise<void> }): void {
  host.shutdown(false).catch((err: unknown) => log.warn({ err }, 'connections to a node are not closed'));
}

/** Ends a client for good, also one that never connected: the driver's own shutdown lets that one try on. */
export async function endClient(client: cassandra.Client): Promise<void> {
  try {
    await client.shutdown();
  } finally {
    controlOf(client).shutdown();
  }
}

export interface Session {
  /** @throws UnavailableError; `data.inDoubt` when it may have been done all the same. */
  execute(query: string, params: readonly unknown[], options?: ReadOptions): Promise<driver.ResultSet>;
  /** Writes of one partition, all or nothing. */
  batch(queries: readonly Statement[]): Promise<driver.ResultSet>;
}

export interface Statement {
  readonly query: string;
  readonly params: readonly unknown[];
}

export interface ReadOptions {
  readonly fetchSize?: number;
  readonly pageState?: string;
  /** Also sees, and first completes, an agreement that is not yet written everywhere. */
  readonly serial?: boolean;
}

export function sessionOf(client: () => cassandra.Client, reach: Reach, clock: Clock): Session {
  const { serial: ofCluster, localSerial } = types.consistencies;
  const serially = { consistency: reach === 'cluster' ? ofCluster : localSerial };

  const gate = createGate({
    atOnceMax: CASSANDRA_REQUESTS_AT_ONCE_MAX,
    waitingMax: CASSANDRA_REQUESTS_WAITING_MAX,
    busy: () =>
      new UnavailableError('CASSANDRA_BUSY', 'Too many rows are asked for at once; try again soon.'),
  });
  type Work = (client: cassandra.Client) => Promise<driver.ResultSet>;
  const run = (work: Work): Promise<driver.ResultSet> => gate(() => runNow(work));

  async function runNow(work: Work): Promise<driver.ResultSet> {
    const connected = client();
    const startedMs = clock.nowMs();
    try {
      return await work(connected);
    } catch (error) {
      // From then on a second node may have been asked, and its failure says nothing of the first.
      const sentTwice = clock.nowMs() - startedMs >= CASSANDRA_SECOND_NODE_AFTER_MS;
      throw unavailable(error, sentTwice);
    }
  }

  return {
    execute: (query, params, { serial = false, ...paging } = {}) =>
      run((client) => client.execute(query, [...params], { ...paging, ...(serial && serially) })),
    batch: (queries) =>
      run((client) => {
        const given = queries.map(({ query, params }) => ({ query, params: [...params] }));
        return client.batch(given, { logged: false });
      }),
  };
}

/** Of "all hosts tried", what the hosts said. */
function reasonsOf(error: Error): unknown[] {
  if (!(error instanceof cassandra.errors.NoHostAvailableError)) return [error];
  return Object.values((error.innerErrors ?? {}) as Record<string, unknown>).filter(Boolean);
}

const codes = types.responseErrorCodes;
/** Answers that a node gives before it does anything. */
const NOTHING_DONE: readonly unknown[] = [
  codes.unavailableException,
  codes.overloaded,
  codes.isBootstrapping,
  codes.badCredentials,
  codes.unauthorized,
  codes.invalid,
  codes.syntaxError,
];

function mayHaveBeenDone(reason: unknown): boolean {
  if (reason instanceof cassandra.errors.ResponseError) return !NOTHING_DONE.includes(reason.code);
  if (reason instanceof cassandra.errors.OperationTimedOutError) return true;
  const { isSocketError, requestNotWritten } = reason as Record<string, unknown>;
  return isSocketError === true && requestNotWritten !== true;
}

/** What the driver failed with, as callers know it; a fault of ours stays as it is. */
export function unavailable(error: unknown, sentTwice = false): unknown {
  if (!(error instanceof cassandra.errors.DriverError)) return error;
  const reasons = reasonsOf(error);
  const reason = (reasons[0] ?? error) as Error & { readonly code?: unknown };
  const inDoubt = sentTwice || reasons.some(mayHaveBeenDone);
  const [code, message] = inWords(reason);
  return new UnavailableError(code, message, { cause: reason.message ?? String(reason), inDoubt });
}

function inWords(reason: Error & { readonly code?: unknown }): readonly [code: string, message: string] {
  if (reason instanceof cassandra.errors.AuthenticationError || reason.code === codes.badCredentials) {
    return [
      'CASSANDRA_LOGIN_REFUSED',
      'Cassandra does not know this user or password. Check ANTIPHON_CASSANDRA_USER and _PASSWORD.',
    ];
  }
  if (reason.code === codes.unauthorized) {
    return [
      'CASSANDRA_NOT_ALLOWED',
      'The Cassandra role lacks a right. Grant it SELECT and MODIFY on the keyspace.',
    ];
  }
  if (reason.code === codes.invalid || reason.code === codes.syntaxError) {
    return ['CASSANDRA_SCHEMA', 'The keyspace is not as this program needs it. Run npm run migrate.'];
  }
  return ['CASSANDRA_AWAY', 'The tables cannot be reached in full at the moment. Try again.'];
}
