/**
 * Goal: what administrators see of the service, as SPEC.md says.
 * Method: several processes as actors over the same embedded tables and one cache, under a clock of the test.
 */
import t, { type Test } from 'tap';
import {
  HEALTH_CONSUMER_LAG_RECORDS_MAX,
  HEALTH_DISK_FREE_BYTES_MIN,
  HEALTH_LOOP_LAG_MS_MAX,
  HEALTH_REPORT_EVERY_MS,
  HEALTH_REPORT_TTL_MS,
  HOUR_MS,
  METRICS_HOURS_SHOWN,
  MINUTE_MS,
  READY_CHECK_WAIT_MS,
  SECOND_MS,
  STORAGE_MEASURED_EVERY_MS,
} from '../../config/limits.ts';
import { openCache } from '../../infra/embedded/cache.ts';
import { openLmdb } from '../../test/contract-suites/harness.ts';
import { createHealth, type HealthActor, type HealthDeps } from './actor.ts';
import type { ConsumerLag, Node } from './contract.ts';
import { NOTHING, type Tally } from './domain.ts';

const GIB = 1024 ** 3;
const looked = {
  memory: { usedBytes: GIB, freeBytes: 4 * GIB, totalBytes: 8 * GIB },
  loopLagMs: 1,
  disk: { freeBytes: 100 * GIB, totalBytes: 500 * GIB },
} satisfies Partial<Node>;

async function setUp(t: Test) {
  const lmdb = await openLmdb(Date.UTC(2026, 0, 2, 10));
  const { clock } = lmdb;
  const cache = openCache(clock);
  const running: HealthActor[] = [];
  t.teardown(async () => {
    for (const resource of [...running, lmdb]) await resource[Symbol.asyncDispose]();
  });
  return {
    clock,
    lmdb,
    async start(nodeId = 'node-a', changes: Partial<HealthDeps> & { look?: object } = {}) {
      const counted: { tally: Tally; lags: ConsumerLag[] } = { tally: NOTHING, lags: [] };
      const health = await createHealth({
        ...lmdb,
        cache,
        meter: { tally: async () => counted.tally, lags: async () => counted.lags },
        machine: {
          fixed: { nodeId, roles: ['gateway'], version: '1', nodeVersion: 'v24', startedAtMs: 0 },
          look: async () => ({ ...looked, ...changes.look }),
        },
        engines: {},
        storage: {},
        ...changes,
      });
      running.push(health);
      await health.report();
      return {
        ...health.handlers,
        report: health.report,
        counted,
        stop: () => health[Symbol.asyncDispose](),
      };
    },
  };
}

const tally = (changes: Partial<Tally>): Tally => ({ ...NOTHING, ...changes });
const buckets = (...counts: number[]) => NOTHING.durations.map((_, i) => counts[i] ?? 0);

t.test('H1, H2: whoever is asked shows every process, until it has been silent for too long', async (t) => {
  const w = await setUp(t);
  const [a, b] = [await w.start('node-a'), await w.start('node-b')];
  const shown = async () => (await a.health({})).nodes.map(({ nodeId }) => nodeId);
  t.same(await shown(), ['node-a', 'node-b']);
  t.match((await a.health({})).nodes[1], { ...looked, seenAtMs: w.clock.nowMs(), version: '1' });
  await b.stop();
  t.same(await shown(), ['node-a'], 'one that stops takes its leave');
  w.clock.advance(HEALTH_REPORT_TTL_MS + 1);
  await a.report();
  t.same(await shown(), ['node-a'], 'one that reports stays');
});

t.test('H1: a process reports by itself', async (t) => {
  const w = await setUp(t);
  const a = await w.start();
  const seenAtMs = async () => (await a.health({})).nodes[0]?.seenAtMs;
  const startedAtMs = w.clock.nowMs();
  for (const beat of [1, 2]) {
    w.clock.advance(HEALTH_REPORT_EVERY_MS);
    const dueAtMs = startedAtMs + beat * HEALTH_REPORT_EVERY_MS;
    while ((await seenAtMs()) !== dueAtMs) await new Promise((resolve) => setImmediate(resolve));
    t.pass(`beat ${beat}`);
  }
});

t.test('H3: an engine that fails or hangs is away, and the others are shown', async (t) => {
  const w = await setUp(t);
  const a = await w.start('node-a', {
    engines: {
      tables: async () => 1,
      journal: () => Promise.reject(new Error('no quorum')),
      objects: () => new Promise(() => {}),
    },
  });
  const asking = a.health({});
  await new Promise((resolve) => setImmediate(resolve));
  w.clock.advance(READY_CHECK_WAIT_MS);
  const { state, engines, warnings } = await asking;
  t.match(engines, [
    { name: 'tables', state: 'good' },
    { name: 'journal', state: 'away', why: 'no quorum' },
    { name: 'objects', state: 'away', why: 'No answer in time.' },
  ]);
  t.equal(state, 'bad');
  t.same(warnings, [
    { code: 'ENGINE_AWAY', about: 'journal' },
    { code: 'ENGINE_AWAY', about: 'objects' },
  ]);
});

t.test('H4: each thing that needs a person is told, and nothing else', async (t) => {
  const w = await setUp(t);
  const good = await w.start('good', { look: { ffmpeg: { s: 'found', path: '/f', version: '5' } } });
  t.match(await good.health({}), { state: 'good', warnings: [] });
  const cases = [
    [{ ffmpeg: { s: 'missing', why: 'none' } }, 'FFMPEG_MISSING', 'bad'],
    [{ disk: { freeBytes: HEALTH_DISK_FREE_BYTES_MIN - 1, totalBytes: GIB } }, 'DISK_LOW', 'bad'],
    [{ memory: { usedBytes: 1, freeBytes: 1, totalBytes: GIB } }, 'MEMORY_LOW', 'watch'],
    [{ loopLagMs: HEALTH_LOOP_LAG_MS_MAX + 1 }, 'LOOP_SLOW', 'watch'],
  ] as const;
  for (const [look, code, state] of cases) {
    const ill = await w.start('ill', { look });
    t.match(await good.health({}), { state, warnings: [{ code, about: 'ill' }] }, code);
    await ill.stop();
  }
  good.counted.lags = [
    { stream: 's', consumer: 'slow', records: HEALTH_CONSUMER_LAG_RECORDS_MAX },
    { stream: 's', consumer: 'idle', records: 0 },
  ];
  await good.report();
  t.match(await good.health({}), { state: 'good', behind: [{ consumer: 'slow' }] }, 'not yet');
  const other = await w.start('other');
  other.counted.lags = [{ stream: 's', consumer: 'slow', records: 1 }];
  await other.report();
  t.match(await good.health({}), { state: 'watch', warnings: [{ code: 'CONSUMER_BEHIND', about: 'slow' }] });
});

t.test('H4: parked records are counted', async (t) => {
  const w = await setUp(t);
  const record = {
    stream: 's',
    consumer: 'c',
    subject: 's.1',
    seq: 1,
    atMs: 0,
    parkedAtMs: 0,
    error: 'e',
    data: 1,
  };
  const a = await w.start('node-a', { journal: { parked: async () => [record, record] } });
  t.match(await a.health({}), {
    state: 'watch',
    parked: { records: 2, more: false },
    warnings: [{ code: 'RECORDS_PARKED', about: '2' }],
  });
});

t.test('H5, H7: what is counted stands in its hour, added up over processes', async (t) => {
  const w = await setUp(t);
  const [a, b] = [await w.start('node-a'), await w.start('node-b')];
  a.counted.tally = tally({ plays: 2, streams: 1, requests: 100, errors: 1, durations: buckets(99, 0, 1) });
  b.counted.tally = tally({ plays: 1, requests: 100, durations: buckets(100) });
  w.clock.advance(MINUTE_MS);
  await Promise.all([a.report(), b.report()]);
  const { hours, now } = await a.metrics({});
  t.equal(hours.length, METRICS_HOURS_SHOWN);
  const last = { fromMs: Date.UTC(2026, 0, 2, 10), plays: 3, streams: 1, requests: 200, errors: 1 };
  t.match(hours.at(-1), last);
  t.equal(hours.at(-1)?.p99Ms, 2 * (198 / 199), 'within the first bucket, up to 2 ms');
  t.same(hours[0], { fromMs: last.fromMs - 47 * HOUR_MS, plays: 0, streams: 0, requests: 0, errors: 0 });
  t.match(now, { errors: 1, requestsPerSec: 3.33, p50Ms: 2 * (100 / 199) });

  w.clock.advance(HOUR_MS);
  a.counted.tally = tally({ ...a.counted.tally, plays: 5 });
  await a.report();
  await a.report();
  t.match((await b.metrics({})).hours.slice(-2), [{ plays: 6 }, { plays: 0 }]);
});

t.test('H5: a restart within the hour goes on counting in it', async (t) => {
  const w = await setUp(t);
  const before = await w.start();
  before.counted.tally = tally({ plays: 4 });
  w.clock.advance(SECOND_MS);
  await before.stop();
  const after = await w.start();
  after.counted.tally = tally({ plays: 3 });
  await after.report();
  t.equal((await after.metrics({})).hours.at(-1)?.plays, 7);
});

t.test('H6: players are known from their reports of the last minute', async (t) => {
  const w = await setUp(t);
  const a = await w.start();
  for (let i = 1; i <= 12; i++) {
    w.clock.advance(HEALTH_REPORT_EVERY_MS);
    // Three that play, of whom two have stopped a minute ago.
    a.counted.tally = tally({ progress: Math.min(i, 6) * 3 + Math.max(0, i - 6) });
    await a.report();
  }
  t.equal((await a.metrics({})).now.players, 1);
});

t.test('H8: storage is measured once for all who look, and again after a while', async (t) => {
  const w = await setUp(t);
  let asked = 0;
  const a = await w.start('node-a', {
    storage: {
      packages: async () => ({ bytes: ++asked, items: 1, evictable: { bytes: 1, budgetBytes: 10 } }),
      covers: () => Promise.reject(new Error('no right')),
      backups: async () => undefined,
    },
  });
  const [first] = await Promise.all([a.storage({}), a.storage({})]);
  t.same(first?.parts, [
    { part: 'packages', bytes: 1, items: 1, evictable: { bytes: 1, budgetBytes: 10 } },
    { part: 'covers' },
  ]);
  t.match(first?.disk, looked.disk);
  w.clock.advance(STORAGE_MEASURED_EVERY_MS);
  t.match((await a.storage({})).parts[0], { bytes: 2 });
});
