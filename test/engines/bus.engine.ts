/**
 * Goal: callers do not see a node die, hang or leave, nor a NATS server restart. Method: nodes as processes
 * of their own on a real nats-server, a steady load of queries and commands from here, and every call's
 * outcome looked at.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ServiceBroker } from 'moleculer';
import t, { type Test } from 'tap';
import { BUS_MESSAGE_BYTES_MAX } from '../../config/engine-limits.ts';
import { CALL_DEADLINE_MS } from '../../config/limits.ts';
import { brokerOptions } from '../../infra/bus/broker-options.ts';
import { NatsTransporter } from '../../infra/bus/nats-transporter.ts';
import { type LocalNatsOptions, startNats } from '../../infra/local/nats.ts';
import { type LocalProcess, startProcess } from '../../infra/local/process.ts';
import { type NatsOptions, natsConnectOptions } from '../../infra/nats/connection.ts';
import { clientOf } from '../../kit/client.ts';
import { TooLargeError } from '../../kit/errors.ts';
import { tempFolder } from '../contract-suites/harness.ts';
import { busContract } from './bus-contract.ts';
import type { BusNodeOptions } from './bus-node.ts';

const CALLS_PER_SEC = 400;
const TICK_MS = 10;
const NODES = ['node-a', 'node-b', 'node-c'] as const;
const run = promisify(execFile);

type NatsGiven = Omit<NatsOptions, 'servers' | 'name'>;

async function startBus(t: Test, nats: NatsGiven = {}, server: Partial<LocalNatsOptions> = {}) {
  const stack = new AsyncDisposableStack();
  t.teardown(() => stack.disposeAsync());
  const { path } = stack.use(await tempFolder());
  const local = stack.use(await startNats({ count: 1, folder: path, ...server }));
  const optionsOf = (name: string): NatsOptions => ({ ...nats, servers: local.urls, name });
  const namespace = 'bus-test';
  const caller = new ServiceBroker({
    ...brokerOptions({ nodeId: 'caller', namespace }),
    transporter: new NatsTransporter(natsConnectOptions(optionsOf('caller'))),
  });
  stack.defer(() => caller.stop());
  await caller.start();
  const isHostedBy = (nodeId: string): boolean =>
    Boolean(caller.registry.getActionEndpointByNodeId('bus-test.where', nodeId));
  const start = async (nodeId: string): Promise<LocalProcess> => {
    const options: BusNodeOptions = { nodeId, namespace, nats: optionsOf(nodeId) };
    return stack.use(
      await startProcess({
        name: nodeId,
        command: process.execPath,
        args: [join(import.meta.dirname, 'bus-node.ts'), JSON.stringify(options)],
        ready: async () => isHostedBy(nodeId),
      }),
    );
  };
  return { caller, client: clientOf(busContract, caller), local, start, isHostedBy };
}

interface Served {
  readonly key: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly node: string | undefined;
  readonly error: unknown;
}

/** Half queries, half commands over 300 keys, until told to stop; then every call's outcome. */
function steadyLoad(client: Awaited<ReturnType<typeof startBus>>['client']) {
  const served: Served[] = [];
  const open = new Set<Promise<void>>();
  let calls = 0;
  const call = async () => {
    const key = `key-${calls % 300}`;
    const startedAtMs = performance.now();
    const end = (node: string | undefined, error?: unknown) =>
      void served.push({ key, startedAtMs, endedAtMs: performance.now(), node, error });
    const asked = calls++ % 2 ? client.where({ key }) : client.act({ key, commandId: `c-${calls}` });
    await asked.then(
      ({ node }) => end(node),
      (error: unknown) => end(undefined, error),
    );
  };
  const timer = setInterval(() => {
    for (let i = 0; i < (CALLS_PER_SEC * TICK_MS) / 1000; i++) {
      const one: Promise<void> = call().finally(() => open.delete(one));
      open.add(one);
    }
  }, TICK_MS);
  return {
    served,
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
      return served;
    },
  };
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await sleep(TICK_MS);
};

/** What the callers saw of a fault that began at `faultAtMs` on the node that had these keys. */
function tell(t: Test, what: string, served: readonly Served[], faultAtMs: number): void {
  const failed = served.filter(({ error }) => error !== undefined);
  t.equal(failed.length, 0, 'no call failed');
  for (const { error } of failed.slice(0, 3)) t.comment(String(error));
  const latencies = served.map((one) => one.endedAtMs - one.startedAtMs).sort((a, b) => a - b);
  const after = served.filter((one) => one.startedAtMs >= faultAtMs);
  const slowest = after.reduce((max, one) => Math.max(max, one.endedAtMs - one.startedAtMs), 0);
  const p50 = latencies[Math.floor(latencies.length / 2)] ?? 0;
  t.comment(
    `${what}: ${served.length} calls, ${failed.length} failed, p50 ${p50.toFixed(1)} ms, ` +
      `slowest after the fault ${slowest.toFixed(0)} ms, slowest of all ${latencies.at(-1)?.toFixed(0)} ms`,
  );
}

const keysOf = (served: readonly Served[], node: string) =>
  new Set(served.filter((one) => one.node === node).map(({ key }) => key));

t.test('a node that is killed costs its callers no call', async (t) => {
  const { client, start, isHostedBy } = await startBus(t);
  const [, , c] = await Promise.all(NODES.map(start));
  const load = steadyLoad(client);
  await until(() => load.served.length > 2 * CALLS_PER_SEC);
  const moved = keysOf(load.served, 'node-c');
  const faultAtMs = performance.now();
  c?.kill('SIGKILL');
  const isServedAgain = (key: string) =>
    load.served.some((one) => one.key === key && one.endedAtMs > faultAtMs && one.node !== 'node-c');
  await until(() => [...moved].every(isServedAgain));
  t.comment(`${moved.size} keys served again within ${(performance.now() - faultAtMs).toFixed(0)} ms`);
  await until(() => !isHostedBy('node-c'));
  const served = await load.stop();
  tell(t, 'SIGKILL', served, faultAtMs);
  const survivors = served.filter((one) => !moved.has(one.key));
  t.ok(
    survivors.every((one) => one.node !== 'node-c'),
    'no other key has moved',
  );
});

t.test('a node that hangs is passed over until it answers again', async (t) => {
  const { client, start } = await startBus(t);
  const [, , c] = await Promise.all(NODES.map(start));
  const load = steadyLoad(client);
  await until(() => load.served.length > 2 * CALLS_PER_SEC);
  const moved = keysOf(load.served, 'node-c');
  const faultAtMs = performance.now();
  c?.kill('SIGSTOP');
  const isServedAgain = (key: string) =>
    load.served.some((one) => one.key === key && one.endedAtMs > faultAtMs && one.node !== 'node-c');
  await until(() => [...moved].every(isServedAgain));
  t.comment(`${moved.size} keys served again within ${(performance.now() - faultAtMs).toFixed(0)} ms`);
  await until(() => performance.now() - faultAtMs > 8000);
  c?.kill('SIGCONT');
  const backAtMs = performance.now();
  await until(() => load.served.some((one) => one.startedAtMs > backAtMs && one.node === 'node-c'));
  t.comment(`has keys again ${(performance.now() - backAtMs).toFixed(0)} ms after SIGCONT`);
  tell(t, 'SIGSTOP for 8 s', await load.stop(), faultAtMs);
});

t.test('a node that is told to go ends its calls and takes no more', async (t) => {
  const { client, start, isHostedBy } = await startBus(t);
  const [, , c] = await Promise.all(NODES.map(start));
  const load = steadyLoad(client);
  await until(() => load.served.length > 2 * CALLS_PER_SEC);
  const faultAtMs = performance.now();
  c?.kill('SIGTERM');
  t.equal(await c?.exited, 0);
  t.notOk(isHostedBy('node-c'));
  tell(t, 'SIGTERM', await load.stop(), faultAtMs);
});

t.test('a nats-server that is killed and comes back costs no call', async (t) => {
  const { client, local, start } = await startBus(t);
  await Promise.all(NODES.map(start));
  const load = steadyLoad(client);
  await until(() => load.served.length > 2 * CALLS_PER_SEC);
  const faultAtMs = performance.now();
  local.servers[0]?.process.kill('SIGKILL');
  await local.servers[0]?.restart();
  const upAtMs = performance.now();
  const isServing = (node: string) =>
    load.served.some((one) => one.node === node && one.startedAtMs > upAtMs);
  await until(() => NODES.every(isServing));
  t.comment(
    `down for ${(upAtMs - faultAtMs).toFixed(0)} ms, all nodes served ${(performance.now() - upAtMs).toFixed(0)} ms later`,
  );
  tell(t, 'nats-server killed', await load.stop(), faultAtMs);
});

t.test('with user, password and TLS; others are refused', async (t) => {
  await using folder = await tempFolder();
  const file = (name: string) => join(folder.path, name);
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  await run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '1',
    ...subject,
    '-keyout',
    file('key.pem'),
    '-out',
    file('cert.pem'),
  ]);
  const config = [
    `tls { cert_file: "${file('cert.pem')}", key_file: "${file('key.pem')}" }`,
    'authorization { user: antiphon, password: "correct horse" }',
  ].join('\n');
  const ca = await readFile(file('cert.pem'), 'utf8');
  const nats = { user: 'antiphon', password: 'correct horse', tls: { ca } };
  const { client, start, local } = await startBus(t, nats, { config });
  await start('node-a');
  t.strictSame(await client.where({ key: 'k' }), { node: 'node-a' });
  const { connect } = await import('nats');
  const strange = { ...nats, password: 'wrong', servers: local.urls, name: 'stranger' };
  await t.rejects(connect({ ...natsConnectOptions(strange), reconnect: false }), {
    code: 'AUTHORIZATION_VIOLATION',
  });
});

t.test('a message too large for NATS fails its call at once, whichever way it goes', async (t) => {
  const { client, start } = await startBus(t);
  await start('node-a');
  const startedAtMs = performance.now();
  const filling = 'x'.repeat(BUS_MESSAGE_BYTES_MAX);
  await t.rejects(client.bytes({ bytes: 1, filling }), TooLargeError);
  await t.rejects(client.bytes({ bytes: BUS_MESSAGE_BYTES_MAX }), TooLargeError);
  t.ok(performance.now() - startedAtMs < CALL_DEADLINE_MS, 'nobody waited for a deadline');
  t.equal((await client.bytes({ bytes: 900_000 })).text.length, 900_000);
});
