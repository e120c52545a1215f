/** One count a request, whatever door it came through, and a log line for each that a person may ask about. */
import { SECOND_MS, SLOW_READ_MS } from '../config/limits.ts';
import { logger } from './log.ts';
import { counter, histogram } from './metrics.ts';

/** Its fields are the five of RequestRecord, so there is nothing to search for secrets, line by line. */
const log = logger('http', { redact: [] });
const requests = counter('http_requests_total', 'Requests answered', ['method', 'route', 'status']);
const duration = histogram(
  'http_request_duration_seconds',
  'Time from the request line to the last byte of the answer',
  [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  ['route'],
);

export interface RequestRecord {
  readonly requestId: string;
  readonly method: string;
  /** The template, never the raw URL. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
}

/** Stands for the status when the client left before the answer was out. */
export const CLIENT_GONE = 499;

const isFastRead = ({ method, durationMs }: RequestRecord): boolean =>
  (method === 'GET' || method === 'HEAD') && durationMs < SLOW_READ_MS;

const levelOf = (record: RequestRecord, quiet: boolean) => {
  if (record.status >= 500) return 'error';
  if (record.status >= 400 && record.status !== CLIENT_GONE) return 'warn';
  // A line costs as much as the rest of a small read, so by default those are only counted.
  return quiet || isFastRead(record) ? 'debug' : 'info';
};

/** As many as the registry holds. */
const counters = new Map<string, ReturnType<typeof newCounters>>();

const newCounters = ({ method, route, status }: RequestRecord) => ({
  counted: requests.labels(method, route, String(status)),
  timed: duration.labels(route),
});

/** Finding them by their labels would cost more than counting. */
function countersOf(record: RequestRecord) {
  const key = `${record.method} ${record.status} ${record.route}`;
  const known = counters.get(key);
  if (known) return known;
  const made = newCounters(record);
  counters.set(key, made);
  return made;
}

/** `quiet`: a kind of request so frequent that its successes are logged only at level debug, slow or not. */
export function recordRequest(record: RequestRecord, { quiet = false } = {}): void {
  const { counted, timed } = countersOf(record);
  counted.inc();
  timed.observe(record.durationMs / SECOND_MS);
  log[levelOf(record, quiet)](record, 'request');
}
