import t from 'tap';
import { UnavailableError } from '../../kit/errors.ts';
import { LoadingLru } from './loading-lru.ts';

const lru = (weightMax = 10, loadsMax = 10) =>
  new LoadingLru<string>({ weightMax, weightOf: (value) => value.length, loadsMax });

t.test('never holds more than its bound, and drops what was used longest ago', async (t) => {
  const cache = lru(10);
  const loads: string[] = [];
  const get = async (key: string) =>
    cache.get(key, async () => {
      loads.push(key);
      return 'xxxx';
    });
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) {
    await get(key);
    t.ok(cache.weight <= 10, `${cache.weight}`);
  }
  t.same(loads, ['a', 'b', 'c', 'b'], 'b went when c came, since a had been used after it');
});

t.test('a value above the bound is given and not kept', async (t) => {
  const cache = lru(3);
  t.equal(await cache.get('a', async () => 'xxxx'), 'xxxx');
  t.equal(cache.weight, 0);
});

t.test('many who miss at once make one read', async (t) => {
  const cache = lru();
  let reads = 0;
  const read = async () => `value ${++reads}`;
  const values = await Promise.all([1, 2, 3].map(() => cache.get('a', read)));
  t.same(values, ['value 1', 'value 1', 'value 1']);
});

t.test('a failed read is told to all who wait, and tried again by the next', async (t) => {
  const cache = lru();
  const fail = async () => Promise.reject(new Error('disk'));
  await t.rejects(Promise.all([cache.get('a', fail), cache.get('a', fail)]), { message: 'disk' });
  t.equal(await cache.get('a', async () => 'well'), 'well');
});

t.test('more reads at once than the bound are refused', async (t) => {
  const cache = lru(10, 1);
  let finish = (_value: string): void => {};
  const first = cache.get('a', () => new Promise((resolve) => (finish = resolve)));
  t.throws(() => cache.get('b', async () => 'b'), UnavailableError);
  finish('a');
  t.equal(await first, 'a');
  t.equal(await cache.get('b', async () => 'b'), 'b');
});
