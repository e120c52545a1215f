/**
 * Which nodes still answer, as this caller sees it: sooner than heartbeats tell, and for this caller only.
 *
 * A node that owes an answer and has said nothing at all for BUS_SUSPECT_AFTER_MS, a ping included, is passed
 * over until it says anything. Being wrong about it is safe, since the journal's fence decides who is right;
 * a node that is merely slow at one action answers the ping, so it keeps its keys. The same sweep ends calls
 * whose time is over.
 */
import { type Context, type Endpoint, Errors, type Middleware, type ServiceBroker } from 'moleculer';
import {
  BUS_ATTEMPT_MS,
  BUS_PING_AFTER_MS,
  BUS_SHUTDOWN_WAIT_MS,
  BUS_SUSPECT_AFTER_MS,
  BUS_SWEEP_EVERY_MS,
} from '../../config/engine-limits.ts';
import type { Repeatable } from '../../kit/contract.ts';
import { logger } from '../../kit/log.ts';
import { counter, gauge } from '../../kit/metrics.ts';
import type { Clock, Timer } from '../../kit/sources.ts';
import { type Loss, LostAttemptError } from './lost-attempt.ts';
import type { RetryBudget } from './retry-budget.ts';

const log = logger('bus');
const LATE_NAMED_MAX = 5;
const suspicions = counter('bus_suspicions_total', 'Nodes that fell silent while they owed an answer');
const suspectedNow = gauge('bus_nodes_suspected', 'Nodes passed over by this one at the moment');

/** What infra/bus adds to the options of a call. */
export interface AttemptOptions {
  readonly repeatable?: Repeatable;
  /** When this attempt was sent. */
  readonly sentAtMs?: number;
}

/** A request that Moleculer waits for. */
interface PendingRequest {
  readonly nodeID: string | null;
  readonly action: { readonly name: string };
  readonly ctx: Context & { readonly options: AttemptOptions };
  readonly reject: (error: Error) => void;
}

interface Watched {
  /** Since when it has owed an answer without a break. */
  owesSinceMs: number;
  pingedAtMs: number;
  owes: boolean;
}

/** Local event: the connection to the bus stands again, and what was under way may be lost. */
export const INTERRUPTED = '$bus.interrupted';

const suspectedBy = new WeakMap<ServiceBroker, ReadonlySet<string>>();

/**
 * The endpoints to choose from. When fewer than half would be left, all are: then it is rather this caller
 * that hears nobody, or a load that would only move on to the rest (Envoy's panic threshold).
 */
export function responsive(broker: ServiceBroker, endpoints: Endpoint[]): Endpoint[] {
  const suspected = suspectedBy.get(broker);
  if (!suspected || suspected.size === 0) return endpoints;
  const left = endpoints.filter((endpoint) => !suspected.has(endpoint.id as string));
  return left.length * 2 < endpoints.length ? endpoints : left;
}

export interface PeersDeps {
  readonly clock: Clock;
  readonly budget: RetryBudget;
}

export function peers({ clock, budget }: PeersDeps): Middleware {
  const heardAtMs = new Map<string, number>();
  const watched = new Map<string, Watched>();
  const suspected = new Set<string>();
  let sweptAtMs = clock.nowMs();
  let timer: Timer | undefined;

  const unsuspect = (nodeId: string): boolean => {
    const was = suspected.delete(nodeId);
    if (was) suspectedNow.dec();
    return was;
  };

  const hear = (nodeId: string): void => {
    heardAtMs.set(nodeId, clock.nowMs());
    if (suspected.size > 0 && unsuspect(nodeId)) log.info({ node: nodeId }, 'a node answers again');
  };

  const forget = (nodeId: string): void => {
    heardAtMs.delete(nodeId);
    watched.delete(nodeId);
    unsuspect(nodeId);
  };

  const isPassedOver = (broker: ServiceBroker, action: string, nodeId: string): boolean => {
    const { endpoints = [] } = (broker.registry.actions.get(action) ?? {}) as { endpoints?: Endpoint[] };
    return responsive(broker, endpoints).every(({ id }) => id !== nodeId);
  };

  /** Ends an attempt, if the call can be repeated and the budget pays for it. */
  const giveUp = (broker: ServiceBroker, id: string, request: PendingRequest, loss: Loss): void => {
    if (!request.ctx.options.repeatable || !budget.withdraw()) return;
    broker.transit?.removePendingRequest(id);
    request.reject(new LostAttemptError(loss, request.action.name, request.nodeID));
  };

  const timeOut = (broker: ServiceBroker, id: string, { action, nodeID, reject }: PendingRequest): void => {
    broker.transit?.removePendingRequest(id);
    reject(new Errors.RequestTimeoutError({ action: action.name, nodeID: nodeID ?? '' }));
  };

  const watch = (nodeId: string, nowMs: number): void => {
    const known = watched.get(nodeId);
    if (known) known.owes = true;
    else watched.set(nodeId, { owesSinceMs: nowMs, pingedAtMs: 0, owes: true });
  };

  const judge = (broker: ServiceBroker, nodeId: string, node: Watched, nowMs: number): void => {
    const quietSinceMs = Math.max(node.owesSinceMs, heardAtMs.get(nodeId) ?? 0);
    const quietMs = nowMs - quietSinceMs;
    if (quietMs >= BUS_PING_AFTER_MS && node.pingedAtMs <= quietSinceMs) {
      node.pingedAtMs = nowMs;
      void broker.transit?.sendPing(nodeId);
    }
    if (quietMs < BUS_SUSPECT_AFTER_MS || suspected.has(nodeId)) return;
    suspected.add(nodeId);
    suspectedNow.inc();
    suspicions.inc();
    log.warn({ node: nodeId, quietMs }, 'a node is silent: its keys go elsewhere until it answers');
  };

  const pendingOf = (broker: ServiceBroker): Map<string, PendingRequest> =>
    (broker.transit?.pendingRequests ?? new Map()) as unknown as Map<string, PendingRequest>;

  const sweep = (broker: ServiceBroker): void => {
    const nowMs = clock.nowMs();
    // Whoever was held up itself has heard nobody; that says nothing of the others.
    if (nowMs - sweptAtMs > BUS_SUSPECT_AFTER_MS / 2) watched.clear();
    sweptAtMs = nowMs;
    const pending = pendingOf(broker);
    for (const node of watched.values()) node.owes = false;
    const late = new Set<string>();
    let calls = 0;
    for (const [id, request] of pending) {
      const { nodeID, ctx } = request;
      const { sentAtMs = nowMs, timeout } = ctx.options;
      if (timeout && nowMs > sentAtMs + timeout) {
        timeOut(broker, id, request);
        late.add(`${request.action.name} on ${nodeID}`);
        calls++;
      } else if (nodeID !== null) watch(nodeID, nowMs);
    }
    // One line for all: a node that hangs owes hundreds of answers.
    if (calls > 0) log.warn({ calls, late: [...late].slice(0, LATE_NAMED_MAX) }, 'not answered in time');
    for (const [nodeId, node] of watched) {
      if (node.owes) judge(broker, nodeId, node, nowMs);
      else watched.delete(nodeId);
    }
    for (const [id, request] of pending) {
      const { nodeID, action, ctx } = request;
      if (nodeID !== null && suspected.has(nodeID) && isPassedOver(broker, action.name, nodeID)) {
        giveUp(broker, id, request, 'silent');
      } else if (nowMs - (ctx.options.sentAtMs ?? nowMs) >= BUS_ATTEMPT_MS) {
        giveUp(broker, id, request, 'overdue');
      }
    }
    timer = clock.after(BUS_SWEEP_EVERY_MS, () => sweep(broker));
  };

  return {
    name: 'Peers',
    created(broker: ServiceBroker) {
      suspectedBy.set(broker, suspected);
      if (!broker.transit) return;
      broker.localBus.on('$node.disconnected', ({ node }: { node: { id: string } }) => forget(node.id));
      broker.localBus.on(INTERRUPTED, () => {
        for (const [id, request] of pendingOf(broker)) giveUp(broker, id, request, 'overdue');
      });
      timer = clock.after(BUS_SWEEP_EVERY_MS, () => sweep(broker));
    },
    /** Services that are about to stop may still need what was asked for. */
    async stopping(broker: ServiceBroker) {
      const untilMs = clock.nowMs() + BUS_SHUTDOWN_WAIT_MS;
      while (pendingOf(broker).size > 0 && clock.nowMs() < untilMs) {
        await new Promise<void>((resolve) => void clock.after(BUS_SWEEP_EVERY_MS, resolve));
      }
    },
    async stopped() {
      timer?.cancel();
      for (const nodeId of suspected) unsuspect(nodeId);
    },
    transitMessageHandler(next: (command: string, packet: Packet) => unknown) {
      return (command: string, packet: Packet) => {
        const sender = packet.payload?.sender;
        if (sender !== undefined) hear(sender);
        return next(command, packet);
      };
    },
  } as unknown as Middleware;
}

interface Packet {
  readonly payload?: { readonly sender?: string };
}
