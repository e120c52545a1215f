/** Reads what the process counts for Prometheus. */
import { SECOND_MS } from '../../config/limits.ts';
import { registry } from '../../kit/metrics.ts';
import type { ConsumerLag } from './contract.ts';
import { DURATION_BOUNDS_MS, type Tally } from './domain.ts';

interface Value {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

/** Empty for what this process does not count. */
async function valuesOf(name: string): Promise<readonly Value[]> {
  const metric = registry.getSingleMetric(`antiphon_${name}`);
  return metric ? ((await metric.get()).values as unknown as readonly Value[]) : [];
}

const sum = (values: readonly Value[]): number => values.reduce((total, { value }) => total + value, 0);
const isApi = ({ labels }: Value): boolean => String(labels.route).startsWith('/api');

/** Buckets of a histogram count all below their bound; here each counts its own. */
function durationsOf(values: readonly Value[]): number[] {
  const buckets = values.filter((value) => value.metricName?.endsWith('_bucket') && isApi(value));
  const upTo = (bound: number | string) => sum(buckets.filter(({ labels }) => labels.le === bound));
  const cumulative = [...DURATION_BOUNDS_MS.map((ms) => upTo(ms / SECOND_MS)), upTo('+Inf')];
  return cumulative.map((count, i) => count - (cumulative[i - 1] ?? 0));
}

export async function readTally(): Promise<Tally> {
  const [plays, streams, requests, calls, durations] = await Promise.all(
    [
      'player_plays_started_total',
      'player_streams_counted_total',
      'http_requests_total',
      'action_calls_total',
      'http_request_duration_seconds',
    ].map(valuesOf),
  );
  const api = (requests ?? []).filter(isApi);
  return {
    plays: sum(plays ?? []),
    streams: sum(streams ?? []),
    requests: sum(api),
    errors: sum(api.filter(({ labels }) => Number(labels.status) >= 500)),
    progress: sum((calls ?? []).filter(({ labels }) => labels.action === 'player-session.progress')),
    durations: durationsOf(durations ?? []),
  };
}

export async function readLags(): Promise<ConsumerLag[]> {
  return (await valuesOf('journal_consumer_lag_records')).map(({ value, labels }) => ({
    stream: String(labels.stream),
    consumer: String(labels.consumer),
    records: value,
  }));
}
