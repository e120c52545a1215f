/** The engines that the settings name. Those of a cluster are loaded only by a process that uses them. */
import { readFile } from 'node:fs/promises';
import type { NatsConnection } from 'nats';
import type { Settings } from '../config/settings.ts';
import type { Engines } from '../kit/ports/engines.ts';
import type { Sources } from '../kit/sources.ts';
import { NAMESPACE } from './bus/broker-options.ts';
import type { Schema } from './cassandra/schema.ts';
import type { CassandraAccess } from './cassandra/session.ts';
import { openEmbedded } from './embedded/open-embedded.ts';
import type { NatsOptions } from './nats/connection.ts';
import type { ClientTls } from './tls.ts';

export interface EnginesDeps {
  readonly settings: Settings;
  readonly sources: Sources;
  /** Of every table that will be opened. */
  readonly schema: Schema;
}

export const isCluster = ({ natsServers }: Pick<Settings, 'natsServers'>): boolean => natsServers.length > 0;

export const openEngines = (deps: EnginesDeps): Promise<Engines> =>
  isCluster(deps.settings)
    ? openClusterEngines(deps)
    : openEmbedded({ dataDir: deps.settings.dataDir, clock: deps.sources.clock });

async function openClusterEngines({ settings, sources, schema }: EnginesDeps): Promise<Engines> {
  const { clock, random } = sources;
  const [nats, journals, topics, cassandra, redis, s3, search] = await Promise.all([
    import('./nats/connection.ts'),
    import('./nats/journal.ts'),
    import('./nats/topics.ts'),
    import('./cassandra/open-cassandra.ts'),
    import('./redis/redis-cache.ts'),
    import('./objects/s3-objects.ts'),
    import('./embedded/search-index.ts'),
  ]);
  const tls = await clientTlsOf(settings);
  await using opened = new AsyncDisposableStack();
  const connection: NatsConnection = await nats.openNats(await natsOptionsOf(settings, 'engines'));
  opened.defer(() => connection.drain());
  const journal = opened.use(
    await journals.openJetStreamJournal({
      connection,
      namespace: NAMESPACE,
      replicas: settings.natsReplicas,
      clock,
    }),
  );
  const opening = [
    cassandra
      .openCassandra({
        ...(await cassandraAccessOf(settings)),
        keyspace: settings.cassandraKeyspace,
        schema,
        clock,
      })
      .then((engine) => opened.use(engine)),
    redis
      .openRedisCache({
        urls: settings.redis,
        ...(settings.redisUser !== undefined && { user: settings.redisUser }),
        ...(settings.redisPassword !== undefined && { password: settings.redisPassword }),
        ...(tls && { tls }),
        clock,
        random,
      })
      .then((engine) => opened.use(engine)),
    s3
      .openS3Objects({
        url: settings.s3Url ?? '',
        bucket: settings.s3Bucket,
        region: settings.s3Region,
        accessKey: settings.s3AccessKey ?? '',
        secretKey: settings.s3SecretKey ?? '',
        ...(tls && { tls }),
        clock,
        random,
      })
      .then((engine) => opened.use(engine)),
  ] as const;
  // One that opens after another has failed is to be closed as well.
  await Promise.allSettled(opening);
  const [{ tables }, cache, objects] = await Promise.all(opening);
  const running = opened.move();
  return {
    journal,
    tables,
    cache,
    topics: topics.openNatsTopics({ connection, namespace: NAMESPACE }),
    objects,
    searchIndex: search.openSearchIndex(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** What every connection of this process to NATS is made with. */
export async function natsOptionsOf(settings: Settings, part: string): Promise<NatsOptions> {
  const { natsUser, natsPassword, natsSeed } = settings;
  const tls = await clientTlsOf(settings);
  return {
    name: `${settings.nodeId} ${part}`,
    servers: settings.natsServers,
    ...(natsUser !== undefined && { user: natsUser }),
    ...(natsPassword !== undefined && { password: natsPassword }),
    ...(natsSeed !== undefined && { seed: natsSeed }),
    ...(tls && settings.natsServers.some((server) => server.startsWith('tls:')) && { tls }),
  };
}

export async function cassandraAccessOf(settings: Settings): Promise<CassandraAccess> {
  const { cassandraUser, cassandraPassword } = settings;
  const tls = await clientTlsOf(settings);
  return {
    contactPoints: settings.cassandra,
    datacenter: settings.cassandraDatacenter,
    ...(cassandraUser !== undefined && { user: cassandraUser }),
    ...(cassandraPassword !== undefined && { password: cassandraPassword }),
    ...(tls && { tls }),
  };
}

/** One authority and one certificate for all engines; undefined when they speak in the clear. */
async function clientTlsOf({ engineCa, engineCert, engineKey }: Settings): Promise<ClientTls | undefined> {
  if (!engineCa && !engineCert) return undefined;
  const [ca, cert, key] = await Promise.all(
    [engineCa, engineCert, engineKey].map((file) => (file ? readFile(file, 'utf8') : undefined)),
  );
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}
