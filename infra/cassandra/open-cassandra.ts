/** Tables on a Cassandra cluster that `npm run migrate` has prepared. */
import { setTimeout as sleep } from 'node:timers/promises';
import cassandra from 'cassandra-driver';
import {
  CASSANDRA_CONDITIONAL_WAITING_MAX,
  CASSANDRA_OPEN_WAIT_MS,
  CASSANDRA_RECONNECT_EVERY_MS,
} from '../../config/engine-limits.ts';
import { createMailboxes } from '../../kit/actor/mailbox.ts';
import { UnavailableError, UnsupportedError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import type { Clock, Timer } from '../../kit/sources.ts';
import { newestOf, type Schema, selectVersions } from './schema.ts';
import { type CassandraAccess, endClient, newClient, type Reach, sessionOf, unavailable } from './session.ts';
import { openTable } from './tables.ts';

const log = logger('cassandra');

export interface CassandraOptions extends CassandraAccess {
  readonly keyspace: string;
  /** Every table that will be opened. */
  readonly schema: Schema;
  readonly clock: Clock;
  /**
   * Whose majority a read or write waits for, and who agrees on a compare-and-set; default: the whole cluster's.
   * `datacenter` is faster over several regions, and right only for rows that one region alone writes.
   */
  readonly reach?: Reach;
}

export interface Cassandra extends AsyncDisposable {
  readonly tables: Tables;
}

/**
 * Resolves once connected, or after a while without: then operations fail with UnavailableError until the
 * cluster is there.
 *
 * @throws UnsupportedError `SCHEMA_MISSING`, `SCHEMA_OLD` or `SCHEMA_NEW` when the keyspace does not fit.
 */
export async function openCassandra(options: CassandraOptions): Promise<Cassandra> {
  const { keyspace, schema, clock, reach = 'cluster' } = options;
  const link = connectInBackground(options);
  const waiting = new AbortController();
  // Unlike the clock's timers this one keeps a process alive that has nothing else to do yet.
  const waited = sleep(CASSANDRA_OPEN_WAIT_MS, undefined, waiting).catch(() => undefined);
  try {
    await Promise.race([link.settled, waited]);
  } catch (error) {
    await link.close();
    throw error;
  } finally {
    waiting.abort();
  }
  const deps = {
    session: sessionOf(link.client, reach, clock),
    keyspace,
    clock,
    turns: createMailboxes(CASSANDRA_CONDITIONAL_WAITING_MAX),
  };
  const known = new Set(schema.flatMap(({ tables = [] }) => tables.map(({ name }) => name)));
  return {
    tables: {
      open(spec) {
        if (!known.has(spec.name)) {
          throw new Error(`Table ${spec.name} is in no version of the schema: add it to tables.config.ts.`);
        }
        return openTable(deps, spec);
      },
    },
    [Symbol.asyncDispose]: link.close,
  };
}

interface Link {
  /** Resolves once connected; rejects when the keyspace does not fit. */
  readonly settled: Promise<void>;
  /** @throws UnavailableError or UnsupportedError unless connected. */
  readonly client: () => cassandra.Client;
  readonly close: () => Promise<void>;
}

/** Tries until it succeeds; from then on the driver keeps the connections. */
function connectInBackground(options: CassandraOptions): Link {
  const { keyspace, schema, clock, reach } = options;
  let client: cassandra.Client | undefined;
  let closed = false;
  let why: Error = new UnavailableError('CASSANDRA_AWAY', 'The tables are not connected yet. Try again.');
  let running: Promise<void> = Promise.resolve();
  let timer: Timer | undefined;
  let told: string | undefined;

  /** Once for each reason: an attempt each second says the same for as long as an outage lasts. */
  function tell(): void {
    if (why.message !== told) log.warn({ err: why }, 'not connected, trying again and again');
    told = why.message;
  }

  const settled = new Promise<void>((resolve, reject) => {
    async function attempt(): Promise<void> {
      const next = newClient(options, reach);
      try {
        await next.connect();
        await assertFits(next, keyspace, schema);
        client = next;
        if (told !== undefined) log.info('connected');
        resolve();
      } catch (error) {
        why = unavailable(error) as Error;
        tell();
        await endClient(next).catch(() => undefined);
        if (why instanceof UnsupportedError) reject(why);
        if (!closed) timer = clock.after(CASSANDRA_RECONNECT_EVERY_MS, begin);
      }
    }
    function begin(): void {
      if (!closed) running = attempt();
    }
    begin();
  });
  settled.catch(() => undefined);

  return {
    settled,
    client() {
      if (!client) throw why;
      return client;
    },
    async close() {
      closed = true;
      timer?.cancel();
      await running;
      if (client) await endClient(client);
    },
  };
}

/** @throws UnsupportedError that says what to do. */
async function assertFits(client: cassandra.Client, keyspace: string, schema: Schema): Promise<void> {
  const rows = await client.execute(selectVersions(keyspace)).then(
    (result) => result.rows,
    (error: unknown) => {
      const isMissing =
        error instanceof cassandra.errors.ResponseError &&
        error.code === cassandra.types.responseErrorCodes.invalid;
      if (isMissing) return [];
      throw error;
    },
  );
  const found = Math.max(0, ...rows.map((row) => Number(row.version)));
  const wanted = newestOf(schema);
  const data = { keyspace, found, wanted };
  if (found === 0) {
    throw new UnsupportedError(
      'SCHEMA_MISSING',
      `Keyspace ${keyspace} holds no tables of ours yet. Run npm run migrate.`,
      data,
    );
  }
  if (found < wanted) {
    throw new UnsupportedError(
      'SCHEMA_OLD',
      `Keyspace ${keyspace} is at version ${found}, this program needs ${wanted}. Run npm run migrate.`,
      data,
    );
  }
  if (found > wanted) {
    throw new UnsupportedError(
      'SCHEMA_NEW',
      `Keyspace ${keyspace} is at version ${found}, newer than this program (${wanted}). Update the program; npm run migrate does not go back.`,
      data,
    );
  }
}
