/** A node of the bus as a process of its own: `bus-node.ts <options as JSON>`; SIGTERM drains it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceBroker } from 'moleculer';
import { brokerOptions } from '../../infra/bus/broker-options.ts';
import { NatsTransporter } from '../../infra/bus/nats-transporter.ts';
import { type NatsOptions, natsConnectOptions } from '../../infra/nats/connection.ts';
import { serviceOf } from '../../kit/service.ts';
import { busContract } from './bus-contract.ts';

export interface BusNodeOptions {
  readonly nodeId: string;
  readonly namespace: string;
  readonly nats: NatsOptions;
}

const ACT_MS = 5;

const { nodeId, namespace, nats } = JSON.parse(process.argv[2] ?? '') as BusNodeOptions;
const transporter = new NatsTransporter(natsConnectOptions(nats));
const broker = new ServiceBroker({ ...brokerOptions({ nodeId, namespace }), transporter });
broker.createService(
  serviceOf(busContract, {
    where: async () => ({ node: nodeId }),
    async act() {
      await sleep(ACT_MS);
      return { node: nodeId };
    },
    bytes: async ({ bytes }) => ({ text: 'x'.repeat(bytes) }),
  }),
);
process.once('SIGTERM', () => void broker.stop().then(() => process.exit(0)));
await broker.start();
