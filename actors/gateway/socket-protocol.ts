/**
 * The WebSocket protocol at /api/ws, JSON in text frames.
 *
 * Client: `hello` first, then `token`, `ping` and `call`. Server: `welcome`, then `event`, `answer`, `pong`
 * and `ping`. The server pings when either side has been silent for `heartbeatMs`, so whoever hears nothing at
 * all for more than twice that long has lost the connection. Event numbers grow and may have gaps, since only the newest player state of a burst is sent.
 */
import { type Static, Type } from 'typebox';
import { literals, object } from '../../kit/contract.ts';
import type { Problem } from '../../kit/http.ts';
import { validatorOf } from '../../kit/validate.ts';

const Token = Type.String({ minLength: 1, maxLength: 4096 });

export const Hello = object({
  t: literals('hello'),
  token: Token,
  /** From the connection before: what was missed is sent again when it is still known. */
  resume: Type.Optional(
    object({
      connectionId: Type.String({ minLength: 1, maxLength: 64 }),
      lastSeq: Type.Integer({ minimum: 0 }),
    }),
  ),
});
export type Hello = Static<typeof Hello>;

/** A newer token of the same user and device, before the old one runs out. */
export const NewToken = object({ t: literals('token'), token: Token });
export const Ping = object({ t: literals('ping') });
export const Pong = object({ t: literals('pong') });

/** `route` is method and path below /api, e.g. `POST /me/player/progress`. */
export const Call = object({
  t: literals('call'),
  id: Type.Union([Type.String({ maxLength: 64 }), Type.Integer()]),
  route: Type.String({ maxLength: 200 }),
  params: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});
export type Call = Static<typeof Call>;

const messages = { hello: Hello, token: NewToken, ping: Ping, pong: Pong, call: Call } as const;
export type ClientMessage = Static<(typeof messages)[keyof typeof messages]>;

export type ServerMessage =
  | {
      readonly t: 'welcome';
      readonly connectionId: string;
      readonly heartbeatMs: number;
      /** False: events were missed; fetch the state anew. */
      readonly resumed: boolean;
    }
  | { readonly t: 'event'; readonly seq: number; readonly topic: string; readonly data: unknown }
  | {
      readonly t: 'answer';
      readonly id: string | number;
      readonly status: number;
      /** The action's result, or a Problem. */
      readonly body: unknown | Problem;
    }
  | { readonly t: 'ping' }
  | { readonly t: 'pong' };

/** Close codes of our own, after the HTTP statuses they are like. */
export const CLOSE = {
  goingAway: 1001,
  internal: 1011,
  malformed: 4400,
  unauthenticated: 4401,
  helloLate: 4408,
  /** A newer socket of the same user took its place. */
  replaced: 4409,
  tooSlow: 4413,
  tooManyMessages: 4429,
} as const;

/** The message, or undefined for anything that the protocol does not know. */
export function parseClientMessage(text: string): ClientMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const kind = (value as { t?: unknown } | null)?.t;
  if (typeof kind !== 'string' || !Object.hasOwn(messages, kind)) return undefined;
  const schema = messages[kind as keyof typeof messages];
  return validatorOf(schema).Check(value) ? (value as ClientMessage) : undefined;
}
