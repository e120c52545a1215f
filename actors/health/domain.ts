/** Counting over processes and time: sums, differences and percentiles. */
import { HOUR_MS, MINUTE_MS, PROGRESS_REPORT_EVERY_MS } from '../../config/limits.ts';

/** What was counted, since the process began or within some time. */
export interface Tally {
  readonly plays: number;
  readonly streams: number;
  readonly requests: number;
  readonly errors: number;
  /** Reports of devices that play. */
  readonly progress: number;
  /** Requests by bucket of duration, the last one for all beyond; of DURATION_BOUNDS_MS. */
  readonly durations: readonly number[];
}

/** The buckets of `http_request_duration_seconds` (kit/access-log.ts). */
export const DURATION_BOUNDS_MS = [2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000] as const;

export const NOTHING: Tally = {
  plays: 0,
  streams: 0,
  requests: 0,
  errors: 0,
  progress: 0,
  durations: Array.from({ length: DURATION_BOUNDS_MS.length + 1 }, () => 0),
};

const combined = (a: Tally, b: Tally, sign: 1 | -1): Tally => ({
  plays: a.plays + sign * b.plays,
  streams: a.streams + sign * b.streams,
  requests: a.requests + sign * b.requests,
  errors: a.errors + sign * b.errors,
  progress: a.progress + sign * b.progress,
  durations: a.durations.map((count, i) => count + sign * (b.durations[i] ?? 0)),
});

export const sumOf = (tallies: readonly Tally[]): Tally =>
  tallies.reduce((sum, tally) => combined(sum, tally, 1), NOTHING);
export const differenceOf = (after: Tally, before: Tally): Tally => combined(after, before, -1);

/**
 * The duration that a share of the requests stayed below, between the bounds of its bucket; undefined without
 * any. Beyond the last bound nothing is known but the bound itself.
 */
export function percentileMs({ durations }: Tally, share: number): number | undefined {
  const total = durations.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let below = 0;
  for (const [i, count] of durations.entries()) {
    const rank = share * total - below;
    const upper = DURATION_BOUNDS_MS[i];
    if (upper === undefined) break;
    if (count > 0 && rank <= count) {
      const lower = DURATION_BOUNDS_MS[i - 1] ?? 0;
      return lower + ((upper - lower) * rank) / count;
    }
    below += count;
  }
  return DURATION_BOUNDS_MS.at(-1);
}

/** How many devices play when `progress` reports came within `spanMs`. */
export const playersOf = (progress: number, spanMs: number): number =>
  spanMs <= 0 ? 0 : Math.round((progress * PROGRESS_REPORT_EVERY_MS) / spanMs);

export const hourOf = (atMs: number): number => Math.floor(atMs / HOUR_MS) * HOUR_MS;
export const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);

/** Counted lately, oldest first. */
export interface Slice {
  readonly atMs: number;
  readonly spanMs: number;
  readonly tally: Tally;
}

export interface Recent {
  readonly players: number;
  readonly spanMs: number;
  readonly tally: Tally;
}

export function recentOf(slices: readonly Slice[], nowMs: number): Recent {
  const lastMinute = slices.filter(({ atMs }) => atMs > nowMs - MINUTE_MS);
  const spanOf = (some: readonly Slice[]) => some.reduce((sum, { spanMs }) => sum + spanMs, 0);
  return {
    players: playersOf(
      lastMinute.reduce((sum, { tally }) => sum + tally.progress, 0),
      spanOf(lastMinute),
    ),
    spanMs: spanOf(slices),
    tally: sumOf(slices.map(({ tally }) => tally)),
  };
}
