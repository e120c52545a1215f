/**
 * One process of listeners.bench.ts over NATS: `node.ts <options as JSON>`. Bus, journal and topics are NATS;
 * tables and cache are embedded, so that the figures hold no Cassandra and no Redis. Ends with its parent.
 */
import { ServiceBroker } from 'moleculer';
import { accountsContract } from '../../../actors/accounts/contract.ts';
import { catalogContract } from '../../../actors/catalog/contract.ts';
import { createGateway } from '../../../actors/gateway/gateway.ts';
import { openServices } from '../../../actors/services.ts';
import { verifierOf } from '../../../gateway.config.ts';
import { brokerOptions } from '../../../infra/bus/broker-options.ts';
import { PortCacher } from '../../../infra/bus/cacher.ts';
import { NatsTransporter } from '../../../infra/bus/nats-transporter.ts';
import { openCache } from '../../../infra/embedded/cache.ts';
import { openEmbedded } from '../../../infra/embedded/open-embedded.ts';
import { createHttpServer } from '../../../infra/http/server.ts';
import { type NatsOptions, natsConnectOptions, openNats } from '../../../infra/nats/connection.ts';
import { openJetStreamJournal } from '../../../infra/nats/journal.ts';
import { openNatsTopics } from '../../../infra/nats/topics.ts';
import { testPaymentProvider } from '../../../infra/payment/test-provider.ts';
import { clientOf } from '../../../kit/client.ts';
import { setLogLevel } from '../../../kit/log.ts';
import { systemSources } from '../../../kit/sources.ts';
import { mediaKeysOf } from '../../../media/edge/keys-file.ts';
import { createMediaUrls } from '../../../media/edge/media-urls.ts';

const NAMESPACE = 'listeners';

export interface BenchNodeOptions {
  readonly nodeId: string;
  readonly nats: readonly string[];
  readonly role:
    | { readonly name: 'gateway'; readonly port: number }
    | { readonly name: 'actors'; readonly dataDir: string; readonly masterSecret: string };
}

const { nodeId, nats: servers, role } = JSON.parse(process.argv[2] ?? '') as BenchNodeOptions;
setLogLevel('warn');
const { clock } = systemSources;
const nats: NatsOptions = { servers, name: nodeId };
const connection = await openNats(nats);
const topics = openNatsTopics({ connection, namespace: NAMESPACE });
const cache = openCache(clock);
const broker = new ServiceBroker({
  ...brokerOptions({ nodeId, namespace: NAMESPACE }),
  transporter: new NatsTransporter(natsConnectOptions(nats)),
  cacher: new PortCacher(cache),
});

async function startActors(dataDir: string, masterSecret: string): Promise<void> {
  const { tables, searchIndex } = await openEmbedded({ dataDir, clock });
  const journal = await openJetStreamJournal({
    connection,
    namespace: NAMESPACE,
    replicas: servers.length,
    clock,
  });
  const { schemas } = await openServices(['accounts', 'catalog', 'history', 'likes', 'player-session'], {
    journal,
    tables,
    cache,
    topics,
    searchIndex,
    sources: systemSources,
    bus: broker,
    nodeId,
    masterSecret,
    payments: testPaymentProvider,
    media: createMediaUrls({ keys: mediaKeysOf(masterSecret), baseUrl: '' }),
    defaultCountry: 'SE',
    openSignUp: false,
  });
  for (const schema of schemas) broker.createService(schema);
  await broker.start();
}

async function startGateway(port: number): Promise<void> {
  const gateway = createGateway({
    verifier: verifierOf(broker),
    cache,
    topics,
    sources: systemSources,
    readyChecks: {
      accounts: () => clientOf(accountsContract, broker).jwks({}),
      catalog: () => clientOf(catalogContract, broker).counts({}),
    },
    options: { secure: false, trustedProxies: ['127.0.0.0/8'], corsOrigins: [] },
  });
  broker.createService(gateway.service);
  await broker.start();
  const server = createHttpServer({
    handlers: [{ name: 'gateway', handle: gateway.handle }],
    upgrade: gateway.upgrade,
    closing: gateway.close,
    sources: systemSources,
  });
  await server.listen({ host: '127.0.0.1', port });
}

if (role.name === 'gateway') await startGateway(role.port);
else await startActors(role.dataDir, role.masterSecret);
process.on('SIGTERM', () => process.exit(0));
