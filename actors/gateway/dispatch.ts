/** From admitted parameters to the actor's answer: the one path for REST and for sockets. */
import { CALL_DEADLINE_MS } from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import type { Clock } from '../../kit/sources.ts';
import type { AccessClaims } from '../accounts/contract.ts';
import type { Access } from './access.ts';
import { type Given, paramsOf } from './params.ts';
import type { Match } from './router.ts';

export interface BusCallOptions {
  readonly meta: Record<string, unknown>;
  readonly timeout?: number;
  readonly requestID?: string;
}

/** What the gateway needs of a bus; a Moleculer broker is one. */
export interface Bus {
  call(action: string, params: unknown, options: BusCallOptions): Promise<unknown>;
}

/** The bus before the node has started. */
export const busAway: Bus = {
  call: () => Promise.reject(new UnavailableError('STARTING', 'The service is starting; try again.')),
};

export type Dispatch = (
  match: Match,
  given: Given,
  claims: AccessClaims | undefined,
  requestId: string,
) => Promise<unknown>;

export function createDispatch(deps: { bus: () => Bus; access: Access; clock: Clock }): Dispatch {
  const { bus, access, clock } = deps;
  return async ({ route, pathParams }, given, claims, requestId) => {
    const params = paramsOf(route, pathParams, given, claims);
    const result = await bus().call(`${route.service}.${route.actionName}`, params, {
      meta: { requestId, deadlineMs: clock.nowMs() + CALL_DEADLINE_MS },
      timeout: CALL_DEADLINE_MS,
      requestID: requestId,
    });
    // A command on the account can end devices and sessions, so what is known of its tokens is out of date.
    if (claims && route.service === 'accounts' && route.action.kind === 'command') {
      access.forget(claims.sub);
    }
    return result;
  };
}
