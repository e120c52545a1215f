/**
 * Who may do what in Cassandra: the superuser that every new cluster has is replaced by ours, one role changes
 * the schema, and the service's own role reads and writes rows of its keyspace. Safe to run again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { auth, Client, errors } from 'cassandra-driver';
import { UnavailableError } from '../../../kit/errors.ts';
import { logger } from '../../../kit/log.ts';
import type { ClientTls } from '../../tls.ts';

const log = logger('cassandra-roles');

export const ADMIN_ROLE = 'antiphon_admin';
export const MIGRATE_ROLE = 'antiphon_migrate';
export const SERVICE_ROLE = 'antiphon';
const FIRST_ROLE = 'cassandra';

/** A new cluster makes its first role some seconds after it takes connections. */
const SIGN_IN_MS_MAX = 120_000;
const SIGN_IN_AGAIN_MS = 1_000;
/** Changes of roles and keyspaces wait for all nodes to agree. */
const READ_MS_MAX = 30_000;

export interface RolesOptions {
  /** host:port of some nodes. */
  readonly contactPoints: readonly string[];
  readonly datacenter: string;
  readonly keyspace: string;
  readonly replicas: number;
  readonly tls?: ClientTls;
  readonly passwords: { readonly admin: string; readonly migrate: string; readonly service: string };
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** @throws UnavailableError when neither our superuser nor the first one can sign in in time. */
export async function ensureRoles(options: RolesOptions): Promise<void> {
  const { datacenter, keyspace, replicas, passwords } = options;
  const admin = await signInAsAdmin(options);
  try {
    await retireFirstRole(admin);
    const replication = `{ 'class': 'NetworkTopologyStrategy', ${quoted(datacenter)}: ${replicas} }`;
    await admin.execute(`ALTER KEYSPACE system_auth WITH replication = ${replication}`);
    await admin.execute(`CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = ${replication}`);
    await ensureRole(options, admin, MIGRATE_ROLE, passwords.migrate);
    await ensureRole(options, admin, SERVICE_ROLE, passwords.service);
    for (const grant of [
      // CREATE KEYSPACE IF NOT EXISTS asks for this right even when the keyspace is there.
      `CREATE ON ALL KEYSPACES TO ${MIGRATE_ROLE}`,
      `ALL PERMISSIONS ON KEYSPACE ${keyspace} TO ${MIGRATE_ROLE}`,
      `SELECT ON KEYSPACE ${keyspace} TO ${SERVICE_ROLE}`,
      `MODIFY ON KEYSPACE ${keyspace} TO ${SERVICE_ROLE}`,
    ]) {
      await admin.execute(`GRANT ${grant}`);
    }
  } finally {
    await admin.shutdown();
  }
}

async function retireFirstRole(admin: Client): Promise<void> {
  const query = 'SELECT can_login, is_superuser FROM system_auth.roles WHERE role = ?';
  const found = (await admin.execute(query, [FIRST_ROLE], { prepare: true })).first();
  if (!found?.get('can_login') && !found?.get('is_superuser')) return;
  await admin.execute(`ALTER ROLE ${FIRST_ROLE} WITH SUPERUSER = false AND LOGIN = false`);
}

/** Cassandra refuses to set a password twice within seconds, so one that is right already is left alone. */
async function ensureRole(
  options: RolesOptions,
  admin: Client,
  role: string,
  password: string,
): Promise<void> {
  await admin.execute(
    `CREATE ROLE IF NOT EXISTS ${role} WITH LOGIN = true AND PASSWORD = ${quoted(password)}`,
  );
  const client = await signIn(options, role, password);
  if (client) await client.shutdown();
  else await admin.execute(`ALTER ROLE ${role} WITH LOGIN = true AND PASSWORD = ${quoted(password)}`);
}

async function signInAsAdmin(options: RolesOptions): Promise<Client> {
  const { contactPoints, passwords } = options;
  const untilMs = performance.now() + SIGN_IN_MS_MAX;
  for (;;) {
    const admin = await signIn(options, ADMIN_ROLE, passwords.admin);
    if (admin) return admin;
    if (performance.now() >= untilMs) {
      throw new UnavailableError(
        'CASSANDRA_REFUSED',
        `No superuser can sign in at ${contactPoints.join(', ')}. Check that the nodes are up and that the vault is the one they were started with.`,
      );
    }
    const first = await signIn(options, FIRST_ROLE, FIRST_ROLE);
    if (first) await makeAdmin(first, passwords.admin).finally(() => first.shutdown());
    else await sleep(SIGN_IN_AGAIN_MS);
  }
}

const makeAdmin = (first: Client, password: string) =>
  first.execute(
    `CREATE ROLE IF NOT EXISTS ${ADMIN_ROLE} WITH SUPERUSER = true AND LOGIN = true AND PASSWORD = ${quoted(password)}`,
  );

/** Undefined when the nodes are not up yet, or refuse. */
async function signIn(
  { contactPoints, datacenter, tls }: RolesOptions,
  role: string,
  password: string,
): Promise<Client | undefined> {
  const client = new Client({
    contactPoints: [...contactPoints],
    localDataCenter: datacenter,
    authProvider: new auth.PlainTextAuthProvider(role, password),
    socketOptions: { readTimeout: READ_MS_MAX },
    ...(tls && { sslOptions: { ...tls, rejectUnauthorized: true } }),
  });
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.shutdown();
    if (!(error instanceof errors.NoHostAvailableError)) throw error;
    log.info({ role, reason: error.message.split('\n')[0] }, 'cannot sign in yet');
    return undefined;
  }
}
