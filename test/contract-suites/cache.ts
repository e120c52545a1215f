/** What every engine of the Cache port must keep. Times leave a second's room, as real servers are waited for. */
import t, { type Test } from 'tap';
import type { Cache } from '../../kit/ports/cache.ts';
import type { OpenEngine } from './harness.ts';

export function cacheSuite(name: string, openEngine: OpenEngine<Cache>): void {
  const rule = (title: string, run: (t: Test, opened: Awaited<ReturnType<typeof openEngine>>) => unknown) => {
    void t.test(`${name}: ${title}`, async (t) => {
      await using opened = await openEngine();
      await run(t, opened);
    });
  };

  rule('a value is a copy and lasts for its time to live', async (t, { engine, advance }) => {
    const value = { list: [1] };
    await engine.set('k', value, 1000);
    value.list.push(2);
    t.strictSame(await engine.get('k'), { list: [1] });
    await engine.set('gone', 1, 1000);
    await engine.delete('gone');
    t.equal(await engine.get('gone'), undefined);
    await advance(1001);
    t.equal(await engine.get('k'), undefined);
  });

  rule(
    'a sliding window allows the limit, says when to come back, and slides',
    async (t, { engine, advance }) => {
      const take = () => engine.take('slides', 2, 3000);
      t.strictSame(await take(), { allowed: true, remaining: 1, retryAfterMs: 0 });
      await advance(1000);
      t.match(await take(), { allowed: true, remaining: 0 });
      const refused = await take();
      t.match(refused, { allowed: false, remaining: 0 });
      t.ok(refused.retryAfterMs > 0 && refused.retryAfterMs <= 2000);
      t.match(await engine.take('other', 2, 3000), { allowed: true });
      await advance(refused.retryAfterMs + 1);
      t.match(await take(), { allowed: true }, 'a refusal takes none');
      t.match(await take(), { allowed: false }, 'the second take still counts');
    },
  );

  rule('of many takes at once no more than the limit are allowed', async (t, { engine }) => {
    const counts = await Promise.all(Array.from({ length: 50 }, () => engine.take('many', 10, 60_000)));
    t.equal(counts.filter(({ allowed }) => allowed).length, 10);
  });

  rule(
    'a lower limit counts what a higher one let through, and no limit lets nothing',
    async (t, { engine }) => {
      for (let n = 0; n < 5; n++) await engine.take('lowered', 5, 60_000);
      const refused = await engine.take('lowered', 2, 60_000);
      t.match(refused, { allowed: false, remaining: 0 });
      t.ok(refused.retryAfterMs > 0 && refused.retryAfterMs <= 60_000);
      t.strictSame(await engine.take('none', 0, 500), { allowed: false, remaining: 0, retryAfterMs: 500 });
    },
  );

  rule('a member is present until it leaves or its time ends', async (t, { engine, advance }) => {
    await engine.join('room', 'a', 2000);
    await engine.join('room', 'b', 2000);
    await engine.join('room', 'c', 2000);
    await engine.leave('room', 'c');
    await engine.leave('nowhere', 'c');
    t.strictSame((await engine.members('room')).toSorted(), ['a', 'b']);
    await advance(1500);
    await engine.join('room', 'a', 2000);
    await advance(1000);
    t.strictSame(await engine.members('room'), ['a']);
    t.strictSame(await engine.members('nowhere'), []);
  });
}
