import t from 'tap';
import { recordRequest } from '../../kit/access-log.ts';
import { registry } from '../../kit/metrics.ts';
import { differenceOf, NOTHING, percentileMs, playersOf, sumOf } from './domain.ts';
import { readTally } from './meter.ts';

const withDurations = (...durations: number[]) => ({ ...NOTHING, durations });

t.test('H7: a percentile lies within its bucket; beyond the last bound it is that bound', (t) => {
  const few = NOTHING.durations.with(3, 10);
  t.equal(percentileMs(withDurations(...few), 0.5), 17.5, 'half way from 10 to 25');
  t.equal(percentileMs(withDurations(...NOTHING.durations.with(11, 1)), 0.99), 5000);
  t.equal(percentileMs(NOTHING, 0.99), undefined);
  t.end();
});

t.test('H6: nobody plays before any time has passed', (t) => {
  t.equal(playersOf(6, 60_000), 1);
  t.equal(playersOf(6, 0), 0);
  t.end();
});

t.test('sums and differences undo each other', (t) => {
  const one = {
    plays: 1,
    streams: 2,
    requests: 3,
    errors: 4,
    progress: 5,
    durations: [...NOTHING.durations.keys()],
  };
  t.same(differenceOf(sumOf([one, one]), one), one);
  t.end();
});

t.test('the meter reads requests to the API as they were counted, and nothing of media', async (t) => {
  const before = await readTally();
  const request = (route: string, status: number, durationMs: number) =>
    recordRequest({ requestId: 'r', method: 'GET', route, status, durationMs }, { quiet: true });
  request('/api/me', 200, 1);
  request('/api/me', 503, 7000);
  request('/m/segment', 500, 1);
  const counted = differenceOf(await readTally(), before);
  t.match(counted, { requests: 2, errors: 1, plays: 0 });
  t.same(counted.durations, NOTHING.durations.with(0, 1).with(-1, 1));
  t.ok(registry.getSingleMetric('antiphon_http_requests_total'));
});
