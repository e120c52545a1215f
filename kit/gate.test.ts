import t from 'tap';
import { createGate } from './gate.ts';

const gateOf = (atOnceMax: number, waitingMax: number) =>
  createGate({ atOnceMax, waitingMax, busy: () => new Error('BUSY') });

t.test('so many run at once; the others follow in the order of arrival', async (t) => {
  const gate = gateOf(2, 10);
  const begun: number[] = [];
  const ends = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
  const works = ends.map(({ promise }, i) =>
    gate(async () => {
      begun.push(i);
      await promise;
    }),
  );
  t.same(begun, [0, 1]);
  ends[1]?.resolve();
  await works[1];
  t.same(begun, [0, 1, 2]);
  for (const { resolve } of ends) resolve();
  await Promise.all(works);
  t.same(begun, [0, 1, 2, 3]);
});

t.test('who finds the line full is refused, and a failure gives its place on', async (t) => {
  const gate = gateOf(1, 1);
  const end = Promise.withResolvers<void>();
  const first = gate(() => end.promise);
  const second = gate(async () => 'second');
  await t.rejects(
    gate(async () => 'third'),
    { message: 'BUSY' },
  );
  end.reject(new Error('failed'));
  await t.rejects(first, { message: 'failed' });
  t.equal(await second, 'second');
  t.equal(await gate(async () => 'later'), 'later');
});
