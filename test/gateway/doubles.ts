/** A gateway behind a real server, with services made from the contracts in place of the actors. */
import { ServiceBroker } from 'moleculer';
import type { TSchema } from 'typebox';
import { type AccessClaims, accountsContract } from '../../actors/accounts/contract.ts';
import { catalogContract } from '../../actors/catalog/contract.ts';
import { createGateway, type GatewayDeps, type GatewayOptions } from '../../actors/gateway/gateway.ts';
import { LocalWindows } from '../../actors/gateway/rate-limit.ts';
import { healthContract } from '../../actors/health/contract.ts';
import { historyContract } from '../../actors/history/contract.ts';
import { likesContract } from '../../actors/likes/contract.ts';
import { playerContract } from '../../actors/player-session/contract.ts';
import { searchContract } from '../../actors/search/contract.ts';
import { brokerOptions } from '../../infra/bus/broker-options.ts';
import { createHttpServer } from '../../infra/http/server.ts';
import { currentCall } from '../../kit/call-context.ts';
import type { Contract, Handlers } from '../../kit/contract.ts';
import { UnauthenticatedError } from '../../kit/errors.ts';
import type { Cache } from '../../kit/ports/cache.ts';
import type { Topics } from '../../kit/ports/topics.ts';
import { serviceOf } from '../../kit/service.ts';
import { type Clock, systemClock, systemIds, type Timer } from '../../kit/sources.ts';
import { ingestContract } from '../../media/ingest/contract.ts';
import { libraryContract } from '../../media/library/contract.ts';

const CONTRACTS: readonly Contract[] = [
  accountsContract,
  catalogContract,
  playerContract,
  historyContract,
  likesContract,
  searchContract,
  ingestContract,
  libraryContract,
  healthContract,
];

interface PlainSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly PlainSchema[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly items?: PlainSchema;
  readonly properties?: Readonly<Record<string, PlainSchema>>;
  readonly required?: readonly string[];
}

export const idOf = (n: number): string => String(n).padStart(22, '0');

/** Texts among which every pattern of the contracts finds one that fits. */
const TEXTS = [idOf(0), 'DE', 'en', 'listener', 'DEA123456789', '#000000', '2026-01-31'];

/** The least value that fits a schema. */
export function sampleOf(schema: PlainSchema | TSchema): unknown {
  const plain = schema as PlainSchema;
  if (plain.const !== undefined) return plain.const;
  if (plain.enum) return plain.enum[0];
  if (plain.anyOf) return sampleOf(plain.anyOf[0] as PlainSchema);
  switch (plain.type) {
    case 'object': {
      const { properties = {}, required = [] } = plain;
      return Object.fromEntries(
        required.map((name) => [name, sampleOf(properties[name] as PlainSchema)] as const),
      );
    }
    case 'array':
      return Array.from({ length: plain.minItems ?? 0 }, () => sampleOf(plain.items as PlainSchema));
    case 'integer':
    case 'number':
      return plain.minimum ?? 0;
    case 'boolean':
      return false;
    default: {
      const pattern = new RegExp(plain.pattern ?? '');
      const text = TEXTS.find((candidate) => pattern.test(candidate));
      if (text === undefined) throw new Error(`No text fits ${plain.pattern}.`);
      return text.padEnd(plain.minLength ?? 0, '0');
    }
  }
}

export interface RecordedCall {
  readonly action: string;
  readonly params: Record<string, unknown>;
  readonly requestId: string | undefined;
}

type Answer = (params: Record<string, unknown>) => Promise<unknown>;

/** What a test wants a service to do instead of answering the sample. */
export type Overrides = Readonly<Record<string, Answer>>;

function doubleOf(contract: Contract, calls: RecordedCall[], overrides: Overrides) {
  const handlers = Object.entries(contract.actions).map(([name, action]) => {
    const fullName = `${contract.name}.${name}`;
    const handler = async (params: Record<string, unknown>) => {
      calls.push({ action: fullName, params, requestId: currentCall().requestId });
      return overrides[fullName]?.(params) ?? sampleOf(action.result);
    };
    return [name, handler];
  });
  return serviceOf(contract, Object.fromEntries(handlers) as Handlers<Contract>);
}

export const aliceId = idOf(1);
export const deviceId = idOf(9);
const DEFAULT_CLAIMS: AccessClaims = {
  sub: aliceId,
  did: deviceId,
  roles: ['listener'],
  tier: 'free',
  country: 'DE',
};
const HOUR_SEC = 3600;

export function tokenOf(claims: Partial<AccessClaims> & { exp?: number } = {}): string {
  const exp = Math.floor(Date.now() / 1000) + HOUR_SEC;
  const payload = Buffer.from(JSON.stringify({ ...DEFAULT_CLAIMS, exp, ...claims })).toString('base64url');
  return `unsigned.${payload}.unsigned`;
}

/** Takes unsigned tokens: what signatures are worth is another room's business. */
export const unsignedVerifier = (clock: Clock): GatewayDeps['verifier'] => ({
  async verify(token) {
    try {
      const [head, payload = ''] = token.split('.');
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as AccessClaims & {
        exp: number;
      };
      if (head === 'unsigned' && claims.exp * 1000 > clock.nowMs()) return claims;
    } catch {
      // Refused below.
    }
    throw new UnauthenticatedError('TOKEN_INVALID', 'Log in again.');
  },
});

function memoryCache(clock: Clock): Cache {
  const windows = new LocalWindows();
  const absent = async () => {};
  return {
    get: async () => undefined,
    set: absent,
    delete: absent,
    join: absent,
    leave: absent,
    members: async () => [],
    take: async (key, max, windowMs) => windows.take(key, { name: key, max, windowMs }, clock.nowMs()),
  };
}

export function memoryTopics(): Topics & { readonly subscriptions: () => number } {
  const handlers = new Map<string, Set<(message: unknown) => void>>();
  return {
    async publish(topic, message) {
      for (const handler of handlers.get(topic) ?? []) handler(structuredClone(message));
    },
    async subscribe(topic, handler) {
      const own = handlers.get(topic) ?? new Set();
      handlers.set(topic, own.add(handler));
      return {
        [Symbol.asyncDispose]: async () => {
          own.delete(handler);
        },
      };
    },
    subscriptions: () => [...handlers.values()].reduce((sum, own) => sum + own.size, 0),
  };
}

/** Time that moves only when told to. */
export class ManualClock implements Clock {
  #nowMs = Date.now();
  #timers = new Set<{ atMs: number; fn: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, fn: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, fn };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#timers].filter((t) => t.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (!due) break;
      this.#timers.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.fn();
    }
    this.#nowMs = untilMs;
  }
}

const many = (name: string) => ({ name, max: 1_000_000, windowMs: 60_000 });
export const NO_LIMITS = {
  stream: many('stream'),
  search: many('search'),
  refresh: many('refresh'),
  unauthenticated: many('unauthenticated'),
  user: many('user'),
};

export interface StartOptions {
  readonly overrides?: Overrides;
  readonly options?: Partial<GatewayOptions>;
  readonly deps?: Partial<Omit<GatewayDeps, 'options'>>;
  readonly clock?: Clock;
}

export interface Running extends AsyncDisposable {
  readonly url: string;
  readonly calls: RecordedCall[];
  readonly topics: ReturnType<typeof memoryTopics>;
  readonly gateway: ReturnType<typeof createGateway>;
}

export async function startGateway({
  overrides = {},
  options = {},
  deps = {},
  clock = systemClock,
}: StartOptions = {}): Promise<Running> {
  const calls: RecordedCall[] = [];
  const topics = memoryTopics();
  const sources = { clock, ids: systemIds };
  const gateway = createGateway({
    verifier: unsignedVerifier(clock),
    cache: memoryCache(clock),
    topics,
    sources,
    readyChecks: {},
    ...deps,
    options: { secure: false, trustedProxies: [], corsOrigins: [], limits: NO_LIMITS, ...options },
  });
  const broker = new ServiceBroker(brokerOptions({ nodeId: 'gateway', namespace: 'test' }));
  const active: Overrides = { 'accounts.deviceActive': async () => ({ active: true }), ...overrides };
  for (const contract of CONTRACTS) broker.createService(doubleOf(contract, calls, active));
  broker.createService(gateway.service);
  await broker.start();
  const server = createHttpServer({
    handlers: [{ name: 'gateway', handle: gateway.handle }],
    upgrade: gateway.upgrade,
    closing: gateway.close,
    sources,
  });
  const { url } = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    calls,
    topics,
    gateway,
    async [Symbol.asyncDispose]() {
      await server.close();
      await broker.stop();
    },
  };
}

export const bearer = (token = tokenOf()) => ({ authorization: `Bearer ${token}` });

export function request(
  url: string,
  method: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Response> {
  const payload = body === undefined ? {} : { body: JSON.stringify(body) };
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  return fetch(url, { method, headers: { ...type, ...headers }, ...payload });
}
