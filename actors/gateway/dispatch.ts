/** From admitted parameters to the actor's answer: the one path for REST and for sockets. */
import { type Repeatable, repeatableAs, takesCommandId } from '../../kit/contract.ts';
import { UnavailableError } from '../../kit/errors.ts';
import type { Clock, IdSource } from '../../kit/sources.ts';
import type { AccessClaims } from '../accounts/contract.ts';
import type { Access } from './access.ts';
import { type Bulkheads, waitMsOf } from './bulkheads.ts';
import { type Given, paramsOf } from './params.ts';
import type { Match } from './router.ts';
import type { Route } from './routes.ts';

export interface BusCallOptions {
  readonly meta: Record<string, unknown>;
  readonly timeout?: number;
  readonly requestID?: string;
  readonly repeatable?: Repeatable;
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

export interface DispatchDeps {
  readonly bus: () => Bus;
  readonly access: Access;
  readonly bulkheads: Bulkheads;
  readonly clock: Clock;
  readonly ids: IdSource;
}

export function createDispatch({ bus, access, bulkheads, clock, ids }: DispatchDeps): Dispatch {
  /** A client that names no command leaves repeating it to us, so we name it. */
  const named = (route: Route, params: Record<string, unknown>): Record<string, unknown> =>
    route.action.kind === 'command' && takesCommandId(route.action) && params.commandId === undefined
      ? { ...params, commandId: ids.next() }
      : params;

  return async ({ route, pathParams }, given, claims, requestId) => {
    const params = named(route, paramsOf(route, pathParams, given, claims));
    const repeatable = repeatableAs(route.action, params);
    const timeout = waitMsOf(route);
    const result = await bulkheads.run(route, () =>
      bus().call(`${route.service}.${route.actionName}`, params, {
        meta: { requestId, deadlineMs: clock.nowMs() + timeout },
        timeout,
        requestID: requestId,
        ...(repeatable && { repeatable }),
      }),
    );
    // A command on the account can end devices and sessions, so what is known of its tokens is out of date.
    if (claims && route.service === 'accounts' && route.action.kind === 'command') {
      access.forget(claims.sub);
      // An administrator's command is about somebody else.
      if (typeof params.userId === 'string') access.forget(params.userId);
    }
    return result;
  };
}
