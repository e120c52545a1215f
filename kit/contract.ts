/**
 * Contracts: what an actor answers, written once as TypeBox values.
 *
 * The types, the validation on both sides of the bus, the typed client and the OpenAPI document all come
 * from here. Schemas are plain JSON Schema, so they also survive the bus.
 */
import { type Static, type TObject, type TSchema, Type } from 'typebox';
import { ID_PATTERN } from './sources.ts';

export interface Action<P extends TObject = TObject, R extends TSchema = TSchema> {
  /** A query changes nothing and may be retried freely; a command changes state. */
  readonly kind: 'query' | 'command';
  /** One line for a person; it becomes the OpenAPI summary. */
  readonly summary: string;
  readonly params: P;
  readonly result: R;
  /** Of a query: how old an answer may be; equal calls share it (infra/bus/cacher.ts). */
  readonly cachedMs?: number;
  /** Of a command: doing it twice leaves what doing it once leaves, and the second answer serves as well. */
  readonly idempotent?: true;
}

export interface Contract<A extends Record<string, Action> = Record<string, Action>> {
  readonly name: string;
  /**
   * The parameter that names the virtual actor; calls of actions that have it are routed by it (rendezvous
   * hashing).
   */
  readonly key?: string;
  readonly actions: A;
}

export const defineContract = <const A extends Record<string, Action>>(contract: Contract<A>): Contract<A> =>
  contract;

type ActionSpec<P extends TObject, R extends TSchema> = { params: P; result: R };

export const query = <P extends TObject, R extends TSchema>(
  summary: string,
  spec: ActionSpec<P, R> & { readonly cachedMs?: number },
): Action<P, R> => ({ kind: 'query', summary, ...spec });

export const command = <P extends TObject, R extends TSchema>(
  summary: string,
  spec: ActionSpec<P, R> & Pick<Action, 'idempotent'>,
): Action<P, R> => ({ kind: 'command', summary, ...spec });

/** Whether an action takes the `commandId` by which a repeat gets the first answer. */
export const takesCommandId = ({ params }: Action): boolean => Object.hasOwn(params.properties, 'commandId');

/**
 * How a call may be sent again when nobody knows what became of it: `deduplicated` calls have one effect
 * however late one of them arrives; `idempotent` ones only while nothing else was done in between.
 */
export type Repeatable = 'deduplicated' | 'idempotent';

export function repeatableAs(action: Action, params: unknown): Repeatable | undefined {
  if (action.kind === 'query') return 'deduplicated';
  if (takesCommandId(action) && (params as { commandId?: unknown }).commandId !== undefined) {
    return 'deduplicated';
  }
  return action.idempotent && 'idempotent';
}

export type Params<A extends Action> = Static<A['params']>;
export type Result<A extends Action> = Static<A['result']>;

export type Handlers<C extends Contract> = {
  readonly [K in keyof C['actions']]: (params: Params<C['actions'][K]>) => Promise<Result<C['actions'][K]>>;
};

/** Schemas that many contracts share. Objects are closed: an unknown property is a mistake worth telling. */
export const object = <const P extends Record<string, TSchema>>(properties: P) =>
  Type.Object(properties, { additionalProperties: false });

export const Id = Type.String({ pattern: ID_PATTERN, description: '128-bit id, 22 base62 characters' });
/** Given by the client with a state-changing command; a retry with the same one gets the first answer. */
export const CommandId = Type.String({ minLength: 1, maxLength: 64, pattern: '^[\\w-]+$' });
export const TimeMs = Type.Integer({ minimum: 0, description: 'UTC milliseconds since the epoch' });
export const DurationMs = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'Milliseconds',
});
/** ISO 3166-1 alpha-2. */
export const Country = Type.String({ pattern: '^[A-Z]{2}$' });
export const Empty = object({});
export const literals = <const T extends string>(...values: T[]) =>
  Type.Unsafe<T>({ type: 'string', enum: values });

/** A page of rows, newest or first in order first; `nextCursor` is absent on the last page. */
export const pageOf = <T extends TSchema>(item: T) =>
  object({ items: Type.Array(item), nextCursor: Type.Optional(Type.String()) });
export const Cursor = Type.String({ minLength: 1, maxLength: 512 });
