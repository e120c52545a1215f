/**
 * Goal: the secrets that a deployment makes for itself fit the servers' configuration files and our clients, and
 * nobody comes in without them. Method: the very files of the compose deployment, with addresses and paths of
 * this machine put in, run by the real servers as processes.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auth, Client } from 'cassandra-driver';
import { Redis, type RedisOptions } from 'ioredis';
import { connect, nkeyAuthenticator } from 'nats';
import t, { type Test } from 'tap';
import { freePort, type LocalProcess, startProcess } from '../../local/process.ts';
import { findProgram, goTool, NATS_SERVER, toolsFolder, VERSITYGW } from '../../local/tools.ts';
import { openNats } from '../../nats/connection.ts';
import type { ClientTls } from '../../tls.ts';
import { ensureRoles, MIGRATE_ROLE, SERVICE_ROLE } from '../cassandra/roles.ts';
import { makeSecrets } from './make-secrets.ts';

const READY_MS_MAX = 180_000;
const deploy = join(import.meta.dirname, '..');
const folder = await mkdtemp(join(tmpdir(), 'antiphon-deploy-'));
t.teardown(() => rm(folder, { recursive: true, force: true }));
const secrets = join(folder, 'secrets');
const routePorts = await Promise.all([freePort(), freePort(), freePort()]);
await makeSecrets({
  folder: secrets,
  nowMs: Date.now(),
  topology: { natsRoutes: routePorts.map((port) => `127.0.0.1:${port}`) },
});

const secret = (part: string, name: string) => readFile(join(secrets, part, name), 'utf8');
const tlsOf = async (part: string): Promise<Required<ClientTls>> => ({
  ca: await secret(part, 'ca.pem'),
  cert: await secret(part, 'cert.pem'),
  key: await secret(part, 'key.pem'),
});
const ours = await tlsOf('antiphon');

/** A file of the deployment with each of these texts replaced; one that is not in it fails the test. */
async function localCopy(
  t: Test,
  file: string,
  name: string,
  replaced: Record<string, string>,
): Promise<string> {
  let text = await readFile(join(deploy, file), 'utf8');
  for (const [from, to] of Object.entries(replaced)) {
    t.ok(text.includes(from), `${file} says ${from}`);
    text = text.replaceAll(from, to);
  }
  const path = join(folder, name);
  await writeFile(path, text, { mode: 0o700 });
  return path;
}

async function start(
  t: Test,
  name: string,
  command: string,
  args: readonly string[],
  ready: () => Promise<unknown>,
  env: Readonly<Record<string, string>> = {},
): Promise<LocalProcess> {
  const isReady = async () => Boolean(await ready());
  const process = await startProcess({ name, command, args, env, ready: isReady, readyMsMax: READY_MS_MAX });
  t.teardown(() => process[Symbol.asyncDispose]());
  return process;
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1');
    socket.on('connect', () => socket.destroy()).on('connect', () => resolve(true));
    socket.on('error', () => resolve(false));
  });

async function cassandraProgram({
  config,
  folder,
  rackFile,
}: {
  config: string;
  folder: string;
  rackFile: string;
}) {
  const jars = join(toolsFolder(), 'cassandra-5.0.9', 'lib');
  return {
    command: 'java',
    args: [
      ...['-Xms128M', '-Xmx512M', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xss256k'],
      '--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED',
      '--add-opens=java.base/java.io=ALL-UNNAMED',
      '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
      `-Dcassandra.config=file://${config}`,
      `-Dcassandra-rackdc.properties=file://${rackFile}`,
      `-Dcassandra.storagedir=${folder}`,
      '-Dcassandra-foreground=yes',
      '-Dcassandra.skip_wait_for_gossip_to_settle=0',
      '-Dcassandra.ring_delay_ms=0',
      '-Dcassandra.superuser_setup_delay_ms=0',
      '-cp',
      join(jars, '*'),
      'org.apache.cassandra.service.CassandraDaemon',
    ],
  };
}

t.test('three NATS servers find each other by TLS and password, and keep streams thrice', async (t) => {
  const program = await goTool(NATS_SERVER);
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  await Promise.all(
    ports.map(async (port, index) => {
      const name = `nats-${index + 1}`;
      const [monitor, data] = [await freePort(), join(folder, name)];
      const config = await localCopy(t, 'nats/nats.conf', `${name}.conf`, {
        '0.0.0.0:4222': `127.0.0.1:${port}`,
        '0.0.0.0:6222': `127.0.0.1:${routePorts[index]}`,
        '0.0.0.0:8222': `127.0.0.1:${monitor}`,
        '/etc/nats/secrets': join(secrets, 'nats'),
        'include secrets/': 'include secrets/nats/',
        'store_dir: /data': `store_dir: ${data}`,
      });
      const healthy = () =>
        answers(monitor, '/healthz');
      await start(t, name, program, ['-c', config], healthy, { NATS_NAME: name });
    }),
  );
  const servers = ports.map((port) => `tls://127.0.0.1:${port}`);
  const seed = await secret('antiphon', 'nats-seed');
  const connection = await openNats({ servers, seed, tls: ours, name: 'engine-test' });
  t.teardown(() => connection.close());

  let added: unknown;
  for (let tries = 0; !added && tries < 40; tries++) {
    const manager = await connection.jetstreamManager({ timeout: 5_000 }).catch(() => undefined);
    added = await manager?.streams
      .add({ name: 'probe', subjects: ['probe.>'], num_replicas: 3 })
      .catch(() => undefined);
  }
  t.match(added, { config: { num_replicas: 3 } });
  t.match(await connection.jetstream().publish('probe.a', 'sound'), { stream: 'probe', seq: 1 });

  const own = { servers: servers.slice(0, 1), reconnect: false, timeout: 5_000 };
  const authenticator = nkeyAuthenticator(new TextEncoder().encode(seed));
  await t.rejects(connect({ ...own, tls: { ca: ours.ca }, authenticator }), 'a client without a certificate');
  await t.rejects(connect({ ...own, tls: ours }), { code: 'AUTHORIZATION_VIOLATION' }, 'one without a key');
  const stranger = nkeyAuthenticator(
    new TextEncoder().encode('SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY'),
  );
  await t.rejects(
    connect({ ...own, tls: ours, authenticator: stranger }),
    { code: 'AUTHORIZATION_VIOLATION' },
    'one whose key is not known',
  );
  const heard: string[] = [];
  connection.subscribe('$SYS.>', { callback: (_error, { subject }) => heard.push(subject) });
  const system = await openNats({
    servers,
    seed: await secret('operator', 'nats-system-seed'),
    tls: await tlsOf('operator'),
    name: 'operator',
  });
  t.teardown(() => system.close());
  t.match((await system.request('$SYS.REQ.SERVER.PING', '', { timeout: 5_000 })).json(), { server: {} });
  await connection.flush();
  t.strictSame(heard, [], 'the service sees nothing of the servers themselves');
});

t.test('Redis takes our user by TLS, and lets it do what a cache needs and no more', async (t) => {
  const program = await findProgram('redis-server');
  if (!program) throw new Error('redis-server is needed: install it.');
  const port = await freePort();
  const data = join(folder, 'redis');
  await mkdir(data);
  const config = await localCopy(t, 'redis/redis.conf', 'redis.conf', {
    'tls-port 6379': `tls-port ${port}`,
    '/etc/redis/secrets': join(secrets, 'redis'),
    'dir /data': `dir ${data}`,
  });
  const client = async (user: RedisOptions, tls: ClientTls = ours): Promise<Redis> => {
    const redis = new Redis({
      ...{ host: '127.0.0.1', port, lazyConnect: true, retryStrategy: () => null, ...user },
      tls: { ...tls },
      maxRetriesPerRequest: 0,
    });
    redis.on('error', () => {});
    t.teardown(() => redis.disconnect());
    await redis.connect();
    return redis;
  };
  await start(t, 'redis', program, [config], async () =>
    (await client({ username: 'health', password: 'x' })).ping(),
  );

  const redis = await client({ username: 'antiphon', password: await secret('antiphon', 'redis-password') });
  t.equal(await redis.set('a', '1', 'PX', 60_000), 'OK');
  t.equal(await redis.eval('return redis.call("incr", KEYS[1])', 1, 'a'), 2);
  t.equal(await redis.publish('news', 'x'), 0);
  for (const command of [
    ['config', 'get', '*'],
    ['flushall'],
    ['shutdown'],
    ['acl', 'list'],
    ['module', 'list'],
  ]) {
    await t.rejects(redis.call(...(command as [string])), /NOPERM/, command.join(' '));
  }
  const health = await client({ username: 'health', password: 'x' });
  await t.rejects(health.get('a'), /NOPERM/, 'the health check reads nothing');
  await t.rejects(
    client({}).then((nobody) => nobody.get('a')),
    'nobody',
  );
  await t.rejects(
    client({ username: 'antiphon', password: 'guess' }).then((guesser) => guesser.get('a')),
    'a guesser',
  );
  await t.rejects(
    client({ username: 'health', password: 'x' }, { ca: ours.ca }),
    'a client without a certificate',
  );
});

t.test('the S3 server starts with its keys from files and answers by TLS', async (t) => {
  const program = await goTool(VERSITYGW);
  const port = await freePort();
  const data = join(folder, 's3');
  await mkdir(data);
  const script = await localCopy(t, 's3/start.sh', 's3.sh', {
    ':7070': `127.0.0.1:${port}`,
    '/etc/s3/secrets': join(secrets, 's3'),
    'posix /data': `posix ${data}`,
    'exec versitygw': `exec ${program}`,
  });
  const get = (path: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const asked = request({ host: 'localhost', port, path, ca: ours.ca }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.on('error', reject).end();
    });
  await start(t, 's3', script, [], async () => (await get('/health')) === 200);
  t.equal(await get('/'), 403, 'nobody lists buckets');
});

t.test('Cassandra loses its first superuser, and its roles come in by TLS with a certificate', async (t) => {
  const [port, storagePort] = await Promise.all([freePort(), freePort()]);
  const data = join(folder, 'cassandra');
  await mkdir(data);
  const config = await localCopy(t, 'cassandra/cassandra.yaml', 'cassandra.yaml', {
    'listen_address:': 'listen_address: 127.0.0.1',
    'rpc_address:': 'rpc_address: 127.0.0.1',
    'cassandra-1:7000': `127.0.0.1:${storagePort}`,
    'storage_port: 7000': `storage_port: ${storagePort}`,
    'native_transport_port: 9042': `native_transport_port: ${port}`,
    '/etc/cassandra/secrets': join(secrets, 'cassandra'),
    '/var/lib/cassandra': data,
  });
  const program = await cassandraProgram({
    config,
    folder: data,
    rackFile: join(deploy, 'cassandra/cassandra-rackdc.properties'),
  });
  await start(t, 'cassandra', program.command, program.args, () => accepts(port));
  const contactPoints = [`127.0.0.1:${port}`];
  const clientOf = async (role: string, password: string, tls: ClientTls = ours): Promise<Client> => {
    const client = new Client({
      contactPoints,
      localDataCenter: 'datacenter1',
      authProvider: new auth.PlainTextAuthProvider(role, password),
      sslOptions: { ...tls, rejectUnauthorized: true },
    });
    t.teardown(() => client.shutdown());
    await client.connect();
    return client;
  };
  const roles = {
    contactPoints,
    datacenter: 'datacenter1',
    keyspace: 'antiphon',
    replicas: 1,
    tls: await tlsOf('migrate'),
    passwords: {
      admin: await secret('migrate', 'cassandra-admin-password'),
      migrate: await secret('migrate', 'cassandra-migrate-password'),
      service: await secret('migrate', 'cassandra-password'),
    },
  };
  await ensureRoles(roles);
  await ensureRoles(roles);

  const migrate = await clientOf(MIGRATE_ROLE, roles.passwords.migrate);
  await migrate.execute('CREATE TABLE antiphon.songs (id text PRIMARY KEY, title text)');
  const service = await clientOf(SERVICE_ROLE, await secret('antiphon', 'cassandra-password'));
  await service.execute("INSERT INTO antiphon.songs (id, title) VALUES ('a', 'b') IF NOT EXISTS");
  t.match((await service.execute('SELECT title FROM antiphon.songs')).first(), { title: 'b' });
  for (const statement of [
    'DROP TABLE antiphon.songs',
    'ALTER TABLE antiphon.songs ADD year int',
    "CREATE ROLE friend WITH PASSWORD = 'x' AND LOGIN = true",
    'SELECT * FROM system_auth.roles',
  ]) {
    await t.rejects(service.execute(statement), /authorized|permission/, statement);
  }
  await t.rejects(clientOf('cassandra', 'cassandra'), 'the first superuser');
  await t.rejects(clientOf(SERVICE_ROLE, 'guess'), 'a guesser');
  const { ca } = ours;
  await t.rejects(clientOf(SERVICE_ROLE, roles.passwords.service, { ca }), 'a client without a certificate');
});
