/** The typed client: the one place where an action's name is a string. */
import { currentCall } from './call-context.ts';
import { type Contract, type Params, type Repeatable, type Result, repeatableAs } from './contract.ts';
import { assertValid } from './validate.ts';

export interface CallOptions {
  readonly meta: Record<string, unknown>;
  /** What the bus may do by itself when the answer does not come. */
  readonly repeatable?: Repeatable;
}

/** What a client needs of a bus; a Moleculer broker or context is one. */
export interface Caller {
  call(action: string, params: unknown, options: CallOptions): Promise<unknown>;
}

export type Client<C extends Contract> = {
  readonly [K in keyof C['actions']]: (params: Params<C['actions'][K]>) => Promise<Result<C['actions'][K]>>;
};

/**
 * A client of `contract`: one method an action, parameters checked before they are sent.
 * The deadline and request id of the call being served go along by themselves.
 *
 * @throws BadRequestError before anything is sent, when the parameters do not fit the contract.
 */
export function clientOf<C extends Contract>(contract: C, caller: Caller): Client<C> {
  const methods = Object.entries(contract.actions).map(([name, action]) => {
    const fullName = `${contract.name}.${name}`;
    const method = async (params: unknown) => {
      assertValid(action.params, params, fullName);
      const repeatable = repeatableAs(action, params);
      return caller.call(fullName, params, { meta: { ...currentCall() }, ...(repeatable && { repeatable }) });
    };
    return [name, method] as const;
  });
  return Object.fromEntries(methods) as unknown as Client<C>;
}
