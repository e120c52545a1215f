/** A node of bus.bench.ts: `node.ts <options as JSON>`. Ends with its parent. */
import { ServiceBroker } from 'moleculer';
import { brokerOptions } from '../../../infra/bus/broker-options.ts';
import { NatsTransporter } from '../../../infra/bus/nats-transporter.ts';
import { type NatsOptions, natsConnectOptions, openNats } from '../../../infra/nats/connection.ts';
import { openJetStreamJournal } from '../../../infra/nats/journal.ts';
import { serviceOf } from '../../../kit/service.ts';
import { benchContract, RAW_SUBJECT } from './contract.ts';
import { counterHost } from './counter.ts';

export interface BenchNodeOptions {
  readonly nodeId: string;
  readonly namespace: string;
  readonly nats: NatsOptions;
}

const { nodeId, namespace, nats } = JSON.parse(process.argv[2] ?? '') as BenchNodeOptions;
const connection = await openNats(nats);
connection.subscribe(RAW_SUBJECT, { callback: (_error, message) => void message.respond(message.data) });
const journal = await openJetStreamJournal({ connection, namespace, replicas: 1 });
const host = counterHost('bench', journal);
const broker = new ServiceBroker({
  ...brokerOptions({ nodeId, namespace }),
  transporter: new NatsTransporter(natsConnectOptions(nats)),
});
broker.createService(
  serviceOf(benchContract, {
    echo: async ({ text }) => ({ text }),
    add: async ({ key, commandId }) => ({ total: (await host.send(key, 'add', { commandId })).reply }),
  }),
);
await broker.start();
