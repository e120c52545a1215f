/** Reports on this process, and puts the reports of all together for whoever looks. */
import {
  DAY_MS,
  HEALTH_CONSUMER_LAG_RECORDS_MAX,
  HEALTH_DISK_FREE_BYTES_MIN,
  HEALTH_HOUR_WRITTEN_EVERY_MS,
  HEALTH_HOURS_KEPT_MS,
  HEALTH_LOOP_LAG_MS_MAX,
  HEALTH_MEMORY_FREE_SHARE_MIN,
  HEALTH_NODES_PER_HOUR_MAX,
  HEALTH_RECENT_MS,
  HEALTH_REPORT_EVERY_MS,
  HEALTH_REPORT_TTL_MS,
  HOUR_MS,
  METRICS_HOURS_SHOWN,
  PARKED_SHOWN_MAX,
  READY_CHECK_WAIT_MS,
  SECOND_MS,
  STORAGE_MEASURED_EVERY_MS,
} from '../../config/limits.ts';
import type { Handlers } from '../../kit/contract.ts';
import { logger } from '../../kit/log.ts';
import type { Cache } from '../../kit/ports/cache.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import type { Clock, Timer } from '../../kit/sources.ts';
import type {
  ConsumerLag,
  Engine,
  Health,
  Hour,
  healthContract,
  Node,
  Storage,
  StoredPart,
  Warning,
} from './contract.ts';
import {
  dayOf,
  differenceOf,
  hourOf,
  NOTHING,
  percentileMs,
  type Recent,
  recentOf,
  type Slice,
  sumOf,
  type Tally,
} from './domain.ts';
import type { EngineCheck, Machine, Measure, Meter, ParkedReader } from './ports.ts';
import { HEALTH_HOURS } from './tables.ts';

const log = logger('health');
const NODES = 'health:nodes';
const reportKey = (nodeId: string): string => `health:node:${nodeId}`;

interface Report {
  readonly node: Node;
  readonly lags: readonly ConsumerLag[];
  readonly recent: Recent;
}

export interface HealthDeps {
  readonly cache: Cache;
  readonly tables: Tables;
  readonly journal: ParkedReader;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly machine: Machine;
  /** By the name that is shown. */
  readonly engines: Readonly<Record<string, EngineCheck>>;
  readonly storage: Readonly<Partial<Record<StoredPart['part'], Measure>>>;
}

export interface HealthActor extends AsyncDisposable {
  readonly handlers: Handlers<typeof healthContract>;
  /** Reports now, as it does by itself every HEALTH_REPORT_EVERY_MS. */
  report(): Promise<void>;
}

export async function createHealth(deps: HealthDeps): Promise<HealthActor> {
  const { cache, tables, journal, clock, meter, machine, engines, storage } = deps;
  const { nodeId } = machine.fixed;
  const hours = tables.open(HEALTH_HOURS);

  let counted = await meter.tally();
  let countedAtMs = clock.nowMs();
  let slices: Slice[] = [];
  let hourFromMs = hourOf(countedAtMs);
  // A process that was here before in this hour has left its count.
  let hour: Tally =
    (await hours.get(dayOf(hourFromMs), [hourFromMs, nodeId]).catch(() => undefined)) ?? NOTHING;
  let writtenAtMs = countedAtMs;

  const writeHour = async (): Promise<void> => {
    const ttlSec = HEALTH_HOURS_KEPT_MS / SECOND_MS;
    const row = { fromMs: hourFromMs, ...hour };
    await hours.put(dayOf(hourFromMs), [hourFromMs, nodeId], row, { ttlSec });
  };

  /** Takes in what was counted since the last time. */
  async function count(): Promise<void> {
    const [now, nowMs] = [await meter.tally(), clock.nowMs()];
    const tally = differenceOf(now, counted);
    slices = slices.filter(({ atMs }) => atMs > nowMs - HEALTH_RECENT_MS);
    slices.push({ atMs: nowMs, spanMs: nowMs - countedAtMs, tally });
    [counted, countedAtMs] = [now, nowMs];
    const isNewHour = hourOf(nowMs) !== hourFromMs;
    // What was counted around the full hour belongs to the one that began it.
    hour = sumOf([hour, tally]);
    if (isNewHour || nowMs - writtenAtMs >= HEALTH_HOUR_WRITTEN_EVERY_MS) {
      await writeHour();
      writtenAtMs = nowMs;
    }
    if (isNewHour) [hourFromMs, hour] = [hourOf(nowMs), NOTHING];
  }

  async function report(): Promise<void> {
    await count();
    const [looked, lags] = await Promise.all([machine.look(), meter.lags()]);
    const node: Node = { ...machine.fixed, ...looked, seenAtMs: clock.nowMs() };
    const mine: Report = { node, lags, recent: recentOf(slices, clock.nowMs()) };
    await cache.set(reportKey(nodeId), mine, HEALTH_REPORT_TTL_MS);
    await cache.join(NODES, nodeId, HEALTH_REPORT_TTL_MS);
  }

  async function reports(): Promise<Report[]> {
    const found = await Promise.all(
      (await cache.members(NODES)).map((id) => cache.get<Report>(reportKey(id))),
    );
    return found
      .filter((known) => known !== undefined)
      .sort((a, b) => a.node.nodeId.localeCompare(b.node.nodeId));
  }

  async function ask([name, check]: readonly [string, EngineCheck]): Promise<Engine> {
    const startedAtMs = performance.now();
    const tookMs = () => Math.round((performance.now() - startedAtMs) * 10) / 10;
    const late = Promise.withResolvers<never>();
    const timer = clock.after(READY_CHECK_WAIT_MS, () => late.reject(new Error('No answer in time.')));
    try {
      await Promise.race([check(), late.promise]);
      return { name, state: 'good', tookMs: tookMs() };
    } catch (error) {
      return { name, state: 'away', tookMs: tookMs(), why: (error as Error).message };
    } finally {
      timer.cancel();
    }
  }

  const parkedNow = async (): Promise<Health['parked']> => {
    const records = (await journal.parked().catch(() => [])).length;
    return { records, more: records === PARKED_SHOWN_MAX };
  };

  let measured: { readonly atMs: number; readonly storage: Promise<Storage> } | undefined;
  async function measure(): Promise<Storage> {
    const parts = Object.entries(storage) as [StoredPart['part'], Measure][];
    const found = await Promise.all(
      parts.map(async ([part, measurePart]) => {
        try {
          const size = await measurePart();
          return size && { part, ...size };
        } catch (error) {
          log.warn({ err: error, part }, 'not measured');
          return { part };
        }
      }),
    );
    const { disk } = await machine.look();
    return {
      measuredAtMs: clock.nowMs(),
      parts: found.filter((part) => part !== undefined),
      ...(disk && { disk }),
    };
  }

  const handlers: HealthActor['handlers'] = {
    async health() {
      const [known, asked, parked] = await Promise.all([
        reports(),
        Promise.all(Object.entries(engines).map(ask)),
        parkedNow(),
      ]);
      const nodes = known.map(({ node }) => node);
      const behind = furthestBehind(known.flatMap(({ lags }) => lags));
      const warnings = warningsOf({ nodes, engines: asked, behind, parked });
      return { state: stateOf(warnings), warnings, engines: asked, behind, parked, nodes };
    },

    async metrics() {
      const recents = (await reports()).map(({ recent }) => recent);
      const tally = sumOf(recents.map((recent) => recent.tally));
      const perSec = recents.map(({ tally: own, spanMs }) =>
        spanMs > 0 ? (own.requests * SECOND_MS) / spanMs : 0,
      );
      return {
        now: {
          players: recents.reduce((sum, { players }) => sum + players, 0),
          requestsPerSec: Math.round(perSec.reduce((sum, each) => sum + each, 0) * 100) / 100,
          errors: tally.errors,
          spanMs: Math.max(0, ...recents.map(({ spanMs }) => spanMs)),
          ...percentilesOf(tally),
        },
        hours: await hoursUntil(clock.nowMs()),
      };
    },

    async storage() {
      const nowMs = clock.nowMs();
      if (!measured || nowMs - measured.atMs >= STORAGE_MEASURED_EVERY_MS) {
        measured = { atMs: nowMs, storage: measure() };
      }
      return measured.storage;
    },
  };

  async function hoursUntil(nowMs: number): Promise<Hour[]> {
    const lastMs = hourOf(nowMs);
    const firstMs = lastMs - (METRICS_HOURS_SHOWN - 1) * HOUR_MS;
    const days: string[] = [];
    for (let atMs = firstMs; dayOf(atMs) <= dayOf(lastMs); atMs += DAY_MS) days.push(dayOf(atMs));
    const limit = (DAY_MS / HOUR_MS) * HEALTH_NODES_PER_HOUR_MAX;
    const pages = await Promise.all(days.map((day) => hours.scan(day, { limit })));
    const written = pages.flatMap((page) => page.rows);
    // Of this process the present hour is known to the last report.
    const others = written.filter(({ ck, row }) => ck[1] !== nodeId || row.fromMs !== hourFromMs);
    const all = [...others.map(({ row }) => row), { fromMs: hourFromMs, ...hour }];
    return Array.from({ length: METRICS_HOURS_SHOWN }, (_, i) => {
      const fromMs = firstMs + i * HOUR_MS;
      const tally = sumOf(all.filter((row) => row.fromMs === fromMs));
      const { plays, streams, requests, errors } = tally;
      return { fromMs, plays, streams, requests, errors, ...percentilesOf(tally) };
    });
  }

  let timer: Timer | undefined;
  let reporting: Promise<void> = Promise.resolve();
  const tick = (): void => {
    reporting = report().catch((error: unknown) => log.warn({ err: error }, 'not reported'));
    timer = clock.after(HEALTH_REPORT_EVERY_MS, tick);
  };
  tick();

  return {
    handlers,
    report,
    async [Symbol.asyncDispose]() {
      timer?.cancel();
      await reporting;
      await count()
        .then(writeHour)
        .catch((error: unknown) => log.warn({ err: error }, 'hour not written'));
      await cache.leave(NODES, nodeId);
    },
  };
}

function percentilesOf(tally: Tally): { p50Ms?: number; p99Ms?: number } {
  const [p50Ms, p99Ms] = [percentileMs(tally, 0.5), percentileMs(tally, 0.99)];
  return p50Ms === undefined || p99Ms === undefined ? {} : { p50Ms, p99Ms };
}

/** Of each consumer the sum over its processes. */
function furthestBehind(lags: readonly ConsumerLag[]): ConsumerLag[] {
  const sums = new Map<string, ConsumerLag>();
  for (const lag of lags) {
    const key = `${lag.stream} ${lag.consumer}`;
    sums.set(key, { ...lag, records: lag.records + (sums.get(key)?.records ?? 0) });
  }
  return [...sums.values()].filter(({ records }) => records > 0).sort((a, b) => b.records - a.records);
}

function warningsOf({
  nodes,
  engines,
  behind,
  parked,
}: Pick<Health, 'nodes' | 'engines' | 'behind' | 'parked'>): Warning[] {
  const of = (code: Warning['code'], about: readonly string[]): Warning[] =>
    about.map((each) => ({ code, about: each }));
  const where = (wrong: (node: Node) => boolean) => nodes.filter(wrong).map((node) => node.nodeId);
  return [
    ...of(
      'ENGINE_AWAY',
      engines.filter(({ state }) => state === 'away').map(({ name }) => name),
    ),
    ...of(
      'FFMPEG_MISSING',
      where(({ ffmpeg }) => ffmpeg?.s === 'missing'),
    ),
    ...of(
      'DISK_LOW',
      where(({ disk }) => disk !== undefined && disk.freeBytes < HEALTH_DISK_FREE_BYTES_MIN),
    ),
    ...of(
      'MEMORY_LOW',
      where(({ memory }) => memory.freeBytes < HEALTH_MEMORY_FREE_SHARE_MIN * memory.totalBytes),
    ),
    ...of(
      'LOOP_SLOW',
      where(({ loopLagMs }) => loopLagMs > HEALTH_LOOP_LAG_MS_MAX),
    ),
    ...of(
      'CONSUMER_BEHIND',
      behind
        .filter(({ records }) => records > HEALTH_CONSUMER_LAG_RECORDS_MAX)
        .map(({ consumer }) => consumer),
    ),
    ...of('RECORDS_PARKED', parked.records > 0 ? [String(parked.records)] : []),
  ];
}

const BAD: readonly Warning['code'][] = ['ENGINE_AWAY', 'FFMPEG_MISSING', 'DISK_LOW'];

const stateOf = (warnings: readonly Warning[]): Health['state'] => {
  if (warnings.length === 0) return 'good';
  return warnings.some(({ code }) => BAD.includes(code)) ? 'bad' : 'watch';
};
