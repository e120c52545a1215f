/** From a contract and its handlers to a Moleculer service. */
import type { Context, ServiceSchema } from 'moleculer';
import { SECOND_MS } from '../config/limits.ts';
import { type CallContext, withCall } from './call-context.ts';
import type { Contract, Handlers } from './contract.ts';
import { DeadlineExceededError } from './errors.ts';
import { type Clock, systemClock } from './sources.ts';
import { assertValid, problemsOf, validatorOf } from './validate.ts';

export interface ServiceOptions {
  readonly clock?: Clock;
  readonly started?: () => Promise<void>;
  readonly stopped?: () => Promise<void>;
}

/** The balancing strategy's name; it is registered on every node (infra/bus). */
export const RENDEZVOUS = 'Rendezvous';

/**
 * Parameters are checked again on this side, since a caller may be another version; a result that breaks
 * the contract is our own fault and fails the call loudly instead of reaching the caller.
 */
export function serviceOf<C extends Contract>(
  contract: C,
  handlers: Handlers<C>,
  { clock = systemClock, started, stopped }: ServiceOptions = {},
): ServiceSchema {
  const actions = Object.entries(contract.actions).map(([name, action]) => {
    const fullName = `${contract.name}.${name}`;
    const handle = handlers[name] as (params: unknown) => Promise<unknown>;
    const handler = async (ctx: Context<unknown, CallContext>): Promise<unknown> => {
      const { deadlineMs } = ctx.meta;
      if (deadlineMs !== undefined && clock.nowMs() > deadlineMs) {
        throw new DeadlineExceededError('DEADLINE_EXCEEDED', `${fullName} came too late to be worth doing.`);
      }
      assertValid(action.params, ctx.params, fullName);
      const result = await withCall(ctx.meta, () => handle(ctx.params));
      if (!validatorOf(action.result).Check(result)) {
        throw new Error(`${fullName} broke its contract: ${problemsOf(action.result, result).join('; ')}`);
      }
      return result;
    };
    const isKeyed = contract.key !== undefined && Object.hasOwn(action.params.properties, contract.key);
    const routing = isKeyed ? { strategy: RENDEZVOUS, strategyOptions: { shardKey: contract.key } } : {};
    const caching = action.cachedMs === undefined ? {} : { cache: { ttl: action.cachedMs / SECOND_MS } };
    return [name, { ...routing, ...caching, handler }] as const;
  });
  return {
    name: contract.name,
    actions: Object.fromEntries(actions),
    ...(started && { started }),
    ...(stopped && { stopped }),
  } as ServiceSchema;
}
