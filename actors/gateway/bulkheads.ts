/**
 * What the gateway grants each service: how urgent its requests are, how many may be under way, how long one
 * may take. A service that hangs fills its own share and nobody else's.
 */
import {
  GATEWAY_COMMAND_MS_MAX,
  GATEWAY_QUERY_MS_MAX,
  GATEWAY_SEARCH_MS_MAX,
  IN_FLIGHT_ACCOUNTS_MAX,
  IN_FLIGHT_CATALOG_MAX,
  IN_FLIGHT_OTHERS_MAX,
  IN_FLIGHT_PLAYBACK_MAX,
  IN_FLIGHT_SEARCH_MAX,
} from '../../config/limits.ts';
import { AntiphonError, type ErrorData, UnavailableError } from '../../kit/errors.ts';
import { problemOf } from '../../kit/http.ts';
import { gauge } from '../../kit/metrics.ts';
import type { Clock } from '../../kit/sources.ts';
import { createBreaker } from './breaker.ts';
import { overloaded, type Rank } from './load.ts';
import type { Route } from './routes.ts';

const inFlight = gauge('gateway_calls_in_flight', 'Calls under way, by service', ['service']);

interface Grant {
  readonly rank: Rank;
  readonly inFlightMax: number;
  readonly queryMsMax?: number;
  readonly breaker?: true;
  /** What clients are told, whatever it is that keeps the service from answering: code and sentence. */
  readonly away?: readonly [code: string, message: string];
}

const GRANTS: Readonly<Record<string, Grant>> = {
  'player-session': {
    rank: 'playback',
    inFlightMax: IN_FLIGHT_PLAYBACK_MAX,
    // Also read while a node dies or a journal elects its leader: sound waits for the answer.
    queryMsMax: GATEWAY_COMMAND_MS_MAX,
  },
  accounts: { rank: 'library', inFlightMax: IN_FLIGHT_ACCOUNTS_MAX },
  catalog: { rank: 'browse', inFlightMax: IN_FLIGHT_CATALOG_MAX },
  search: {
    rank: 'browse',
    inFlightMax: IN_FLIGHT_SEARCH_MAX,
    queryMsMax: GATEWAY_SEARCH_MS_MAX,
    breaker: true,
    away: ['SEARCH_UNAVAILABLE', 'Search is away for the moment; try again soon.'],
  },
};
const OTHERS: Grant = { rank: 'library', inFlightMax: IN_FLIGHT_OTHERS_MAX };

const grantOf = (service: string): Grant => GRANTS[service] ?? OTHERS;

/** Without a fresh token nothing plays for long. */
export const rankOf = ({ service, actionName }: Route): Rank =>
  actionName === 'refresh' ? 'playback' : grantOf(service).rank;

/** How long the client of this route waits at most, in milliseconds. */
export const waitMsOf = ({ service, action }: Route): number =>
  action.kind === 'command' ? GATEWAY_COMMAND_MS_MAX : (grantOf(service).queryMsMax ?? GATEWAY_QUERY_MS_MAX);

export interface Bulkheads {
  /** @throws UnavailableError `OVERLOADED` when the service has its share under way, `SERVICE_AWAY`. */
  run<T>(route: Route, call: () => Promise<T>): Promise<T>;
}

/** A bug stays one: 503 and 504 stand for what may be over in a moment. */
const isAway = (error: unknown): boolean => problemOf(error, '').status > 500;

const dataOf = (error: unknown): ErrorData => ({
  ...(error instanceof AntiphonError && error.data),
  cause: String(error),
});

/** What is under way of one service. */
function createBulkhead(service: string, clock: Clock) {
  const { inFlightMax, breaker, away } = grantOf(service);
  const shown = inFlight.labels(service);
  const guard = breaker && createBreaker(service, clock);
  let calls = 0;
  return async <T>(route: Route, call: () => Promise<T>): Promise<T> => {
    if (calls >= inFlightMax) throw overloaded(rankOf(route), 'IN_FLIGHT');
    shown.set(++calls);
    try {
      return await (guard ? guard.run(call) : call());
    } catch (error) {
      throw away && isAway(error) ? new UnavailableError(...away, dataOf(error)) : error;
    } finally {
      shown.set(--calls);
    }
  };
}

export function createBulkheads({ clock }: { clock: Clock }): Bulkheads {
  const bulkheads = new Map<string, ReturnType<typeof createBulkhead>>();
  const ofService = (service: string) => {
    const known = bulkheads.get(service) ?? createBulkhead(service, clock);
    bulkheads.set(service, known);
    return known;
  };
  return { run: (route, call) => ofService(route.service)(route, call) };
}
