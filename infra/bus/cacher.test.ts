/** Goal: equal calls share an answer for as long as its contract says, and no cache can fail one. */
import { ServiceBroker } from 'moleculer';
import t, { type Test } from 'tap';
import { Type } from 'typebox';
import { defineContract, object, query } from '../../kit/contract.ts';
import type { Cache } from '../../kit/ports/cache.ts';
import { serviceOf } from '../../kit/service.ts';
import { manualClock } from '../../test/contract-suites/harness.ts';
import { openCache } from '../embedded/cache.ts';
import { brokerOptions } from './broker-options.ts';
import { answerKey, PortCacher } from './cacher.ts';

const params = object({ q: Type.String(), limit: Type.Optional(Type.Integer()) });
const result = object({ q: Type.String(), n: Type.Integer() });
const contract = defineContract({
  name: 'finder',
  actions: {
    kept: query('Kept', { params, result, cachedMs: 3000 }),
    fresh: query('Not kept', { params, result }),
  },
});

async function brokerFor(t: Test, cache: Cache) {
  let answers = 0;
  const answer = async ({ q }: { q: string }) => {
    if (q === 'bad') throw new Error('bad question');
    return { q, n: ++answers };
  };
  const broker = new ServiceBroker({
    ...brokerOptions({ nodeId: 'one', namespace: 'test' }),
    cacher: new PortCacher(cache),
  });
  broker.createService(serviceOf(contract, { kept: answer, fresh: answer }));
  await broker.start();
  t.teardown(() => broker.stop());
  return {
    kept: (asked: object) => broker.call<{ n: number }, object>('finder.kept', asked),
    fresh: (asked: object) => broker.call<{ n: number }, object>('finder.fresh', asked),
    answers: () => answers,
  };
}

void t.test('an answer is kept for its time, by all parameters, where the contract says so', async (t) => {
  const clock = manualClock();
  const finder = await brokerFor(t, openCache(clock));
  t.strictSame(await finder.kept({ q: 'a', limit: 1 }), { q: 'a', n: 1 });
  t.strictSame(await finder.kept({ limit: 1, q: 'a' }), { q: 'a', n: 1 }, 'their order says nothing');
  t.match(await finder.kept({ q: 'a', limit: 2 }), { n: 2 });
  t.match(await finder.kept({ q: 'b', limit: 1 }), { n: 3 });
  clock.advance(3001);
  t.match(await finder.kept({ q: 'a', limit: 1 }), { n: 4 });
  t.match([await finder.fresh({ q: 'a' }), await finder.fresh({ q: 'a' })], [{ n: 5 }, { n: 6 }]);
});

void t.test('who asks the same at the same time shares one answer, and owns a copy of it', async (t) => {
  const finder = await brokerFor(t, openCache(manualClock()));
  const all = await Promise.all(Array.from({ length: 20 }, () => finder.kept({ q: 'a' })));
  t.equal(finder.answers(), 1);
  t.equal(new Set(all).size, 20);
});

void t.test("an error is nobody else's answer", async (t) => {
  const finder = await brokerFor(t, openCache(manualClock()));
  await t.rejects(finder.kept({ q: 'bad' }), { message: 'bad question' });
  await t.rejects(finder.kept({ q: 'bad' }), { message: 'bad question' });
  await t.rejects(finder.kept({ wrong: 1 }), { code: 'INVALID_PARAMS' });
});

void t.test('a broken cache fails no call', async (t) => {
  const down = () => Promise.reject(new Error('down'));
  const finder = await brokerFor(t, { ...openCache(manualClock()), get: down, set: down });
  t.match([await finder.kept({ q: 'a' }), await finder.kept({ q: 'a' })], [{ n: 1 }, { n: 2 }]);
});

void t.test('parameters cannot be made to pass for others', (t) => {
  t.not(answerKey('x', { a: '1"|b|"2' }), answerKey('x', { a: '1', b: '2' }));
  t.not(answerKey('x', { a: '1' }), answerKey('x', { a: 1 }));
  t.end();
});
