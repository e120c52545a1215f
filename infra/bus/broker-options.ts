/** How every node of the service configures its Moleculer broker. */
import type { BrokerOptions } from 'moleculer';
import { BUS_HEARTBEAT_MS, BUS_HEARTBEAT_TIMEOUT_MS } from '../../config/engine-limits.ts';
import { CALL_DEADLINE_MS, SECOND_MS } from '../../config/limits.ts';
import {
  type Clock,
  type IdSource,
  type Random,
  systemClock,
  systemIds,
  systemRandom,
} from '../../kit/sources.ts';
import { deadlines } from './deadline.ts';
import { ErrorRegenerator } from './error-regenerator.ts';
import { busLogger } from './logger.ts';
import { peers } from './peers.ts';
import { retries } from './retries.ts';
import { createRetryBudget } from './retry-budget.ts';
import { serving } from './serving.ts';
import { registerStrategies, TURNS } from './strategies.ts';
import { WireJson } from './wire-json.ts';

/** Of the bus: nodes of another one are not seen. */
export const NAMESPACE = 'antiphon';

export interface BusOptions {
  /** Stable over restarts and unique: a second node of the same name ends the first one. */
  readonly nodeId: string;
  readonly namespace: string;
  /** Absent: one process, no network. */
  readonly transporter?: NonNullable<BrokerOptions['transporter']>;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly ids?: IdSource;
}

/** Unique, not secret: an id of this process and a count cost less than a random id each. */
function callIds(processId: string): () => string {
  let count = 0;
  return () => `${processId}-${(count++).toString(36)}`;
}

export function brokerOptions({
  nodeId,
  namespace,
  transporter,
  clock = systemClock,
  random = systemRandom,
  ids = systemIds,
}: BusOptions): BrokerOptions {
  registerStrategies();
  const budget = createRetryBudget(clock);
  return {
    nodeID: nodeId,
    namespace,
    ...(transporter && { transporter }),
    serializer: new WireJson(),
    uidGenerator: callIds(ids.next()),
    logger: busLogger,
    requestTimeout: CALL_DEADLINE_MS,
    heartbeatInterval: BUS_HEARTBEAT_MS / SECOND_MS,
    heartbeatTimeout: BUS_HEARTBEAT_TIMEOUT_MS / SECOND_MS,
    // Both would have an actor's call served wherever it was made, past the strategy that routes it.
    disableBalancer: false,
    registry: { preferLocal: false, strategy: TURNS },
    // Contracts are checked by kit/service.ts.
    validator: false,
    // The composition root closes things in its own order.
    skipProcessEventRegistration: true,
    errorRegenerator: new ErrorRegenerator(),
    // Ours take the place of most, and what nobody uses costs every call.
    internalMiddlewares: false,
    // The last one meets a call first: each attempt is made within the deadline of the whole, and an answer
    // that is kept is not served again.
    middlewares: [
      serving(clock),
      peers({ clock, budget }),
      retries({ clock, random, budget }),
      deadlines(clock, CALL_DEADLINE_MS),
      'Cacher',
    ],
  };
}
