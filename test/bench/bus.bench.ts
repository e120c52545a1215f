/**
 * Goal: what the bus and the journal cost beside bare NATS. Method: a real nats-server, actors in processes of
 * their own, one caller with a bound of calls in flight. Rounds of a bare call and of ours take turns, and each
 * pair gives a ratio; the median counts, so that a machine that is busy at times is not taken for us. What more
 * nodes bring is told by nodes held to a small share of a core each, since all share the cores of one machine.
 */
import { join } from 'node:path';
import { ServiceBroker } from 'moleculer';
import type { NatsConnection, StreamConfig } from 'nats';
import { JOURNAL_SHARDS } from '../../config/engine-limits.ts';
import { brokerOptions } from '../../infra/bus/broker-options.ts';
import { NatsTransporter } from '../../infra/bus/nats-transporter.ts';
import { startNats } from '../../infra/local/nats.ts';
import { startProcess } from '../../infra/local/process.ts';
import { type NatsOptions, natsConnectOptions, openNats } from '../../infra/nats/connection.ts';
import { openJetStreamJournal } from '../../infra/nats/journal.ts';
import { clientOf } from '../../kit/client.ts';
import { tempFolder } from '../contract-suites/harness.ts';
import { benchContract, RAW_SUBJECT } from './bus/contract.ts';
import { counterHost } from './bus/counter.ts';
import type { BenchNodeOptions } from './bus/node.ts';
import type { BenchReport } from './report.ts';
import { throttle } from './usage.ts';

const CALL_RATIO_GOAL = 0.9;
const JOURNALED_RATIO_GOAL = 0.6;
const IN_FLIGHT = 64;
const KEYS = 512;
const ROUNDS = 7;
const CALLS_PER_ROUND = 10_000;
const COMMANDS_PER_ROUND = 4000;
const NAMESPACE = 'bench';
const NODES = ['node-1', 'node-2', 'node-3'] as const;
const TEXT = 'x'.repeat(100);
/** Of a core, for each node: three of them leave enough to the caller and to NATS. */
const NODE_CORES = 0.1;
/** So many that none of three throttled nodes runs dry. */
const SCALING_IN_FLIGHT = 256;

type Work = (i: number) => Promise<unknown>;

/** Calls a second, so many at a time. */
async function ratePerSec(count: number, work: Work, inFlight = IN_FLIGHT): Promise<number> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  const startedAtMs = performance.now();
  await Promise.all(Array.from({ length: inFlight }, worker));
  return (count * 1000) / (performance.now() - startedAtMs);
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** One round of each goes uncounted, until code is compiled and actors are awake. */
async function compare(count: number, bare: Work, ours: Work) {
  const rounds: { bare: number; ours: number }[] = [];
  for (let i = 0; i <= ROUNDS; i++) {
    rounds.push({ bare: await ratePerSec(count, bare), ours: await ratePerSec(count, ours) });
  }
  const counted = rounds.slice(1);
  return {
    ratio: median(counted.map((round) => round.ours / round.bare)),
    bare: median(counted.map((round) => round.bare)),
    ours: median(counted.map((round) => round.ours)),
  };
}

/** Streams beside the journal's own, with the settings of one of them. */
async function rawStreams(connection: NatsConnection): Promise<void> {
  const manager = await connection.jetstreamManager();
  const streams = await manager.streams.list().next();
  const { config } =
    streams.find(({ config }) => config.subjects.every((s) => s.includes(`${NAMESPACE}.`))) ?? {};
  for (let shard = 0; shard < JOURNAL_SHARDS; shard++) {
    const { metadata: _, ...same } = (config ?? {}) as StreamConfig;
    await manager.streams.add({ ...same, name: `RAW-${shard}`, subjects: [`raw.${shard}.>`] });
  }
}

const perSec = (rate: number) => `${Math.round(rate).toLocaleString('en')}/s`;
const scaling = (one: number, three: number) =>
  `${perSec(one)} → ${perSec(three)}, ${(three / one).toFixed(1)} ×`;

export default async function bench(): Promise<BenchReport> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await tempFolder());
  const server = stack.use(await startNats({ count: 1, folder: folder.path }));
  const optionsOf = (name: string): NatsOptions => ({ servers: server.urls, name });
  const caller = new ServiceBroker({
    ...brokerOptions({ nodeId: 'caller', namespace: NAMESPACE }),
    transporter: new NatsTransporter(natsConnectOptions(optionsOf('caller'))),
  });
  stack.defer(() => caller.stop());
  await caller.start();
  const pids: number[] = [];
  const start = async (nodeId: string) => {
    const options: BenchNodeOptions = { nodeId, namespace: NAMESPACE, nats: optionsOf(nodeId) };
    const node = stack.use(
      await startProcess({
        name: nodeId,
        command: process.execPath,
        args: [join(import.meta.dirname, 'bus', 'node.ts'), JSON.stringify(options)],
        ready: async () => Boolean(caller.registry.getActionEndpointByNodeId('bench.add', nodeId)),
      }),
    );
    pids.push(node.pid);
  };
  await start(NODES[0]);
  const client = clientOf(benchContract, caller);
  const connection = await openNats(optionsOf('bare'));
  stack.defer(() => connection.close());

  const run = Date.now().toString(36);
  const keyOf = (i: number) => `key-${i % KEYS}`;
  const payload = new TextEncoder().encode(JSON.stringify({ key: keyOf(KEYS - 1), text: TEXT }));
  let commands = 0;
  const add: Work = (i) => client.add({ key: keyOf(i), commandId: `${run}-${commands++}` });

  const call = await compare(
    CALLS_PER_ROUND,
    () => connection.request(RAW_SUBJECT, payload, { timeout: 5000 }),
    (i) => client.echo({ key: keyOf(i), text: TEXT }),
  );
  await ratePerSec(KEYS, add);
  await rawStreams(connection);
  const js = connection.jetstream();
  const record = new TextEncoder().encode(
    JSON.stringify({ commandId: `${run}-0000`, reply: 1000, events: [{ by: 1 }] }),
  );
  const publish: Work = (i) => js.publish(`raw.${i % JOURNAL_SHARDS}.${keyOf(i)}`, record);
  // Where the caller of the bare publish is: one process, one hop to the server.
  const journal = stack.use(await openJetStreamJournal({ connection, namespace: NAMESPACE, replicas: 1 }));
  const host = stack.use(counterHost('bench-here', journal));
  const send: Work = (i) => host.send(keyOf(i), 'add', { commandId: `${run}-${commands++}` });
  await ratePerSec(KEYS, send);
  const journaled = await compare(COMMANDS_PER_ROUND, publish, send);
  const remote = await compare(COMMANDS_PER_ROUND, publish, add);
  const echo: Work = (i) => client.echo({ key: keyOf(i), text: TEXT });
  const rate = (count: number, work: Work) => ratePerSec(count * pids.length, work, SCALING_IN_FLIGHT);
  /** Every node as small as the others, so that what more of them bring is not hidden by who shares their cores. */
  const throttled = async () => {
    // Compiled, and with the keys awake that have moved.
    for (const _ of pids) {
      await rate(CALLS_PER_ROUND, echo);
      await rate(COMMANDS_PER_ROUND, add);
    }
    await using _ = await throttle(pids, NODE_CORES);
    return { echo: await rate(CALLS_PER_ROUND, echo), add: await rate(COMMANDS_PER_ROUND, add) };
  };
  const one = await throttled();
  await Promise.all(NODES.slice(1).map(start));
  const three = await throttled();

  return {
    name: 'bus',
    goal: `a remote actor call ≥ ${CALL_RATIO_GOAL} × a bare NATS request, a journaled command ≥ ${JOURNALED_RATIO_GOAL} × a bare JetStream publish`,
    measured: `${call.ratio.toFixed(2)} × and ${journaled.ratio.toFixed(2)} ×`,
    met: call.ratio >= CALL_RATIO_GOAL && journaled.ratio >= JOURNALED_RATIO_GOAL,
    rows: [
      ['bare NATS request and reply', perSec(call.bare)],
      ['remote actor call: contract, client, routing, deadline, checks', perSec(call.ours)],
      ['bare JetStream publish, the journal’s stream settings', perSec(journaled.bare)],
      ['journaled command: virtual actor, append with expected sequence', perSec(journaled.ours)],
      [
        'journaled command of another process: a remote call in front',
        `${perSec(remote.ours)}, ${remote.ratio.toFixed(2)} × a publish`,
      ],
      [`nodes of ${NODE_CORES} cores, 1 → 3: calls`, scaling(one.echo, three.echo)],
      ['the same: journaled commands', scaling(one.add, three.add)],
      [
        'in flight, keys',
        `${IN_FLIGHT} (${SCALING_IN_FLIGHT} for nodes of ${NODE_CORES} cores), ${KEYS}; all processes and the server share one machine`,
      ],
    ],
  };
}
