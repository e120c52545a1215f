// Goal: shared runs never answer with what was before the call. Method: runs that end when the test says so.
import t from 'tap';
import { coalesce } from './coalesce.ts';

function manual() {
  const ends: PromiseWithResolvers<number>[] = [];
  const run = coalesce(() => {
    const end = Promise.withResolvers<number>();
    ends.push(end);
    return end.promise;
  });
  return { ends, run };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

t.test('callers during a run share the one run that follows', async (t) => {
  const { ends, run } = manual();
  const first = run('k');
  const later = [run('k'), run('k'), run('k')];
  t.equal(ends.length, 1);
  ends[0]?.resolve(1);
  t.equal(await first, 1);
  await turn();
  t.equal(ends.length, 2);
  const third = run('k');
  ends[1]?.resolve(2);
  t.same(await Promise.all(later), [2, 2, 2]);
  await turn();
  ends[2]?.resolve(3);
  t.equal(await third, 3);
});

t.test('a run that fails fails its own callers only', async (t) => {
  const { ends, run } = manual();
  const first = run('k');
  const second = run('k');
  ends[0]?.reject(new Error('no'));
  await t.rejects(first, /no/);
  await turn();
  ends[1]?.resolve(2);
  t.equal(await second, 2);
});

t.test('keys do not wait for each other, and an idle key starts at once', async (t) => {
  const { ends, run } = manual();
  const [a, b] = [run('a'), run('b')];
  t.equal(ends.length, 2);
  ends[1]?.resolve(2);
  t.equal(await b, 2);
  ends[0]?.resolve(1);
  t.equal(await a, 1);
  const again = run('a');
  t.equal(ends.length, 3);
  ends[2]?.resolve(3);
  t.equal(await again, 3);
});
