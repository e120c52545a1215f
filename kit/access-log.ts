/** One log line and one count a request, whatever door it came through. */
import { logger } from './log.ts';
import { counter, histogram } from './metrics.ts';

/** Its fields are the five of RequestRecord, so there is nothing to search for secrets, line by line. */
const log = logger('http').child({}, { redact: [] });
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

const level = (status: number, quiet: boolean) => {
  if (status >= 500) return 'error';
  if (status >= 400 && status !== CLIENT_GONE) return 'warn';
  return quiet ? 'debug' : 'info';
};

/** `quiet`: a kind of request so frequent that its successes are logged only at level debug. */
export function recordRequest(record: RequestRecord, { quiet = false } = {}): void {
  requests.inc({ method: record.method, route: record.route, status: record.status });
  duration.observe({ route: record.route }, record.durationMs / 1000);
  log[level(record.status, quiet)](record, 'request');
}
