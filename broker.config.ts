/**
 * The composition root: opens the engines that the settings name, starts the actors of this process's roles,
 * and puts gateway, edge and player behind one HTTP server. Nothing else knows which engine there is.
 */
import { readFile } from 'node:fs/promises';
import { ServiceBroker } from 'moleculer';
import { catalogContract } from './actors/catalog/contract.ts';
import { createClientAddresses } from './actors/gateway/client-address.ts';
import { createOperations } from './actors/gateway/operations.ts';
import { healthService } from './actors/health/health.service.ts';
import { openServices } from './actors/services.ts';
import { masterSecret } from './config/secrets.ts';
import { type Role, type Settings, SettingsError } from './config/settings.ts';
import { openEdge, warmingOf } from './edge.config.ts';
import { gatewayOf, isSecure } from './gateway.config.ts';
import { openHealth } from './health.config.ts';
import { brokerOptions, NAMESPACE } from './infra/bus/broker-options.ts';
import { PortCacher } from './infra/bus/cacher.ts';
import { openBus } from './infra/bus/open-bus.ts';
import { createHttpServer, type NamedHandler } from './infra/http/server.ts';
import { createStatic } from './infra/http/static.ts';
import { isCluster, openEngines } from './infra/open-engines.ts';
import { testPaymentProvider } from './infra/payment/test-provider.ts';
import { ingestOf } from './ingest.config.ts';
import { openJit } from './jit.config.ts';
import { clientOf } from './kit/client.ts';
import { systemSources } from './kit/sources.ts';
import { libraryOf } from './library.config.ts';
import { type DemoProgress, ensureDemo } from './media/demo/demo.ts';
import { mediaKeysOf } from './media/edge/keys-file.ts';
import { createMediaUrls } from './media/edge/media-urls.ts';
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
    transporter: await openBus(settings, 'hub'),
    cacher: new PortCacher(engines.cache),
  });
  opened.defer(() => broker.stop());

  const media = createMediaUrls({
    keys: mediaKeys,
    baseUrl: settings.mediaUrl ?? '',
    ...(settings.mediaUrl !== undefined && { fallbackUrl: '' }),
  });
  const jit =
    hosts('edge') && !isCluster(settings) ? opened.use(await openJit(broker, engines, settings)) : undefined;
  const services = await openServices(settings.roles, {
    ...engines,
    sources: systemSources,
    bus: broker,
    nodeId: settings.nodeId,
    masterSecret: secret,
    payments: testPaymentProvider,
    media: jit ? jit.expecting(media) : media,
    defaultCountry: settings.defaultCountry,
    openSignUp: settings.openSignUp,
  });
  const gateway = hosts('gateway') ? gatewayOf(broker, engines, settings) : undefined;
  for (const schema of [...services.schemas, ...(gateway ? [gateway.service] : [])]) {
    broker.createService(schema);
  }
  if (hosts('warming') && settings.edges.length > 0) {
    broker.createService(warmingOf(broker, engines, settings, secret));
  }
  broker.createService(healthService(await openHealth(broker, engines, settings, jit)));
  const ingest = hosts('ingest') ? await ingestOf(broker, engines, settings) : undefined;
  if (ingest) broker.createService(ingest.service);
  // A cluster's workers share no disk with whoever has the music.
  if (hosts('library') && !isCluster(settings)) broker.createService(libraryOf(engines, settings));
  await broker.start();

  let leaving = false;
  const handlers: NamedHandler[] = [];
  if (hosts('edge')) {
    const edge = opened.use(await openEdge(engines, settings, secret, jit));
    handlers.push({ name: 'edge', handle: edge.handle, quiet: true });
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
  const { url } = await server.listen(settings).catch((error: NodeJS.ErrnoException) => {
    throw NOT_OF_THIS_MACHINE.has(error.code ?? '') ? wrongHost(settings.host) : error;
  });
  opened.use(server);

  const running = opened.move();
  const stopping = new AbortController();
  let demo: Promise<void> | undefined;
  return {
    url: settings.publicUrl ?? url,
    setupCode: await services.setupCode(),
    async demo(onProgress) {
      if (!settings.demo || !ingest) return;
      const catalogIsEmpty = async () => (await clientOf(catalogContract, broker).counts({})).songs === 0;
      const deps = await ingest.deps();
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

const NOT_OF_THIS_MACHINE: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN']);

const wrongHost = (host: string): SettingsError =>
  new SettingsError([
    `ANTIPHON_HOST: this machine has no address “${host}”; give one that it has, such as 127.0.0.1, or 0.0.0.0 for all of them`,
  ]);

async function tlsOf({ tlsCert, tlsKey }: Settings) {
  if (!tlsCert || !tlsKey) return {};
  const pem = async (name: string, path: string): Promise<Buffer> => {
    const text = await readFile(path).catch((error: Error) => {
      throw new SettingsError([`${name}: ${error.message}`]);
    });
    if (!text.includes('-----BEGIN ')) throw new SettingsError([`${name}: ${path} is no PEM file`]);
    return text;
  };
  const [cert, key] = await Promise.all([pem('ANTIPHON_TLS_CERT', tlsCert), pem('ANTIPHON_TLS_KEY', tlsKey)]);
  return { tls: { cert, key } };
}
