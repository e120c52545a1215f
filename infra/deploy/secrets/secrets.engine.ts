/**
 * Goal: the secrets that a deployment makes for itself fit the servers' configuration files and our clients, and
 * nobody comes in without them. Method: the very files of the compose deployment, with addresses and paths of
 * this machine put in, run by the real servers as processes.
 */
import { glob, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { auth, Client } from 'cassandra-driver';
import { Redis, type RedisOptions } from 'ioredis';
import { connect, nkeyAuthenticator } from 'nats';
import t from 'tap';
import { systemClock, systemRandom } from '../../../kit/sources.ts';
import { SCHEMA } from '../../../tables.config.ts';
import { migrate } from '../../cassandra/migrate.ts';
import { cassandraCommand } from '../../local/cassandra.ts';
import { accepts, freePort } from '../../local/process.ts';
import { findProgram, goTool, NATS_SERVER, VERSITYGW } from '../../local/tools.ts';
import { openNats } from '../../nats/connection.ts';
import { openS3Objects } from '../../objects/s3-objects.ts';
import type { ClientTls } from '../../tls.ts';
import { ensureRoles, MIGRATE_ROLE, SERVICE_ROLE } from '../cassandra/roles.ts';
import { ask, deployed, start } from '../testing/deployed.ts';
import { makeSecrets } from './make-secrets.ts';

const deploy = join(import.meta.dirname, '..');
const routePorts = await Promise.all([freePort(), freePort(), freePort()]);
const { folder, secrets, secret, tlsOf, localCopy } = await deployed(t, {
  natsRoutes: routePorts.map((port) => `127.0.0.1:${port}`),
});
const ours = await tlsOf('antiphon');

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
      const ready = async () => (await ask(monitor, '/healthz', { ca: ours.ca })).status === 200;
      await start(t, { name, command: program, args: ['-c', config], env: { NATS_NAME: name }, ready });
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
      ...{
        host: '127.0.0.1',
        port,
        lazyConnect: true,
        enableReadyCheck: false,
        retryStrategy: () => null,
        ...user,
      },
      tls: { ...tls },
      maxRetriesPerRequest: 0,
    });
    redis.on('error', () => {});
    t.teardown(() => redis.disconnect());
    await redis.connect();
    return redis;
  };
  const health = { username: 'health', password: 'none' };
  await start(t, {
    name: 'redis',
    command: program,
    args: [config],
    ready: async () => (await client(health)).ping(),
  });

  const redis = await client({ username: 'antiphon', password: await secret('antiphon', 'redis-password') });
  t.equal(await redis.set('antiphon:a', '1', 'PX', 60_000), 'OK');
  t.equal(await redis.eval('return redis.call("get", KEYS[1])', 1, 'antiphon:a'), '1');
  for (const command of ['config get *', 'flushall', 'shutdown', 'acl list', 'module list', 'get other:a']) {
    await t.rejects(redis.call(...(command.split(' ') as [string])), /NOPERM/, command);
  }
  const watcher = await client(health);
  await t.rejects(watcher.get('antiphon:a'), /NOPERM/, 'the health check reads nothing');
  for (const [who, user] of Object.entries({
    nobody: {},
    'a guesser': { username: 'antiphon', password: 'guess' },
  })) {
    await t.rejects(
      client(user).then((stranger) => stranger.get('antiphon:a')),
      who,
    );
  }
  await t.rejects(client(health, { ca: ours.ca }), 'a client without a certificate');
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
  const { ca } = ours;
  const ready = async () => (await ask(port, '/health', { ca })).status === 200;
  await start(t, { name: 's3', command: script, args: [], ready });
  const url = `https://localhost:${port}`;
  const options = {
    url,
    bucket: 'antiphon',
    region: 'us-east-1',
    tls: ours,
    clock: systemClock,
    random: systemRandom,
  };
  const [accessKey, secretKey] = await Promise.all([
    secret('antiphon', 's3-access-key'),
    secret('antiphon', 's3-secret-key'),
  ]);
  await using objects = await openS3Objects({ ...options, accessKey, secretKey });
  await objects.put('songs/a', Buffer.from('sound'));
  t.equal((await objects.get('songs/a'))?.toString(), 'sound');
  await t.rejects(openS3Objects({ ...options, accessKey, secretKey: 'guess' }), 'a guesser');
  t.equal((await ask(port, '/', { ca })).status, 403, 'nobody lists buckets');
});

t.test('Cassandra loses its first superuser, and its roles come in by TLS with a certificate', async (t) => {
  const [port, storagePort] = await Promise.all([freePort(), freePort()]);
  const data = join(folder, 'cassandra');
  await mkdir(data);
  await localCopy(t, 'cassandra/cassandra.yaml', 'cassandra/cassandra.yaml', {
    'listen_address:': 'listen_address: 127.0.0.1',
    'rpc_address:': 'rpc_address: 127.0.0.1',
    'cassandra-1:7000': `127.0.0.1:${storagePort}`,
    'storage_port: 7000': `storage_port: ${storagePort}`,
    'native_transport_port: 9042': `native_transport_port: ${port}`,
    '/etc/cassandra/secrets': join(secrets, 'cassandra'),
    '/var/lib/cassandra': data,
  });
  const { command, args } = await cassandraCommand(data);
  const racks = `-Dcassandra-rackdc.properties=file://${join(deploy, 'cassandra/cassandra-rackdc.properties')}`;
  await start(t, {
    name: 'cassandra',
    command,
    args: [racks, ...args],
    ready: () => accepts('127.0.0.1', port),
  });
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

  const { keyspace, datacenter, replicas } = roles;
  const password = roles.passwords.migrate;
  const access = { contactPoints, keyspace, datacenter, replicas, user: MIGRATE_ROLE, password, tls: ours };
  await migrate({ ...access, schema: SCHEMA, clock: systemClock, say: () => {} });
  const migrator = await clientOf(MIGRATE_ROLE, password);
  await migrator.execute('CREATE TABLE antiphon.songs (id text PRIMARY KEY, title text)');
  const service = await clientOf(SERVICE_ROLE, await secret('antiphon', 'cassandra-password'));
  await service.execute("INSERT INTO antiphon.songs (id, title) VALUES ('a', 'b') IF NOT EXISTS");
  t.match((await service.execute('SELECT title FROM antiphon.songs')).first(), { title: 'b' });
  for (const statement of [
    'DROP TABLE antiphon.songs',
    'ALTER TABLE antiphon.songs ADD year int',
    "CREATE ROLE friend WITH PASSWORD = 'x' AND LOGIN = true",
    'SELECT * FROM system_auth.roles',
  ]) {
    await t.rejects(service.execute(statement), /authorized|permission|privileges/, statement);
  }
  await t.rejects(clientOf('cassandra', 'cassandra'), 'the first superuser');
  await t.rejects(clientOf(SERVICE_ROLE, 'guess'), 'a guesser');
  const { ca } = ours;
  await t.rejects(clientOf(SERVICE_ROLE, roles.passwords.service, { ca }), 'a client without a certificate');
});

t.test('a second run makes nothing new, and brings back what was lost', async (t) => {
  const made: string[] = [];
  const again = (nowMs = Date.now()) => {
    made.length = 0;
    return makeSecrets({
      folder: other.secrets,
      nowMs,
      onMade: (path) => made.push(path.slice(other.secrets.length + 1)),
    });
  };
  const other = await deployed(t);
  const [accounts, ca] = await Promise.all([
    other.secret('nats', 'accounts.conf'),
    other.secret('nats', 'ca.pem'),
  ]);
  await again();
  t.strictSame(made, []);

  await rm(join(other.secrets, 'nats'), { recursive: true });
  await again();
  t.ok(made.length > 0 && made.every((path) => path.startsWith('nats/')), made.join());
  t.equal(await other.secret('nats', 'accounts.conf'), accounts);

  // A year and ten months later: certificates only, from the same authority.
  await again(Date.now() + 670 * 86_400_000);
  t.ok(made.includes('nats/cert.pem'));
  t.ok(
    made.every((path) => /(cert|key|keystore)\.pem$/.test(path)),
    made.join(),
  );
  t.equal(await other.secret('nats', 'ca.pem'), ca);
});

t.test('no part holds the secret of another', async (t) => {
  const { folder: _, ...other } = await deployed(t);
  const seeds = [await other.secret('vault', 'nats-seed'), await other.secret('vault', 'nats-system-seed')];
  const holders: string[] = [];
  for await (const file of glob('*/*', { cwd: other.secrets })) {
    const text = await readFile(join(other.secrets, file), 'utf8');
    if (text.includes('PRIVATE KEY'))
      t.equal((await stat(join(other.secrets, file))).mode & 0o777, 0o400, file);
    if (seeds.some((seed) => text.includes(seed))) holders.push(file);
  }
  t.strictSame(holders.sort(), [
    'antiphon/nats-seed',
    'operator/nats-system-seed',
    'vault/nats-seed',
    'vault/nats-system-seed',
  ]);
});
