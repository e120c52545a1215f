/**
 * Sheds requests before latency collapses. The measure is the event loop's own queueing delay, since a gateway
 * runs out of CPU before anything else: when even the best sample of a window is late, requests wait in line
 * (CoDel's test for a standing queue). What is shed goes by rank, the least urgent first (DAGOR, Zhou 2018).
 */
import {
  LOAD_LATENESS_MS_MAX,
  LOAD_SAMPLE_MS,
  LOAD_SHED_STEP,
  LOAD_SHED_STEP_BACK,
  LOAD_WINDOW_MS,
  LOAD_WINDOW_SAMPLES_MIN,
  SHED_RETRY_AFTER_SEC,
} from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import { counter, gauge } from '../../kit/metrics.ts';
import type { Clock } from '../../kit/sources.ts';

const log = logger('gateway');

/** From what is shed first to what is shed last. */
export const RANKS = ['browse', 'library', 'playback'] as const;
export type Rank = (typeof RANKS)[number];

const shed = counter('gateway_shed_total', 'Requests refused to stay fast', ['rank', 'why']);
const level = gauge('gateway_shed_level', 'How much is shed: 0 nothing, 1 all browsing, 3 everything');

export interface Load extends Disposable {
  /** @throws UnavailableError `OVERLOADED` for a request that is shed. */
  assertRoom(rank: Rank): void;
}

/** One way to say it, whatever is full. */
export function overloaded(rank: Rank, why: string): UnavailableError {
  shed.inc({ rank, why });
  return new UnavailableError(
    'OVERLOADED',
    `Too much is asked at the moment; try again in ${SHED_RETRY_AFTER_SEC} s.`,
    { reason: why, retryAfterSec: SHED_RETRY_AFTER_SEC },
  );
}

/** Meant, counted and told when it began: a log line for each would add to the load. */
export const isShed = (error: unknown): boolean =>
  error instanceof UnavailableError && error.code === 'OVERLOADED';

export function createLoad({ clock }: { clock: Clock }): Load {
  /** 0.5 sheds every other request of the first rank, 1.5 all of these and every other of the second. */
  let shedding = 0;
  let leastLateMs = Number.POSITIVE_INFINITY;
  let samples = 0;
  let windowFromMs = clock.nowMs();
  /** What has been owed of a refusal since the last one, by rank, so that a share needs no chance. */
  const owed = new Map<Rank, number>(RANKS.map((rank) => [rank, 0]));

  const closeWindow = (): void => {
    const before = shedding;
    const isLate = leastLateMs > LOAD_LATENESS_MS_MAX;
    const step = isLate ? LOAD_SHED_STEP : -LOAD_SHED_STEP_BACK;
    shedding = Math.min(RANKS.length, Math.max(0, shedding + step));
    level.set(shedding);
    if (before === 0 && shedding > 0) log.warn({ lateMs: leastLateMs }, 'overloaded: requests are shed');
    if (before > 0 && shedding === 0) log.info('no request is shed any more');
    leastLateMs = Number.POSITIVE_INFINITY;
    samples = 0;
    windowFromMs = clock.nowMs();
  };

  let timer = clock.after(0, () => {});
  const sample = (): void => {
    const dueAtMs = clock.nowMs() + LOAD_SAMPLE_MS;
    timer = clock.after(LOAD_SAMPLE_MS, () => {
      const nowMs = clock.nowMs();
      leastLateMs = Math.min(leastLateMs, nowMs - dueAtMs);
      const isOver = nowMs - windowFromMs >= LOAD_WINDOW_MS;
      if (++samples >= LOAD_WINDOW_SAMPLES_MIN && isOver) closeWindow();
      sample();
    });
  };
  sample();

  return {
    assertRoom(rank) {
      if (shedding === 0) return;
      const share = Math.min(1, Math.max(0, shedding - RANKS.indexOf(rank)));
      const due = (owed.get(rank) ?? 0) + share;
      owed.set(rank, due % 1);
      if (due >= 1) throw overloaded(rank, 'LATE');
    },
    [Symbol.dispose]: () => timer.cancel(),
  };
}
