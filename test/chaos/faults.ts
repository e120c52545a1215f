/** Does to a part of the cluster what a fault says, and takes it back. */
import { JOURNAL_SHARDS } from '../../config/engine-limits.ts';
import type { Cluster } from '../../infra/local/cluster.ts';
import type { LocalNetwork } from '../../infra/local/network.ts';
import type { Fault } from './plan.ts';

export interface FaultDeps {
  readonly cluster: Cluster;
  readonly network: LocalNetwork;
  /** The name of the NATS server that leads this shard of the players' journal. */
  readonly leaderOf: (shard: number) => Promise<string>;
}

export interface Inflicted {
  /** The part that was hurt. */
  readonly target: string;
  /** Resolves once the part takes requests again. */
  heal(): Promise<void>;
}

/** What a fault needs of a part. */
interface Part {
  readonly name: string;
  kill(signal: NodeJS.Signals): void;
  restart(): Promise<void>;
}

export async function inflict(fault: Fault, deps: FaultDeps): Promise<Inflicted> {
  const [, way] = fault.kind.split('-');
  const part = await partOf(fault, deps);
  const target = part.name;
  switch (way) {
    case 'kill':
      part.kill('SIGKILL');
      return { target, heal: () => part.restart() };
    case 'term':
      part.kill('SIGTERM');
      return { target, heal: () => part.restart() };
    case 'stop':
      part.kill('SIGSTOP');
      return { target, heal: async () => part.kill('SIGCONT') };
    default:
      await deps.network.cut(target);
      return { target, heal: () => deps.network.heal(target) };
  }
}

async function partOf(fault: Fault, { cluster, leaderOf }: FaultDeps): Promise<Part> {
  const { nodes, nats, redis, edge, cassandra } = cluster;
  switch (fault.kind) {
    case 'actor-kill':
    case 'actor-stop':
    case 'actor-partition':
    case 'actor-term': {
      const node = chosen(nodes, fault);
      return {
        name: node.name,
        kill: (signal) => node.process.kill(signal),
        restart: () => node.restart(),
      };
    }
    case 'leader-kill':
    case 'leader-stop':
    case 'leader-partition': {
      const server = needed(nats, fault).server(await leaderOf(fault.which % JOURNAL_SHARDS));
      return {
        name: server.name,
        kill: (signal) => server.process.kill(signal),
        restart: () => server.restart(),
      };
    }
    case 'redis-kill':
    case 'redis-stop': {
      const node = chosen(needed(redis, fault).nodes, fault);
      return { name: 'redis', kill: (signal) => node.kill(signal), restart: () => node.restart() };
    }
    case 'edge-kill':
    case 'edge-stop': {
      const server = needed(edge, fault);
      return { name: 'edge', kill: (signal) => server.kill(signal), restart: () => server.restart() };
    }
    case 'cassandra-kill':
    case 'cassandra-stop': {
      const { nodes: servers } = needed(cassandra, fault);
      const node = chosen(servers, fault);
      return {
        name: `cassandra-${servers.indexOf(node) + 1}`,
        kill: (signal) => node.kill(signal),
        restart: () => node.restart(),
      };
    }
  }
}

const chosen = <T>(items: readonly T[], { which }: Fault): T => items[which % items.length] as T;

function needed<T>(part: T | undefined, { kind }: Fault): T {
  if (part === undefined) throw new Error(`${kind} needs a part that this cluster does not run`);
  return part;
}
