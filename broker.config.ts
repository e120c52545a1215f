/**
 * The composition root: opens the engines that the settings name, starts the actors of this process's roles,
 * and puts gateway, edge and player behind one HTTP server. Nothing else knows which engine there is.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BrokerOptions, ServiceBroker } from 'moleculer';
import { type AccessClaims, accountsContract } from './actors/accounts/contract.ts';
import { createCatalog } from './actors/catalog/actor.ts';
import { catalogContract } from './actors/catalog/contract.ts';
import { createClientAddresses } from './actors/gateway/client-address.ts';
import { createGateway, type Gateway } from './actors/gateway/gateway.ts';
import { createOperations } from './actors/gateway/operations.ts';
import { openServices } from './actors/services.ts';
import {
  ACCESS_TOKEN_BYTES_MAX,
  JWKS_MAX_AGE_MS,
  JWKS_REFETCH_MS_MIN,
  VERIFIED_TOKENS_MAX,
} from './config/limits.ts';
import { keyFor, masterSecret } from './config/secrets.ts';
import type { Role, Settings } from './config/settings.ts';
import { brokerOptions, NAMESPACE } from './infra/bus/broker-options.ts';
import { PortCacher } from './infra/bus/cacher.ts';
import { busSocketPath, LocalSocketTransporter } from './infra/bus/local-socket.ts';
import { createHttpServer, type NamedHandler } from './infra/http/server.ts';
import { createStatic } from './infra/http/static.ts';
import { isCluster, natsOptionsOf, openEngines } from './infra/open-engines.ts';
import { testPaymentProvider } from './infra/payment/test-provider.ts';
import { createTokenVerifier } from './kit/access-token.ts';
import { clientOf } from './kit/client.ts';
import type { Engines } from './kit/ports/engines.ts';
import { serviceOf } from './kit/service.ts';
import { systemSources } from './kit/sources.ts';
import { type DemoProgress, ensureDemo } from './media/demo/demo.ts';
import { createEdge } from './media/edge/edge.ts';
import { listenForEdgeReports } from './media/edge/edge-reports.ts';
import { mediaKeysOf } from './media/edge/keys-file.ts';
import { createLibrary } from './media/edge/library.ts';
import { createMediaUrls } from './media/edge/media-urls.ts';
import { createServedReport } from './media/edge/served.ts';
import { ingestContract } from './media/ingest/contract.ts';
import { enqueueImport } from './media/ingest/enqueue.ts';
import { findFfmpeg } from './media/ingest/ffmpeg.ts';
import { type ImportSummary, type ImportWalk, importFolder, SONGS_AT_ONCE } from './media/ingest/import.ts';
import { ingestService } from './media/ingest/ingest.service.ts';
import { createJobs } from './media/ingest/jobs.ts';
import { type IngestDeps, sweepTempFolder } from './media/ingest/song.ts';
import { openIngestTables } from './media/ingest/tables.ts';
import { createWarming } from './media/warming/actor.ts';
import { fetchThrough } from './media/warming/fetch.ts';
import type { WarmEdge } from './media/warming/ports.ts';
import { warmingService } from './media/warming/warming.service.ts';
import { SCHEMA } from './tables.config.ts';
import { buildWeb } from './web/build.ts';

export interface RunningService extends AsyncDisposable {
  readonly url: string;
  /** Makes the first administrator; absent once there is one. */
  readonly setupCode: string | undefined;
  /** Makes what is missing of the demo music, when it is wanted; resolves when all of it is there. */
  demo(onProgress: (progress: DemoProgress) => void): Promise<void>;
}

/** What is opened first is closed last, also when a later step fails. */
export async function startService(settings: Settings): Promise<RunningService> {
  await using opened = new AsyncDisposableStack();
  const hosts = (role: Role): boolean => settings.roles.includes(role);
  const { clock, ids } = systemSources;

  const engines = opened.use(await openEngines({ settings, sources: systemSources, schema: SCHEMA }));
  const secret = await masterSecret(settings.dataDir, settings.masterSecret);
  const mediaKeys = mediaKeysOf(secret);
  const broker = new ServiceBroker({
    ...brokerOptions({ nodeId: settings.nodeId, namespace: NAMESPACE }),
    transporter: await busOf(settings),
    cacher: new PortCacher(engines.cache),
  });
  opened.defer(() => broker.stop());

  const services = await openServices(settings.roles, {
    ...engines,
    sources: systemSources,
    bus: broker,
    nodeId: settings.nodeId,
    masterSecret: secret,
    payments: testPaymentProvider,
    media: createMediaUrls({
      keys: mediaKeys,
      baseUrl: settings.mediaUrl ?? '',
      ...(settings.mediaUrl !== undefined && { fallbackUrl: '' }),
    }),
    defaultCountry: settings.defaultCountry,
    openSignUp: settings.openSignUp,
  });
  const gateway = hosts('gateway') ? gatewayOf(broker, engines, settings) : undefined;
  for (const schema of [...services.schemas, ...(gateway ? [gateway.service] : [])]) {
    broker.createService(schema);
  }
  if (hosts('warming') && settings.edges.length > 0) {
    const warming = createWarming({
      edges: settings.edges.map(warmEdgeOf),
      keys: mediaKeys,
      journal: engines.journal,
      tables: engines.tables,
      catalog: clientOf(catalogContract, broker),
      fetch: fetchThrough(clock),
      clock,
    });
    broker.createService(warmingService(warming));
  }
  if (hosts('ingest')) broker.createService(await ingestOf(broker, engines, settings));
  await broker.start();

  let leaving = false;
  const handlers: NamedHandler[] = [];
  if (hosts('edge')) {
    const report = opened.use(createServedReport({ journal: engines.journal, clock }));
    const library = createLibrary({ objects: engines.objects, masterSecret: keyFor(secret, 'content') });
    if (settings.edgeReports) {
      opened.use(await listenForEdgeReports({ library, report }, addressOf(settings.edgeReports)));
    }
    const handle = createEdge({ library, keys: mediaKeys, report, clock });
    handlers.push({ name: 'edge', handle, quiet: true });
  }
  if (gateway) {
    const player = await createStatic({ root: await buildWeb() });
    handlers.push({ name: 'gateway', handle: gateway.handle }, { name: 'web', handle: player, quiet: true });
  } else {
    const addresses = createClientAddresses(settings.trustedProxies);
    const { metricsToken } = settings;
    const operations = createOperations({
      readyChecks: {},
      metricsToken,
      addresses,
      isLeaving: () => leaving,
      clock,
    });
    handlers.push({ name: 'operations', handle: operations });
  }
  const server = createHttpServer({
    handlers,
    ...(await tlsOf(settings)),
    secure: isSecure(settings),
    ...(settings.mediaUrl !== undefined && { mediaUrl: settings.mediaUrl }),
    ...(gateway && { upgrade: gateway.upgrade, closing: gateway.close }),
    sources: { clock, ids },
  });
  const { url } = await server.listen(settings);
  opened.use(server);

  const running = opened.move();
  const stopping = new AbortController();
  let demo: Promise<void> | undefined;
  return {
    url: settings.publicUrl ?? url,
    setupCode: await services.setupCode(),
    async demo(onProgress) {
      if (!settings.demo || !hosts('ingest')) return;
      const catalogIsEmpty = async () => (await clientOf(catalogContract, broker).counts({})).songs === 0;
      const deps = await ingestDeps(broker, engines, settings);
      demo = ensureDemo({ ...deps, catalogIsEmpty, onProgress, signal: stopping.signal });
      await demo;
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      leaving = true;
      // One process that stands alone has nobody to hand its listeners to.
      if (isCluster(settings)) await gateway?.leave();
      await demo?.catch(() => undefined);
      await running.disposeAsync();
    },
  };
}

/** Between processes: NATS in a cluster, else a socket in the data folder. */
async function busOf(settings: Settings): Promise<NonNullable<BrokerOptions['transporter']>> {
  if (isCluster(settings)) {
    const [{ NatsTransporter }, { natsConnectOptions }] = await Promise.all([
      import('./infra/bus/nats-transporter.ts'),
      import('./infra/nats/connection.ts'),
    ]);
    return new NatsTransporter(natsConnectOptions(await natsOptionsOf(settings, 'bus')));
  }
  const path = busSocketPath(settings.dataDir);
  const transporter = new LocalSocketTransporter({ path, role: 'hub' });
  await transporter.open();
  return transporter;
}

function gatewayOf(broker: ServiceBroker, { cache, topics }: Engines, settings: Settings): Gateway {
  return createGateway({
    verifier: createTokenVerifier<AccessClaims>({
      jwks: () => clientOf(accountsContract, broker).jwks({}),
      clock: systemSources.clock,
      limits: {
        verifiedTokensMax: VERIFIED_TOKENS_MAX,
        tokenBytesMax: ACCESS_TOKEN_BYTES_MAX,
        jwksMaxAgeMs: JWKS_MAX_AGE_MS,
        jwksRefetchMsMin: JWKS_REFETCH_MS_MIN,
      },
    }),
    cache,
    topics,
    sources: systemSources,
    readyChecks: { catalog: () => clientOf(catalogContract, broker).counts({}) },
    options: { ...settings, secure: isSecure(settings) },
  });
}

export interface Import extends AsyncDisposable {
  /** By whom, for a person. */
  readonly by: string;
  readonly run: (walk: ImportWalk) => Promise<ImportSummary>;
}

/** A bulk import: by the workers of a cluster, or here. */
export async function openImport(settings: Settings): Promise<Import> {
  if (!isCluster(settings)) {
    const deps = await openIngest(settings);
    const { version } = deps.ffmpeg;
    return {
      by: `ffmpeg ${version}, ${SONGS_AT_ONCE === 1 ? 'one song' : `${SONGS_AT_ONCE} songs`} at a time`,
      run: (walk) => importFolder({ ...walk, deps }),
      [Symbol.asyncDispose]: () => deps[Symbol.asyncDispose](),
    };
  }
  const engines = await openEngines({ settings, sources: systemSources, schema: SCHEMA });
  const { clock, ids } = systemSources;
  const tables = openIngestTables(engines.tables);
  const jobs = createJobs({ tables: engines.tables, clock });
  return {
    by: 'taken in by the workers of the cluster',
    run: (walk) => enqueueImport({ ...engines, tables, jobs, ids, clock }, walk),
    [Symbol.asyncDispose]: () => engines[Symbol.asyncDispose](),
  };
}

/** What an import needs, beside a running service or without one: the same store, and a catalogue to release to. */
export async function openIngest(settings: Settings): Promise<IngestDeps & AsyncDisposable> {
  await using opened = new AsyncDisposableStack();
  const engines = opened.use(await openEngines({ settings, sources: systemSources, schema: SCHEMA }));
  const broker = new ServiceBroker(
    brokerOptions({ nodeId: `${settings.nodeId}-import`, namespace: NAMESPACE }),
  );
  opened.defer(() => broker.stop());
  // Its handlers alone: the service keeps the lists, now or when it next runs.
  const catalog = createCatalog({ ...engines, sources: systemSources });
  broker.createService(serviceOf(catalogContract, catalog.handlers));
  await broker.start();
  const deps = await ingestDeps(broker, engines, settings);
  const running = opened.move();
  return { ...deps, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function ingestOf(broker: ServiceBroker, engines: Engines, settings: Settings) {
  const { clock } = systemSources;
  const jobs = createJobs({ tables: engines.tables, clock });
  // One process that stands alone imports by itself and queues nothing.
  if (!isCluster(settings)) return serviceOf(ingestContract, { status: ({ day }) => jobs.status(day) });
  const deps = await ingestDeps(broker, engines, settings);
  return ingestService({ ...deps, journal: engines.journal, jobs, clock, nodeId: settings.nodeId });
}

async function ingestDeps(broker: ServiceBroker, engines: Engines, settings: Settings): Promise<IngestDeps> {
  const tempFolder = join(settings.dataDir, 'tmp');
  // What a killed process left behind.
  await sweepTempFolder(tempFolder);
  return {
    objects: engines.objects,
    tables: openIngestTables(engines.tables),
    catalog: clientOf(catalogContract, broker),
    ids: systemSources.ids,
    ffmpeg: await findFfmpeg(settings.ffmpegPath),
    tempFolder,
  };
}

/** `region:SE+NO=url` as settings have it. */
function warmEdgeOf(text: string): WarmEdge {
  const [whom = '', ...url] = text.split('=');
  const [region = '', countries] = whom.split(':');
  return { region, countries: countries?.split('+') ?? [], url: url.join('=') };
}

function addressOf(text: string): { host: string; port: number } {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
}

/** As browsers see it: behind a proxy our own TLS may be between us and the proxy alone. */
const isSecure = ({ tlsCert, publicUrl }: Settings): boolean =>
  publicUrl === undefined ? tlsCert !== undefined : publicUrl.startsWith('https:');

async function tlsOf({ tlsCert, tlsKey }: Settings) {
  if (!tlsCert || !tlsKey) return {};
  const [cert, key] = await Promise.all([readFile(tlsCert), readFile(tlsKey)]);
  return { tls: { cert, key } };
}
