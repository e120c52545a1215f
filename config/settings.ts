/**
 * The one place that reads the environment. Every bad setting is reported at once.
 */
import { readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { type Static, Type } from 'typebox';
import { Country, literals, object } from '../kit/contract.ts';
import { problemsOf } from '../kit/validate.ts';

const Path = Type.String({ minLength: 1 });
const Name = Type.String({ minLength: 1 });

/** What a process can host: each role is one service, but for the edge, which serves sound. */
export const ROLES = [
  'gateway',
  'edge',
  'accounts',
  'catalog',
  'search',
  'history',
  'likes',
  'player-session',
  'ingest',
  'warming',
] as const;
export type Role = (typeof ROLES)[number];

const Settings = object({
  /** All that the service keeps lives in this folder. */
  dataDir: Path,
  host: Type.String({ minLength: 1 }),
  port: Type.Integer({ minimum: 0, maximum: 65_535 }),
  /** Where browsers reach the service when a proxy stands in front, e.g. https://music.example.org */
  publicUrl: Type.Optional(Type.String({ pattern: '^https?://[^/]+$' })),
  tlsCert: Type.Optional(Path),
  tlsKey: Type.Optional(Path),
  /** Addresses of proxies whose X-Forwarded-For is believed. */
  trustedProxies: Type.Array(Type.String({ minLength: 1 })),
  /** Other origins whose pages may call the API. */
  corsOrigins: Type.Array(Type.String({ pattern: '^https?://[^/]+$' })),
  /** With it, /metrics also answers callers that are not on this machine. */
  metricsToken: Type.Optional(Type.String({ minLength: 16 })),
  /** At least 32 bytes; made on first run and kept in the data folder when not given. */
  masterSecret: Type.Optional(Type.String({ minLength: 32 })),
  /** Country of an account that names none. */
  defaultCountry: Country,
  /** Whether demo music is made when the catalogue is empty. */
  demo: Type.Boolean(),
  /** Whether anyone who reaches the service may make an account. */
  openSignUp: Type.Boolean(),
  ffmpegPath: Type.Optional(Path),
  logLevel: literals('trace', 'debug', 'info', 'warn', 'error', 'silent'),
  nodeId: Type.String({ pattern: '^[\\w.-]{1,64}$' }),
  /** What this process hosts; the rest is reached over the bus. */
  roles: Type.Array(literals(...ROLES), { minItems: 1 }),

  /** nats:// or tls:// addresses, never with a password, since addresses are logged. With them bus, journal and topics are NATS; absent: of this process. */
  natsServers: Type.Array(Type.String({ pattern: '^(nats|tls)://[^/@]+$' })),
  natsUser: Type.Optional(Name),
  natsPassword: Type.Optional(Name),
  /** A user's NKEY seed, instead of user and password. */
  natsSeed: Type.Optional(Type.String({ pattern: '^SU' })),
  /** Copies of each journal stream: 1 for a single server, 3 to survive the loss of one. */
  natsReplicas: Type.Integer({ minimum: 1, maximum: 5 }),
  /** host:port of some nodes. With them tables are Cassandra's. */
  cassandra: Type.Array(Type.String({ pattern: '^.+:\\d+$' })),
  cassandraDatacenter: Name,
  cassandraKeyspace: Type.String({ pattern: '^[a-z][a-z0-9_]{0,47}$' }),
  cassandraReplicas: Type.Integer({ minimum: 1, maximum: 9 }),
  cassandraUser: Type.Optional(Name),
  cassandraPassword: Type.Optional(Name),
  /** redis:// or rediss:// addresses, several for a cluster. With them the cache is Redis. */
  redis: Type.Array(Type.String({ pattern: '^rediss?://[^/@]+$' })),
  redisUser: Type.Optional(Name),
  redisPassword: Type.Optional(Name),
  /** http(s)://host:port of an S3 API. With it objects are in its bucket. */
  s3Url: Type.Optional(Type.String({ pattern: '^https?://[^/@]+$' })),
  s3Bucket: Name,
  s3Region: Name,
  s3AccessKey: Type.Optional(Name),
  s3SecretKey: Type.Optional(Name),
  /** PEM files for connections to engines: whom to believe, and what to show. */
  engineCa: Type.Optional(Path),
  engineCert: Type.Optional(Path),
  engineKey: Type.Optional(Path),
  /** host:port at which role edge hears what nginx has served. Only for a network of ours. */
  edgeReports: Type.Optional(Type.String({ pattern: '^.+:\\d+$' })),
  /** Edges that role warming fills ahead: `region=url`, or `region:SE+NO=url` for listeners of those countries. */
  edges: Type.Array(Type.String({ pattern: '^[\\w-]+(:[A-Z]{2}(\\+[A-Z]{2})*)?=https?://[^/]+$' })),
  /** Where browsers fetch sound when an edge stands apart, e.g. https://media.example.org */
  mediaUrl: Type.Optional(Type.String({ pattern: '^https?://[^/]+$' })),
});
export type Settings = Static<typeof Settings>;

type Env = Readonly<Record<string, string | undefined>>;

const VARIABLES: Readonly<Record<keyof Settings, string>> = {
  dataDir: 'ANTIPHON_DATA',
  host: 'ANTIPHON_HOST',
  port: 'ANTIPHON_PORT',
  publicUrl: 'ANTIPHON_PUBLIC_URL',
  tlsCert: 'ANTIPHON_TLS_CERT',
  tlsKey: 'ANTIPHON_TLS_KEY',
  trustedProxies: 'ANTIPHON_TRUSTED_PROXIES',
  corsOrigins: 'ANTIPHON_CORS_ORIGINS',
  metricsToken: 'ANTIPHON_METRICS_TOKEN',
  masterSecret: 'ANTIPHON_MASTER_SECRET',
  defaultCountry: 'ANTIPHON_COUNTRY',
  demo: 'ANTIPHON_DEMO',
  openSignUp: 'ANTIPHON_OPEN_SIGN_UP',
  ffmpegPath: 'FFMPEG_PATH',
  logLevel: 'ANTIPHON_LOG_LEVEL',
  nodeId: 'ANTIPHON_NODE_ID',
  roles: 'ANTIPHON_ROLES',
  natsServers: 'ANTIPHON_NATS',
  natsUser: 'ANTIPHON_NATS_USER',
  natsPassword: 'ANTIPHON_NATS_PASSWORD',
  natsSeed: 'ANTIPHON_NATS_SEED',
  natsReplicas: 'ANTIPHON_NATS_REPLICAS',
  cassandra: 'ANTIPHON_CASSANDRA',
  cassandraDatacenter: 'ANTIPHON_CASSANDRA_DATACENTER',
  cassandraKeyspace: 'ANTIPHON_CASSANDRA_KEYSPACE',
  cassandraReplicas: 'ANTIPHON_CASSANDRA_REPLICAS',
  cassandraUser: 'ANTIPHON_CASSANDRA_USER',
  cassandraPassword: 'ANTIPHON_CASSANDRA_PASSWORD',
  redis: 'ANTIPHON_REDIS',
  redisUser: 'ANTIPHON_REDIS_USER',
  redisPassword: 'ANTIPHON_REDIS_PASSWORD',
  s3Url: 'ANTIPHON_S3',
  s3Bucket: 'ANTIPHON_S3_BUCKET',
  s3Region: 'ANTIPHON_S3_REGION',
  s3AccessKey: 'ANTIPHON_S3_ACCESS_KEY',
  s3SecretKey: 'ANTIPHON_S3_SECRET_KEY',
  engineCa: 'ANTIPHON_ENGINE_CA',
  engineCert: 'ANTIPHON_ENGINE_CERT',
  engineKey: 'ANTIPHON_ENGINE_KEY',
  edgeReports: 'ANTIPHON_EDGE_REPORTS',
  edges: 'ANTIPHON_EDGES',
  mediaUrl: 'ANTIPHON_MEDIA_URL',
};

export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

const list = (value: string | undefined): string[] =>
  (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

const flag = (value: string | undefined, fallback: boolean): boolean | string =>
  value === undefined ? fallback : ({ on: true, true: true, off: false, false: false }[value] ?? value);

/** `NAME_FILE` names a file that holds the value, as container secrets come. */
function withFiles(given: Env): Env {
  const env: Record<string, string | undefined> = { ...given };
  for (const name of Object.values(VARIABLES)) {
    const file = given[`${name}_FILE`];
    if (!file || given[name] !== undefined) continue;
    try {
      env[name] = readFileSync(file, 'utf8').trim();
    } catch (error) {
      throw new SettingsError(`bad settings:\n  ${name}_FILE: ${(error as Error).message}`);
    }
    // As good as not said, and what is not said has a default.
    if (env[name] === '') throw new SettingsError(`bad settings:\n  ${name}_FILE: ${file} is empty`);
  }
  return env;
}

/** @throws SettingsError naming every variable that is wrong. */
export function readSettings(given: Env, cwd: string): Settings {
  const env = withFiles(given);
  const dataDir = env.ANTIPHON_DATA || 'data';
  const settings = {
    dataDir: isAbsolute(dataDir) ? dataDir : resolve(cwd, dataDir),
    host: env.ANTIPHON_HOST || '127.0.0.1',
    port: Number(env.ANTIPHON_PORT || 4600),
    publicUrl: env.ANTIPHON_PUBLIC_URL?.replace(/\/$/, '') || undefined,
    tlsCert: env.ANTIPHON_TLS_CERT || undefined,
    tlsKey: env.ANTIPHON_TLS_KEY || undefined,
    trustedProxies: list(env.ANTIPHON_TRUSTED_PROXIES),
    corsOrigins: list(env.ANTIPHON_CORS_ORIGINS),
    metricsToken: env.ANTIPHON_METRICS_TOKEN || undefined,
    masterSecret: env.ANTIPHON_MASTER_SECRET || undefined,
    defaultCountry: env.ANTIPHON_COUNTRY || 'ZZ',
    demo: flag(env.ANTIPHON_DEMO, true),
    openSignUp: flag(env.ANTIPHON_OPEN_SIGN_UP, true),
    ffmpegPath: env.FFMPEG_PATH || undefined,
    logLevel: env.ANTIPHON_LOG_LEVEL || 'info',
    // A container's or pod's own name is as good as a given one.
    nodeId: env.ANTIPHON_NODE_ID || (env.ANTIPHON_NATS && env.HOSTNAME) || 'antiphon-1',
    roles: env.ANTIPHON_ROLES ? list(env.ANTIPHON_ROLES) : [...ROLES],
    natsServers: list(env.ANTIPHON_NATS),
    natsUser: env.ANTIPHON_NATS_USER || undefined,
    natsPassword: env.ANTIPHON_NATS_PASSWORD || undefined,
    natsSeed: env.ANTIPHON_NATS_SEED || undefined,
    natsReplicas: Number(env.ANTIPHON_NATS_REPLICAS || 1),
    cassandra: list(env.ANTIPHON_CASSANDRA),
    cassandraDatacenter: env.ANTIPHON_CASSANDRA_DATACENTER || 'datacenter1',
    cassandraKeyspace: env.ANTIPHON_CASSANDRA_KEYSPACE || 'antiphon',
    cassandraReplicas: Number(env.ANTIPHON_CASSANDRA_REPLICAS || 1),
    cassandraUser: env.ANTIPHON_CASSANDRA_USER || undefined,
    cassandraPassword: env.ANTIPHON_CASSANDRA_PASSWORD || undefined,
    redis: list(env.ANTIPHON_REDIS),
    redisUser: env.ANTIPHON_REDIS_USER || undefined,
    redisPassword: env.ANTIPHON_REDIS_PASSWORD || undefined,
    s3Url: env.ANTIPHON_S3?.replace(/\/$/, '') || undefined,
    s3Bucket: env.ANTIPHON_S3_BUCKET || 'antiphon',
    s3Region: env.ANTIPHON_S3_REGION || 'us-east-1',
    s3AccessKey: env.ANTIPHON_S3_ACCESS_KEY || undefined,
    s3SecretKey: env.ANTIPHON_S3_SECRET_KEY || undefined,
    engineCa: env.ANTIPHON_ENGINE_CA || undefined,
    engineCert: env.ANTIPHON_ENGINE_CERT || undefined,
    engineKey: env.ANTIPHON_ENGINE_KEY || undefined,
    edgeReports: env.ANTIPHON_EDGE_REPORTS || undefined,
    edges: list(env.ANTIPHON_EDGES),
    mediaUrl: env.ANTIPHON_MEDIA_URL?.replace(/\/$/, '') || undefined,
  };
  const problems = problemsOf(Settings, settings).map((problem) => {
    const [field = '', ...rest] = problem.split(':');
    return `${VARIABLES[field.split('.')[0] as keyof Settings] ?? field}:${rest.join(':')}`;
  });
  if (Boolean(settings.tlsCert) !== Boolean(settings.tlsKey)) {
    problems.push('ANTIPHON_TLS_CERT and ANTIPHON_TLS_KEY: give both or neither');
  }
  const isWhole = settings.roles.length === ROLES.length;
  if (!isWhole && settings.natsServers.length === 0) {
    problems.push('ANTIPHON_ROLES: a process that hosts a part of the service needs ANTIPHON_NATS as well');
  }
  if (settings.natsServers.length > 0) {
    const missing = [
      settings.cassandra.length === 0 && 'ANTIPHON_CASSANDRA',
      settings.redis.length === 0 && 'ANTIPHON_REDIS',
      !settings.s3Url && 'ANTIPHON_S3',
    ].filter(Boolean);
    if (missing.length > 0) problems.push(`ANTIPHON_NATS: a cluster also needs ${missing.join(', ')}`);
    if (!settings.masterSecret) {
      problems.push('ANTIPHON_MASTER_SECRET: all processes of a cluster need the same one');
    }
  }
  if (problems.length > 0) throw new SettingsError(`bad settings:\n  ${problems.join('\n  ')}`);
  return settings as Settings;
}
