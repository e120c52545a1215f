/** nats-server as local processes: one, or three that form a JetStream cluster. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalHost } from './network.ts';
import { freePort, type LocalProcess, startProcess } from './process.ts';
import { goTool, NATS_SERVER } from './tools.ts';

const LOCAL: LocalHost = { address: '127.0.0.1' };
const CLUSTER_READY_MS_MAX = 30_000;

export interface LocalNatsOptions {
  readonly count: 1 | 3;
  /** Configuration and stores; servers started over the same folder go on where they had stopped. */
  readonly folder: string;
  /** Of clients, one a server; left out, or 0: free ones. */
  readonly ports?: readonly number[];
  /** Where they live, one a server; left out: on this machine. */
  readonly hosts?: readonly LocalHost[];
  /** fsync before each acknowledgement, instead of every two minutes. */
  readonly syncAlways?: boolean;
  /** More of nats-server's configuration, such as `authorization { … }` or `tls { … }`. */
  readonly config?: string;
  readonly onLine?: (line: string, name: string) => void;
}

export interface LocalNatsServer {
  readonly name: string;
  readonly url: string;
  readonly monitorUrl: string;
  readonly process: LocalProcess;
  /** Starts it again over its store and port after it was killed. */
  restart(): Promise<void>;
}

export interface LocalNats extends AsyncDisposable {
  readonly urls: readonly string[];
  readonly servers: readonly LocalNatsServer[];
  /** The server called so, as /jsz and stream information name it. */
  server(name: string): LocalNatsServer;
}

interface Plan {
  readonly name: string;
  readonly host: LocalHost;
  readonly clientPort: number;
  readonly monitorPort: number;
  readonly routePort: number;
}

function configOf(
  plan: Plan,
  plans: readonly Plan[],
  { folder, syncAlways, config }: LocalNatsOptions,
): string {
  const { address } = plan.host;
  const routes = plans.map(({ host, routePort }) => `nats://${host.address}:${routePort}`).join(', ');
  return [
    `server_name: ${plan.name}`,
    `listen: "${address}:${plan.clientPort}"`,
    `http: "${address}:${plan.monitorPort}"`,
    `jetstream { store_dir: ${JSON.stringify(join(folder, plan.name))}${syncAlways ? ', sync_interval: always' : ''} }`,
    ...(plans.length > 1
      ? [`cluster { name: antiphon, listen: "${address}:${plan.routePort}", routes: [${routes}] }`]
      : []),
    config ?? '',
  ].join('\n');
}

const monitorUrlOf = ({ host, monitorPort }: Plan): string => `http://${host.address}:${monitorPort}`;

/** Whether the server takes JetStream calls: of a cluster, whether it knows the leader and all members. */
async function isReady(monitorUrl: string, count: number): Promise<boolean> {
  if (count === 1) return (await fetch(`${monitorUrl}/healthz?js-enabled-only=true`)).ok;
  const jsz = (await (await fetch(`${monitorUrl}/jsz`)).json()) as {
    meta_cluster?: { leader?: string; cluster_size?: number };
  };
  return Boolean(jsz.meta_cluster?.leader) && jsz.meta_cluster?.cluster_size === count;
}

export async function startNats(options: LocalNatsOptions): Promise<LocalNats> {
  const { count, folder, ports = [], hosts = [], onLine } = options;
  const command = await goTool(NATS_SERVER);
  await mkdir(folder, { recursive: true });
  const plans: Plan[] = [];
  for (let i = 0; i < count; i++) {
    plans.push({
      name: `nats-${i + 1}`,
      host: hosts[i] ?? LOCAL,
      clientPort: ports[i] || (await freePort()),
      monitorPort: await freePort(),
      routePort: await freePort(),
    });
  }

  async function start(plan: Plan): Promise<LocalProcess> {
    const file = join(folder, `${plan.name}.conf`);
    await writeFile(file, configOf(plan, plans, options), { mode: 0o600 });
    return startProcess({
      name: plan.name,
      command,
      args: ['-c', file],
      netns: plan.host.netns,
      ready: () => isReady(monitorUrlOf(plan), count),
      readyMsMax: CLUSTER_READY_MS_MAX,
      ...(onLine && { onLine }),
    });
  }

  const started = await Promise.allSettled(plans.map(start));
  const processes = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(processes.map((each) => each[Symbol.asyncDispose]()));
  };
  const failed = started.find((each) => each.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }

  const servers = plans.map(
    (plan, index): LocalNatsServer => ({
      name: plan.name,
      url: `nats://${plan.host.address}:${plan.clientPort}`,
      monitorUrl: monitorUrlOf(plan),
      get process() {
        return processes[index] as LocalProcess;
      },
      async restart() {
        await processes[index]?.exited;
        processes[index] = await start(plan);
      },
    }),
  );
  return {
    urls: servers.map(({ url }) => url),
    servers,
    server(name) {
      const found = servers.find((server) => server.name === name);
      if (!found) throw new Error(`no nats-server is called ${name}`);
      return found;
    },
    [Symbol.asyncDispose]: stop,
  };
}
