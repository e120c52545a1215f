/**
 * Goal: the figures of the warming benchmark are those of one day, told twice, and warming helps.
 * Method: a small day; listeners ask for the same with and without warming.
 */
import t from 'tap';
import { REASONS } from '../../media/warming/contract.ts';
import { type LoadOptions, runLoad } from './edge-load.ts';

const SMALL: LoadOptions = {
  seed: 7,
  songs: 20_000,
  zipf: 1,
  sessionsPerHour: 200,
  hours: 8,
  unmeasuredHours: 3,
  cacheShare: 0.03,
  bytesPerMin: 64 * 1024 ** 2,
};

t.test('a seed is a day: the same again, whatever the caches hold', async (t) => {
  const without = runLoad(SMALL);
  const warm = runLoad({ ...SMALL, warming: REASONS });
  t.same(runLoad({ ...SMALL, warming: REASONS }), warm);
  t.same([warm.plays, warm.listenerBytes], [without.plays, without.listenerBytes], 'the same is asked for');
  t.not(runLoad({ ...SMALL, seed: 8 }).plays, without.plays);
});

t.test('warming spares starts, and what it fetches is counted as origin load', async (t) => {
  const without = runLoad(SMALL);
  const warm = runLoad({ ...SMALL, warming: REASONS });
  t.ok(warm.startMisses < without.startMisses * 0.8);
  t.ok(warm.warmingBytes > 0);
  t.ok(warm.missedBytes + warm.warmingBytes < (without.missedBytes + without.warmingBytes) * 1.1);
  t.equal(without.warmingBytes, 0);
  const idle = runLoad({ ...SMALL, warming: REASONS, bytesPerMin: 0 });
  t.same([idle.startMisses, idle.warmingBytes], [without.startMisses, 0], 'without a budget nothing changes');
});
