/** Redis as processes of this machine: one server, or a cluster of masters. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { REDIS_RIGHTS } from '../redis/rights.ts';
import { accepts, freePort, type LocalProcess, startProcess } from './process.ts';
import { findProgram } from './tools.ts';

export interface LocalRedisOptions {
  readonly folder: string;
  /** Its address; left out: 127.0.0.1. */
  readonly host?: string;
  /** How many masters share the keys; absent: one server that is no cluster. */
  readonly cluster?: number;
  /** The only user beside ours; absent: anybody may do anything. */
  readonly user?: { readonly name: string; readonly password: string };
  /** PEM files; with them it speaks TLS alone. */
  readonly tls?: { readonly caPath: string; readonly certPath: string; readonly keyPath: string };
  readonly onLine?: (line: string, name: string) => void;
}

export interface LocalRedisNode {
  readonly url: string;
  /** SIGKILL, SIGSTOP, SIGCONT. */
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it answers again at the same address; empty, since nothing is kept on disk. */
  restart(): Promise<void>;
}

export interface LocalRedis extends AsyncDisposable {
  readonly urls: readonly string[];
  readonly nodes: readonly LocalRedisNode[];
}

const LOCAL = '127.0.0.1';
const SLOTS = 16_384;
const CLUSTER_POLL_MS = 50;
const CLUSTER_READY_MS_MAX = 30_000;

export async function startRedis(options: LocalRedisOptions): Promise<LocalRedis> {
  const command = await findProgram('redis-server');
  if (!command) throw new Error('redis-server is needed: install Redis 7 (Debian: redis-server).');
  await using started = new AsyncDisposableStack();
  const adminPassword = randomBytes(16).toString('hex');
  const nodes = await Promise.all(
    Array.from({ length: options.cluster ?? 1 }, (_, n) => startNode(options, { n, command, adminPassword })),
  );
  for (const node of nodes) started.use(node);
  if (options.cluster) await joinNodes(nodes, options.host ?? LOCAL);
  const running = started.move();
  return { urls: nodes.map(({ url }) => url), nodes, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

interface Node extends LocalRedisNode, AsyncDisposable {
  readonly port: number;
  readonly busPort: number;
  /** May do everything. */
  admin(): Promise<Redis>;
}

async function startNode(
  { folder, host = LOCAL, cluster, user, tls, onLine }: LocalRedisOptions,
  { n, command, adminPassword }: { n: number; command: string; adminPassword: string },
): Promise<Node> {
  const name = `redis-${n + 1}`;
  const [port, busPort] = [await freePort(host), await freePort(host)];
  const data = join(folder, name);
  await mkdir(data, { recursive: true });
  const config = [
    `bind ${host}`,
    // It would else refuse everybody who comes from another address and gives no password.
    ...(user ? [] : ['protected-mode no']),
    `dir ${data}`,
    'save ""',
    ...(tls
      ? [
          `port 0\ntls-port ${port}`,
          `tls-ca-cert-file ${tls.caPath}\ntls-cert-file ${tls.certPath}\ntls-key-file ${tls.keyPath}`,
          'tls-auth-clients no\ntls-cluster yes',
        ]
      : [`port ${port}`]),
    ...(cluster ? [`cluster-enabled yes\ncluster-port ${busPort}\ncluster-node-timeout 2000`] : []),
    ...(user
      ? [
          `user default on >${adminPassword} ~* &* +@all`,
          `user ${user.name} on >${user.password} ${REDIS_RIGHTS}`,
        ]
      : []),
  ];
  await writeFile(join(data, 'redis.conf'), `${config.join('\n')}\n`, { mode: 0o600 });
  const start = (): Promise<LocalProcess> =>
    startProcess({
      name,
      command,
      args: [join(data, 'redis.conf')],
      ready: () => accepts(host, port),
      ...(onLine && { onLine }),
    });
  let running = await start();
  return {
    url: `${tls ? 'rediss' : 'redis'}://${host}:${port}`,
    port,
    busPort,
    kill: (signal) => running.kill(signal),
    async restart() {
      await running[Symbol.asyncDispose]();
      running = await start();
    },
    async admin() {
      const client = new Redis({
        host,
        port,
        lazyConnect: true,
        ...(user && { password: adminPassword }),
        ...(tls && { tls: { ca: await readFile(tls.caPath) } }),
      });
      await client.connect();
      return client;
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** Shares the slots out evenly and waits until every node knows it. */
async function joinNodes(nodes: readonly Node[], host: string): Promise<void> {
  const clients = await Promise.all(nodes.map((node) => node.admin()));
  try {
    const [first] = nodes as [Node];
    for (const [n, client] of clients.entries()) {
      const from = Math.floor((SLOTS * n) / nodes.length);
      const to = Math.floor((SLOTS * (n + 1)) / nodes.length) - 1;
      await client.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
      // Otherwise all begin with the same epoch and settle it slowly.
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', n + 1);
    }
    for (const client of clients.slice(1)) {
      await client.call('CLUSTER', 'MEET', host, first.port, first.busPort);
    }
    const untilMs = Date.now() + CLUSTER_READY_MS_MAX;
    const isReady = async (client: Redis): Promise<boolean> => {
      const info = String(await client.call('CLUSTER', 'INFO'));
      return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${nodes.length}`);
    };
    while (!(await Promise.all(clients.map(isReady))).every(Boolean)) {
      if (Date.now() > untilMs) throw new Error('The Redis cluster did not come together.');
      await sleep(CLUSTER_POLL_MS);
    }
  } finally {
    for (const client of clients) client.disconnect();
  }
}
