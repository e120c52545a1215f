/**
 * A whole cluster on one machine: engines, three actor nodes, a gateway, an origin and an edge, as processes.
 * For `npm run cluster`, for tests that kill parts of it, and for `npm run chaos`.
 */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { masterSecret } from '../../config/secrets.ts';
import { CLUSTER_ROLES, type Role } from '../../config/settings.ts';
import { mediaKeysOf } from '../../media/edge/keys-file.ts';
import { type Holder, lockFile } from '../embedded/folder-lock.ts';
import { type LocalCassandra, startCassandra } from './cassandra.ts';
import { type LocalNats, startNats } from './nats.ts';
import type { LocalHost, LocalNetwork } from './network.ts';
import { type LocalEdge, startEdge } from './nginx.ts';
import { freePort } from './process.ts';
import { type LocalRedis, startRedis } from './redis.ts';
import { type LocalS3, startS3 } from './s3.ts';
import { type LocalService, type LocalServiceOptions, startService } from './service.ts';
import { findProgram } from './tools.ts';

const run = promisify(execFile);
const MIGRATE = join(import.meta.dirname, '..', '..', 'scripts', 'migrate.ts');
/** Those that meet listeners, or serve sound, have processes of their own. */
export const ACTOR_ROLES: readonly Role[] = CLUSTER_ROLES.filter(
  (role) => !['gateway', 'edge', 'warming'].includes(role),
);

export interface ClusterOptions {
  /** Everything that engines and services keep; found again by the next start. */
  readonly folder: string;
  readonly nodes?: number;
  /** Of each actor node; left out: all but those of gateway and edge. */
  readonly roles?: readonly Role[];
  readonly natsServers?: 1 | 3;
  readonly cassandraNodes?: 1 | 3;
  /** Of the gateway; left out: a free one. */
  readonly port?: number;
  /**
   * Settings (ANTIPHON_*) for all processes. An engine whose address stands here is used as it is and not
   * started.
   */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Actor nodes and engines live on its hosts `node-1`…, `nats-1`… and `cassandra-1`…, so that they can be cut
   * off; all else at the address outside.
   */
  readonly network?: LocalNetwork;
  /** Whether nginx stands in front of the origin; default: when it is installed. */
  readonly edge?: boolean;
  readonly onLine?: (line: string, name: string) => void;
  /** Told at each step of the start. */
  readonly onStep?: (step: string) => void;
}

export interface Cluster extends AsyncDisposable {
  /** Where people and apps reach it. */
  readonly url: string;
  /** What a further process needs to join. */
  readonly env: Readonly<Record<string, string>>;
  readonly nodes: readonly LocalService[];
  readonly gateway: LocalService;
  readonly origin: LocalService;
  readonly edge?: LocalEdge;
  /** Absent: an engine of somebody else. */
  readonly nats?: LocalNats;
  readonly cassandra?: LocalCassandra;
  readonly redis?: LocalRedis;
  readonly s3?: LocalS3;
}

/** @throws Error that says which part did not come up, and why; what had come up is stopped. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { folder, nodes: nodeCount = 3, env: given = {}, network, onLine, onStep = () => {} } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await using opened = new AsyncDisposableStack();
  const at = (name: string) => join(folder, name);
  const lock = at('cluster.lock');
  opened.use(await lockFile(lock, (holder) => taken(lock, holder)));
  const listening = onLine ? { onLine } : {};
  const outside = network?.outside.address ?? '127.0.0.1';

  const hostsOf = (kind: string): { hosts: LocalHost[] } | undefined =>
    network && {
      hosts: [1, 2, 3].flatMap((n) => network.hosts[`${kind}-${n}`] ?? []),
    };

  onStep('starting engines (Cassandra takes the longest)');
  const started = await Promise.allSettled([
    given.ANTIPHON_NATS
      ? undefined
      : startNats({
          count: options.natsServers ?? 3,
          folder: at('nats'),
          ...hostsOf('nats'),
          ...listening,
        }),
    given.ANTIPHON_CASSANDRA
      ? undefined
      : startCassandra({
          nodes: options.cassandraNodes ?? 1,
          folder: at('cassandra'),
          ...hostsOf('cassandra'),
          ...listening,
        }),
    given.ANTIPHON_REDIS ? undefined : startRedis({ folder: at('redis'), host: outside, ...listening }),
    given.ANTIPHON_S3 ? undefined : startS3({ folder: at('s3'), host: outside, ...listening }),
  ] as const);
  for (const each of started) if (each.status === 'fulfilled' && each.value) opened.use(each.value);
  for (const each of started) if (each.status === 'rejected') throw each.reason;
  const [nats, cassandra, redis, s3] = started.map(
    (each) => (each as PromiseFulfilledResult<unknown>).value,
  ) as [LocalNats | undefined, LocalCassandra | undefined, LocalRedis | undefined, LocalS3 | undefined];

  const secret = await masterSecret(folder, given.ANTIPHON_MASTER_SECRET);
  const engines: Record<string, string> = {
    ANTIPHON_MASTER_SECRET: secret,
    ...(nats && {
      ANTIPHON_NATS: nats.urls.join(','),
      ANTIPHON_NATS_REPLICAS: String(nats.servers.length),
    }),
    ...(cassandra && {
      ANTIPHON_CASSANDRA: cassandra.contactPoints.join(','),
      ANTIPHON_CASSANDRA_DATACENTER: cassandra.datacenter,
      ANTIPHON_CASSANDRA_REPLICAS: String(cassandra.nodes.length),
    }),
    ...(redis && { ANTIPHON_REDIS: redis.urls.join(',') }),
    ...(s3 && {
      ANTIPHON_S3: s3.url,
      ANTIPHON_S3_REGION: s3.region,
      ANTIPHON_S3_ACCESS_KEY: s3.accessKey,
      ANTIPHON_S3_SECRET_KEY: s3.secretKey,
    }),
    ...given,
  };
  onStep('preparing tables');
  await migrate(engines);

  const here: LocalHost = { address: outside };
  const service = async (name: string, roles: readonly Role[], more: Partial<LocalServiceOptions> = {}) =>
    opened.use(
      await startService({
        name,
        roles,
        host: network?.hosts[name] ?? here,
        ...listening,
        ...more,
        env: { ANTIPHON_DEMO: 'off', ...engines, ...more.env, ANTIPHON_DATA: at(name) },
      }),
    );
  onStep('starting the origin and the edge');
  const reports = `${outside}:${await freePort(outside)}`;
  const withEdge = options.edge ?? (await findProgram('nginx')) !== undefined;
  const edgePort = await freePort(outside);
  const origin = await service('origin', ['edge', 'warming'], {
    env: {
      ANTIPHON_EDGE_REPORTS: reports,
      ...(withEdge && { ANTIPHON_EDGES: `here=http://${outside}:${edgePort}` }),
    },
  });
  const edge = withEdge
    ? opened.use(
        await startEdge({
          folder: at('edge'),
          origins: [new URL(origin.url).host],
          keys: mediaKeysOf(secret),
          reports,
          host: outside,
          port: edgePort,
          ...listening,
        }),
      )
    : undefined;
  const mediaUrl = { ANTIPHON_MEDIA_URL: engines.ANTIPHON_MEDIA_URL ?? edge?.url ?? origin.url };

  onStep(`starting ${nodeCount} actor nodes and the gateway`);
  const nodes = await Promise.all(
    Array.from({ length: nodeCount }, (_, index) =>
      service(`node-${index + 1}`, options.roles ?? ACTOR_ROLES, {
        // One of them makes the demo music.
        env: { ...mediaUrl, ...(index === 0 && { ANTIPHON_DEMO: given.ANTIPHON_DEMO ?? 'on' }) },
      }),
    ),
  );
  // It can serve sound as well, for players that do not reach the edge.
  const gateway = await service('gateway', ['gateway', 'edge'], {
    env: mediaUrl,
    ...(options.port !== undefined && { port: options.port }),
  });
  const running = opened.move();
  return {
    url: gateway.url,
    env: { ...engines, ...mediaUrl },
    nodes,
    gateway,
    origin,
    ...(edge && { edge }),
    ...(nats && { nats }),
    ...(cassandra && { cassandra }),
    ...(redis && { redis }),
    ...(s3 && { s3 }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const taken = (lock: string, holder: Holder | undefined): Error =>
  new Error(
    `another cluster runs over this folder${holder ? ` (process ${holder.pid})` : ''}; stop it, or choose another folder. If it is gone, remove ${lock}`,
  );

/** As an operator does it. @throws Error with what it said. */
async function migrate(env: Readonly<Record<string, string>>): Promise<void> {
  await run(process.execPath, ['--disable-warning=ExperimentalWarning', MIGRATE], {
    env: { ...process.env, ...env },
  });
}
