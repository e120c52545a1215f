/**
 * The composition root: opens the engines, starts the actors on one broker, and puts the gateway, the edge
 * and the player behind one HTTP server. Nothing else in the project knows which engine it has.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ServiceBroker } from 'moleculer';
import { accountsService } from './actors/accounts/accounts.service.ts';
import { createAccounts } from './actors/accounts/actor.ts';
import { type AccessClaims, accountsContract } from './actors/accounts/contract.ts';
import { createCatalog } from './actors/catalog/actor.ts';
import { catalogService } from './actors/catalog/catalog.service.ts';
import { catalogContract } from './actors/catalog/contract.ts';
import { createGateway } from './actors/gateway/gateway.ts';
import { createHistory } from './actors/history/actor.ts';
import { historyService } from './actors/history/history.service.ts';
import { createLikes } from './actors/likes/actor.ts';
import { likesService } from './actors/likes/likes.service.ts';
import { operatorService } from './actors/operator/operator.service.ts';
import { playerSessionService } from './actors/player-session/player-session.service.ts';
import { createSearch } from './actors/search/actor.ts';
import { searchService } from './actors/search/search.service.ts';
import {
  ACCESS_TOKEN_BYTES_MAX,
  JWKS_MAX_AGE_MS,
  JWKS_REFETCH_MS_MIN,
  VERIFIED_TOKENS_MAX,
} from './config/limits.ts';
import { keyFor, masterSecret } from './config/secrets.ts';
import type { Settings } from './config/settings.ts';
import { brokerOptions, NAMESPACE } from './infra/bus/broker-options.ts';
import { busSocketPath, LocalSocketTransporter } from './infra/bus/local-socket.ts';
import { type Embedded, openEmbedded } from './infra/embedded/open-embedded.ts';
import { createHttpServer, type HttpServer } from './infra/http/server.ts';
import { createStatic } from './infra/http/static.ts';
import { testPaymentProvider } from './infra/payment/test-provider.ts';
import { createTokenVerifier } from './kit/access-token.ts';
import { clientOf } from './kit/client.ts';
import { systemSources } from './kit/sources.ts';
import { type DemoProgress, ensureDemo } from './media/demo/demo.ts';
import { createEdge } from './media/edge/edge.ts';
import { createLibrary } from './media/edge/library.ts';
import { createMediaUrls } from './media/edge/media-urls.ts';
import { createServedReport } from './media/edge/served.ts';
import type { MediaKeys } from './media/edge/token.ts';
import { findFfmpeg } from './media/ingest/ffmpeg.ts';
import { type IngestDeps, sweepTempFolder } from './media/ingest/song.ts';
import { openIngestTables } from './media/ingest/tables.ts';
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
  const { clock, ids } = systemSources;

  const engines = opened.use(await openEmbedded({ dataDir: settings.dataDir, clock }));
  const secret = await masterSecret(settings.dataDir, settings.masterSecret);
  const mediaKeys: MediaKeys = [{ kid: '1', secret: keyFor(secret, 'media-url') }];

  const path = busSocketPath(settings.dataDir);
  const transporter = new LocalSocketTransporter({ path, role: 'hub' });
  await transporter.open();
  const broker = new ServiceBroker({
    ...brokerOptions({ nodeId: settings.nodeId, namespace: NAMESPACE }),
    transporter,
  });
  opened.defer(() => broker.stop());

  const accounts = await startActors(broker, engines, secret, mediaKeys, settings);
  const report = opened.use(createServedReport({ journal: engines.journal, clock }));
  const edge = createEdge({
    library: createLibrary({ objects: engines.objects, masterSecret: keyFor(secret, 'content') }),
    keys: mediaKeys,
    report,
    clock,
  });
  const gateway = createGateway({
    verifier: createTokenVerifier<AccessClaims>({
      jwks: () => clientOf(accountsContract, broker).jwks({}),
      clock,
      limits: {
        verifiedTokensMax: VERIFIED_TOKENS_MAX,
        tokenBytesMax: ACCESS_TOKEN_BYTES_MAX,
        jwksMaxAgeMs: JWKS_MAX_AGE_MS,
        jwksRefetchMsMin: JWKS_REFETCH_MS_MIN,
      },
    }),
    cache: engines.cache,
    topics: engines.topics,
    sources: systemSources,
    readyChecks: { catalog: () => clientOf(catalogContract, broker).counts({}) },
    options: { ...settings, secure: isSecure(settings) },
  });
  broker.createService(gateway.service);
  await broker.start();

  const server: HttpServer = createHttpServer({
    handlers: [
      { name: 'edge', handle: edge, quiet: true },
      { name: 'gateway', handle: gateway.handle },
      { name: 'web', handle: await createStatic({ root: await buildWeb() }), quiet: true },
    ],
    ...(await tlsOf(settings)),
    secure: isSecure(settings),
    upgrade: gateway.upgrade,
    closing: gateway.close,
    sources: { clock, ids },
  });
  const { url } = await server.listen(settings);
  opened.use(server);

  const running = opened.move();
  const stopping = new AbortController();
  let demo: Promise<void> | undefined;
  return {
    url: settings.publicUrl ?? url,
    setupCode: await accounts.ensureSetupCode(),
    async demo(onProgress) {
      if (!settings.demo) return;
      const catalogIsEmpty = async () => (await clientOf(catalogContract, broker).counts({})).songs === 0;
      const deps = await ingestDeps(broker, engines, settings);
      demo = ensureDemo({ ...deps, catalogIsEmpty, onProgress, signal: stopping.signal });
      await demo;
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await demo?.catch(() => undefined);
      await running.disposeAsync();
    },
  };
}

async function startActors(
  broker: ServiceBroker,
  { journal, tables, cache, topics, searchIndex }: Embedded,
  secret: string,
  mediaKeys: MediaKeys,
  { defaultCountry, openSignUp }: Settings,
) {
  const sources = systemSources;
  const { clock } = sources;
  const accountsClient = clientOf(accountsContract, broker);
  const catalogClient = clientOf(catalogContract, broker);

  const accounts = await createAccounts({
    tables,
    journal,
    cache,
    payments: testPaymentProvider,
    sources,
    masterSecret: secret,
    defaultCountry,
    openSignUp,
  });
  const history = createHistory({ tables, journal, topics });
  const playerSession = playerSessionService({
    ...sources,
    journal,
    tables,
    topics,
    catalog: catalogClient,
    accounts: accountsClient,
    media: createMediaUrls({ keys: mediaKeys, baseUrl: '' }),
    readers: history,
  });
  for (const service of [
    accountsService(accounts),
    catalogService(createCatalog({ tables, journal, cache, topics, sources })),
    searchService(createSearch({ index: searchIndex, journal, catalog: catalogClient, clock })),
    historyService(history),
    likesService(createLikes({ tables, journal, topics, catalog: catalogClient, clock })),
    playerSession.service,
    operatorService({
      sessions: playerSession.host,
      journal,
      accounts: accountsClient,
      nodeId: broker.nodeID,
    }),
  ]) {
    broker.createService(service);
  }
  return accounts;
}

/** What an import needs, beside a running service or without one: the same store, and a catalogue to release to. */
export async function openIngest(settings: Settings): Promise<IngestDeps & AsyncDisposable> {
  await using opened = new AsyncDisposableStack();
  const engines = opened.use(await openEmbedded({ dataDir: settings.dataDir, clock: systemSources.clock }));
  const broker = new ServiceBroker(
    brokerOptions({ nodeId: `${settings.nodeId}-import`, namespace: NAMESPACE }),
  );
  opened.defer(() => broker.stop());
  broker.createService(catalogService(createCatalog({ ...engines, sources: systemSources })));
  await broker.start();
  const deps = await ingestDeps(broker, engines, settings);
  const running = opened.move();
  return { ...deps, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function ingestDeps(broker: ServiceBroker, engines: Embedded, settings: Settings): Promise<IngestDeps> {
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

const isSecure = ({ tlsCert, publicUrl }: Settings): boolean =>
  tlsCert !== undefined || publicUrl?.startsWith('https:') === true;

async function tlsOf({ tlsCert, tlsKey }: Settings) {
  if (!tlsCert || !tlsKey) return {};
  const [cert, key] = await Promise.all([readFile(tlsCert), readFile(tlsKey)]);
  return { tls: { cert, key } };
}
