/** A node of bus.bench.ts: `node.ts <options as JSON>`. Ends with its parent. */
import { ServiceBroker } from 'moleculer';
import { brokerOptions } from '../../../infra/bus/broker-options.ts';
import { NatsTransporter } from '../../../infra/bus/nats-transporter.ts';
import { type NatsOptions, natsConnectOptions, openNats } from '../../../infra/nats/connection.ts';
import { openJetStreamJournal } from '../../../infra/nats/journal.ts';
import type { Behaviour } from '../../../kit/actor/behaviour.ts';
import { createActorHost } from '../../../kit/actor/host.ts';
import { serviceOf } from '../../../kit/service.ts';
import { systemClock } from '../../../kit/sources.ts';
import { benchContract, RAW_SUBJECT } from './contract.ts';

export interface BenchNodeOptions {
  readonly nodeId: string;
  readonly namespace: string;
  readonly nats: NatsOptions;
}

const counter: Behaviour<number, 'add', { readonly by: 1 }, number> = {
  name: 'bench',
  stateVersion: 1,
  initial: () => 0,
  decide: (total) => ({ accepted: true, events: [{ by: 1 }], reply: total + 1 }),
  evolve: (total, { by }) => total + by,
};

const { nodeId, namespace, nats } = JSON.parse(process.argv[2] ?? '') as BenchNodeOptions;
const connection = await openNats(nats);
connection.subscribe(RAW_SUBJECT, { callback: (_error, message) => void message.respond(message.data) });
const journal = await openJetStreamJournal({ connection, namespace, replicas: 1 });
const host = createActorHost({
  behaviour: counter,
  journal,
  // Snapshots are another engine's cost.
  snapshots: { get: async () => undefined, put: async () => {}, delete: async () => {} },
  clock: systemClock,
});
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
