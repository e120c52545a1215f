import t from 'tap';
import { cacheSuite } from '../../test/contract-suites/cache.ts';
import { manualClock } from '../../test/contract-suites/harness.ts';
import { openCache } from './cache.ts';

cacheSuite('memory', async () => {
  const clock = manualClock();
  return {
    engine: openCache(clock),
    async advance(ms) {
      clock.advance(ms);
    },
    async [Symbol.asyncDispose]() {},
  };
});

void t.test('memory: a full cache forgets what was used least recently', async (t) => {
  const cache = openCache(manualClock(), 2);
  await cache.set('a', 1, 1000);
  await cache.set('b', 2, 1000);
  await cache.get('a');
  await cache.set('c', 3, 1000);
  t.strictSame([await cache.get('a'), await cache.get('b'), await cache.get('c')], [1, undefined, 3]);
});
