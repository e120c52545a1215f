/**
 * The one place that reads the environment. Every bad setting is reported at once.
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
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
  'library',
  'warming',
] as const;
export type Role = (typeof ROLES)[number];
/** What the processes of a cluster host between them: they share no disk with whoever has the music. */
export const CLUSTER_ROLES: readonly Role[] = ROLES.filter((role) => role !== 'library');

/** A name or an address, but no URL and no port. */
const HOST_PATTERN = '^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$';

const Settings = object({
  /** All that the service keeps lives in this folder. */
  dataDir: Path,
  host: Type.String({ pattern: HOST_PATTERN }),
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
  /** GiB that packages of songs that have a file may take; absent: a share of what is free. */
  packagesDisk: Type.Optional(Type.Number({ minimum: 0 })),
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
  packagesDisk: 'ANTIPHON_PACKAGES_DISK',
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

  /** @param problems as `NAME: what is wrong, and what to give` */
  constructor(problems: readonly string[]) {
    super(`bad settings:\n  ${problems.join('\n  ')}`);
  }
}

/** What to give where the schema's own words would not say it. */
const GIVE: Readonly<Partial<Record<keyof Settings, string>>> = {
  host: 'give an address or a name of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them',
  port: 'give a number from 0 to 65535; 0 takes a free one',
  publicUrl: 'give the address that browsers use, such as https://music.example.org, without a path',
  mediaUrl: 'give the address of the edge, such as https://media.example.org, without a path',
  corsOrigins: 'give origins such as https://app.example.org, separated by commas',
  trustedProxies: 'give addresses or ranges such as 10.0.0.5 or 10.0.0.0/8, separated by commas',
  defaultCountry: 'give two letters of ISO 3166-1, such as SE',
  demo: 'give on or off',
  openSignUp: 'give on or off',
  natsServers: 'give nats:// or tls:// addresses without a password, separated by commas',
  cassandra: 'give host:port of some nodes, separated by commas',
  redis: 'give redis:// or rediss:// addresses without a password, separated by commas',
  s3Url: 'give http:// or https:// and the host of the S3 API, without a path',
};

/** One problem as a person can mend it: the variable, what was given, and what to give. */
function told(problem: string, given: object): string {
  const [path = '', ...rest] = problem.split(':');
  const [field, index] = path.split('.') as [keyof Settings, string?];
  const give = GIVE[field];
  if (!give) return `${VARIABLES[field] ?? path}:${rest.join(':')}`;
  const whole = (given as Record<string, unknown>)[field];
  const value = index === undefined ? whole : (whole as unknown[])[Number(index)];
  return `${VARIABLES[field]}: ${Number.isNaN(value) ? 'this is no number' : `“${value}” will not do`}; ${give}`;
}

function isAddressOrRange(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  const bitsMax = version === 6 ? 128 : 32;
  return (
    version !== 0 &&
    more.length === 0 &&
    (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax))
  );
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
      throw new SettingsError([`${name}_FILE: ${(error as Error).message}`]);
    }
    // As good as not said, and what is not said has a default.
    if (env[name] === '') throw new SettingsError([`${name}_FILE: ${file} is empty`]);
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
    defaultCountry: env.ANTIPHON_COUNTRY?.toUpperCase() || 'ZZ',
    demo: flag(env.ANTIPHON_DEMO, true),
    openSignUp: flag(env.ANTIPHON_OPEN_SIGN_UP, true),
    ffmpegPath: env.FFMPEG_PATH || undefined,
    packagesDisk: env.ANTIPHON_PACKAGES_DISK ? Number(env.ANTIPHON_PACKAGES_DISK) : undefined,
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
  const problems = problemsOf(Settings, settings).map((problem) => told(problem, settings));
  const wrongProxy = settings.trustedProxies.find((proxy) => !isAddressOrRange(proxy));
  if (wrongProxy !== undefined) problems.push(told('trustedProxies', { trustedProxies: wrongProxy }));
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
  if (problems.length > 0) throw new SettingsError(problems);
  return settings as Settings;
}

/** Set for other programs, or for this one from within. */
const FOREIGN: ReadonlySet<string> = new Set(['ANTIPHON_TOOLS', 'ANTIPHON_CHAOS_INSIDE']);
/** What Kubernetes tells every container of a Service whose name begins with ours. */
const SERVICE_LINK = /_SERVICE_(HOST|PORT)(_|$)|_PORT_\d+_(TCP|UDP)/;
const isServiceLink = (name: string, value = ''): boolean =>
  SERVICE_LINK.test(name) || /^(tcp|udp):/.test(value);

/** Names that look like settings and are none, each with the one that was probably meant. They change nothing. */
export function unknownSettings(given: Env): string[] {
  const known = Object.values(VARIABLES).flatMap((name) => [name, `${name}_FILE`]);
  return Object.keys(given)
    .filter((name) => name.startsWith('ANTIPHON_') && !known.includes(name))
    .filter((name) => !FOREIGN.has(name) && !isServiceLink(name, given[name]))
    .map((name) => {
      const nearest = known.toSorted((a, b) => distance(name, a) - distance(name, b))[0] ?? '';
      return `${name} is no setting and changes nothing; did you mean ${nearest}?`;
    });
}

/** How many letters have to be put in, left out or changed (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
  }
  return row.at(-1) ?? 0;
}
