/** Goal: a seed stands for one schedule, in which each fault is over before the next begins. */
import fc from 'fast-check';
import t from 'tap';
import { FAULT_KINDS, kindsOf, planOf, scenarioOf } from './plan.ts';

t.test('the same seed gives the same schedule, another one another', async (t) => {
  t.same(planOf(7, 5, FAULT_KINDS), planOf(7, 5, FAULT_KINDS));
  t.notSame(planOf(7, 5, FAULT_KINDS), planOf(8, 5, FAULT_KINDS));
});

t.test('each fault is healed before the next one, the last one before the end', async (t) => {
  const isHealed = fc.property(fc.nat(), fc.integer({ min: 1, max: 60 }), (seed, minutes) => {
    const { faults, durationMs } = planOf(seed, minutes, FAULT_KINDS);
    const ends = [...faults.slice(1).map(({ atMs }) => atMs), durationMs];
    return faults.every(({ atMs, healAfterMs }, i) => atMs + healAfterMs < (ends[i] as number));
  });
  t.equal(fc.check(isHealed).counterexample, null);
});

t.test('each kind comes before one comes again', async (t) => {
  const kinds = planOf(3, 30, FAULT_KINDS).faults.map(({ kind }) => kind);
  t.ok(kinds.length > 2 * FAULT_KINDS.length);
  t.same(kinds.slice(0, FAULT_KINDS.length).sort(), [...FAULT_KINDS].sort());
});

t.test('a scenario is one fault of each kind, in the order asked for', async (t) => {
  const { faults } = scenarioOf(1, ['redis-kill', 'actor-kill']);
  t.same(
    faults.map(({ kind }) => kind),
    ['redis-kill', 'actor-kill'],
  );
});

t.test('faults are named whole, by part or by way', async (t) => {
  t.same(kindsOf(['redis']), ['redis-kill', 'redis-stop']);
  t.same(kindsOf(['partition', 'actor-kill']), ['actor-kill', 'actor-partition', 'leader-partition']);
  t.throws(() => kindsOf(['flood']), /no fault is called flood/);
});
