/**
 * Brings a keyspace to the newest version of the schema: once, in order, however many start at once.
 *
 * Whoever holds the lock works; it expires by itself when its holder dies. Every statement can be repeated, and
 * a version is recorded once all of it is done and every node that is up knows of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import cassandra from 'cassandra-driver';
import {
  CASSANDRA_DDL_MS_MAX,
  MIGRATION_LOCK_RETRY_MS,
  MIGRATION_LOCK_TTL_MS,
  MIGRATION_LOCK_WAIT_MS_MAX,
  MIGRATION_RETRY_MS,
  MIGRATION_TRYING_MS_MAX,
} from '../../config/engine-limits.ts';
import { SECOND_MS } from '../../config/limits.ts';
import { ConflictError, UnavailableError, UnsupportedError } from '../../kit/errors.ts';
import type { Clock } from '../../kit/sources.ts';
import {
  assertSound,
  createRecords,
  digestOf,
  LOCK_TABLE,
  newestOf,
  type Schema,
  type SchemaVersion,
  selectVersions,
  statementsOf,
  VERSIONS_TABLE,
} from './schema.ts';
import { type CassandraAccess, endClient, newClient, unavailable } from './session.ts';

export interface MigrateOptions extends CassandraAccess {
  readonly keyspace: string;
  /** Copies of each row in the datacenter, for a keyspace that is made now. */
  readonly replicas: number;
  readonly schema: Schema;
  readonly clock: Clock;
  /** Told each thing done, in a sentence. */
  readonly say: (text: string) => void;
}

/**
 * Resolves with the version that the keyspace is at. While Cassandra is away or too slow it is tried again, for
 * MIGRATION_TRYING_MS_MAX in all.
 *
 * @throws UnsupportedError `SCHEMA_NEW` when the keyspace is newer than `schema`; ConflictError `SCHEMA_DIFFERS`
 * when a version was applied with other statements; UnavailableError.
 */
export async function migrate(options: MigrateOptions): Promise<number> {
  const { schema, clock, say } = options;
  assertSound(schema);
  // One for all attempts: what the one before holds, the next one need not wait for.
  const holder = cassandra.types.Uuid.random();
  const untilMs = clock.nowMs() + MIGRATION_TRYING_MS_MAX;
  const said = new Set<string>();
  const sayOnce = (text: string): void => {
    if (!said.has(text)) say(text);
    said.add(text);
  };
  for (let isAgain = false; ; isAgain = true) {
    try {
      return await attempt({ ...options, say: sayOnce }, holder, isAgain);
    } catch (error) {
      const passes = error instanceof UnavailableError && PASSING.has(error.code);
      if (!passes || clock.nowMs() >= untilMs) throw error;
      sayOnce(
        `${error.message} Trying ${options.contactPoints.join(', ')} for ${MIGRATION_TRYING_MS_MAX / SECOND_MS} s`,
      );
    }
    // Unlike the clock's timers this one keeps the process alive, which has no connection meanwhile.
    await sleep(MIGRATION_RETRY_MS);
  }
}

const PASSING: ReadonlySet<string> = new Set(['CASSANDRA_AWAY', 'SCHEMA_DISAGREES', 'MIGRATION_LATE']);

async function attempt(
  options: MigrateOptions,
  holder: cassandra.types.Uuid,
  isAgain: boolean,
): Promise<number> {
  const client = newClient(options);
  try {
    await client.connect();
    // One node does it all: another may not have heard of the statement before.
    const [host] = client.getState().getConnectedHosts();
    const send: Send = (query, params = [], given) =>
      client.execute(query, [...params], { ...(host && { host }), ...given });
    const ddl: Ddl = async (statement) => {
      // Unprepared: schema changes take longer than anything else and are sent once.
      const result = await send(statement, [], {
        prepare: false,
        isIdempotent: false,
        readTimeout: CASSANDRA_DDL_MS_MAX,
      });
      // Missing in the driver's types.
      if (!(result.info as unknown as { isSchemaInAgreement: boolean }).isSchemaInAgreement)
        throw disagrees();
    };
    // A statement whose answer was lost may still be under way, and must not meet its own copy.
    if (isAgain && !(await metadataOf(client).checkSchemaAgreement())) throw disagrees();
    await makeKeyspace(send, ddl, options);
    for (const statement of createRecords(options.keyspace)) await ddl(statement);
    await using lock = await takeLock(send, options, holder);
    return await applyVersions(send, ddl, options, lock.renew);
  } catch (error) {
    throw unavailable(error);
  } finally {
    await endClient(client);
  }
}

/** Missing in the driver's types. */
const metadataOf = (client: cassandra.Client) =>
  client.metadata as unknown as { checkSchemaAgreement(): Promise<boolean> };

const disagrees = (): UnavailableError =>
  new UnavailableError(
    'SCHEMA_DISAGREES',
    'Not all nodes that are up know the new schema yet. Look at them, then run npm run migrate again.',
  );

type Send = (
  query: string,
  params?: readonly unknown[],
  given?: cassandra.QueryOptions,
) => Promise<cassandra.types.ResultSet>;
type Ddl = (statement: string) => Promise<void>;

async function makeKeyspace(
  send: Send,
  ddl: Ddl,
  { keyspace, datacenter, replicas, say }: MigrateOptions,
): Promise<void> {
  const found = await send('SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?', [
    keyspace,
  ]);
  const replication = found.first()?.replication as Record<string, string> | undefined;
  if (!replication) {
    await ddl(
      `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {'class': 'NetworkTopologyStrategy', '${datacenter.replaceAll("'", "''")}': ${replicas}}`,
    );
    say(`made keyspace ${keyspace}, ${replicas} ${replicas === 1 ? 'copy' : 'copies'} in ${datacenter}`);
  } else if (replication[datacenter] !== String(replicas)) {
    say(
      `keyspace ${keyspace} stays as it is replicated: ${JSON.stringify(replication)}; to change that, ALTER KEYSPACE and then repair`,
    );
  }
}

async function applyVersions(
  send: Send,
  ddl: Ddl,
  { keyspace, schema, say }: MigrateOptions,
  renew: () => Promise<void>,
): Promise<number> {
  const { rows } = await send(selectVersions(keyspace), [], {
    consistency: cassandra.types.consistencies.serial,
  });
  const applied = new Map(rows.map((row) => [Number(row.version), row.digest as string]));
  const newest = newestOf(schema);
  const found = Math.max(0, ...applied.keys());
  if (found > newest) {
    throw new UnsupportedError(
      'SCHEMA_NEW',
      `Keyspace ${keyspace} is at version ${found}, newer than this program (${newest}). Going back is not possible; update the program.`,
    );
  }
  for (const version of schema) {
    const digest = applied.get(version.version);
    if (digest === undefined) await apply(version);
    else if (digest !== digestOf(version)) throw differs(version);
  }
  say(found === newest ? `already at version ${newest}` : `now at version ${newest}`);
  return newest;

  async function apply(version: SchemaVersion): Promise<void> {
    const statements = statementsOf(keyspace, version);
    for (const statement of statements) {
      await renew();
      await ddl(statement);
    }
    await renew();
    await send(
      `INSERT INTO ${keyspace}.${VERSIONS_TABLE} (name, version, digest, applied_at) VALUES ('antiphon', ?, ?, toTimestamp(now())) IF NOT EXISTS`,
      [version.version, digestOf(version)],
    );
    say(`version ${version.version}: ${statements.length} statements`);
  }

  function differs({ version }: SchemaVersion): ConflictError {
    return new ConflictError(
      'SCHEMA_DIFFERS',
      `Version ${version} of keyspace ${keyspace} was made by other statements than this program has. Use the program that made it, or a new keyspace.`,
    );
  }
}

interface Lock extends AsyncDisposable {
  readonly renew: () => Promise<void>;
}

async function takeLock(
  send: Send,
  { keyspace, clock, say }: MigrateOptions,
  holder: cassandra.types.Uuid,
): Promise<Lock> {
  const table = `${keyspace}.${LOCK_TABLE}`;
  const ttlSec = MIGRATION_LOCK_TTL_MS / SECOND_MS;
  const untilMs = clock.nowMs() + MIGRATION_LOCK_WAIT_MS_MAX;

  const take = async (): Promise<boolean> => {
    const taken = await send(
      `INSERT INTO ${table} (name, holder) VALUES ('migration', ?) IF NOT EXISTS USING TTL ?`,
      [holder, ttlSec],
    );
    // Sent twice, the second copy finds the first.
    return taken.wasApplied() || holder.equals(taken.first()?.holder as cassandra.types.Uuid);
  };
  for (let told = false; !(await take()); told = true) {
    if (!told) say('another migration is running; waiting for it');
    if (clock.nowMs() > untilMs) {
      throw new UnavailableError(
        'MIGRATION_BUSY',
        'Another migration does not end. Look for it, then try again.',
      );
    }
    await new Promise<void>((resolve) => void clock.after(MIGRATION_LOCK_RETRY_MS, resolve));
  }
  return {
    async renew() {
      const renewed = await send(
        `UPDATE ${table} USING TTL ? SET holder = ? WHERE name = 'migration' IF holder = ?`,
        [ttlSec, holder, holder],
      );
      if (renewed.wasApplied()) return;
      throw new UnavailableError(
        'MIGRATION_LATE',
        'This migration took so long that its lock was lost. Run npm run migrate again.',
      );
    },
    async [Symbol.asyncDispose]() {
      // It expires by itself: what cannot be released now must not hide why.
      const release = `DELETE FROM ${table} WHERE name = 'migration' IF holder = ?`;
      await send(release, [holder]).catch(() => undefined);
    },
  };
}
