// Goal: a bucketed list reads as one list. Method: random keys against a sorted array, at every page size.
import fc from 'fast-check';
import t from 'tap';
import { openEngines, rowsOf } from '../test/doubles/engines.ts';
import { bucketedList, type ListKey, newestFirst } from './bucketed-list.ts';
import { type Tables, table } from './ports/tables.ts';

const open = (tables: Tables) =>
  bucketedList<number>({
    rows: tables.open(
      table<[string, string], number>({
        name: 'rows',
        partition: 'p',
        clustering: [
          ['sort', 'text'],
          ['id', 'text'],
        ],
      }),
    ),
    buckets: tables.open(
      table<[string], Record<string, never>>({
        name: 'buckets',
        partition: 'p',
        clustering: [['bucket', 'text']],
      }),
    ),
  });

const textOf = ({ bucket, sort, id }: ListKey): string => `${bucket} ${sort} ${id}`;

t.test('pages joined are the whole list in order, whatever their size', async (t) => {
  const letter = fc.constantFrom('a', 'b', 'c', 'd');
  const key = fc.record({ bucket: letter, sort: letter, id: letter });
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(key, { selector: textOf, maxLength: 30 }),
      fc.integer({ min: 1, max: 8 }),
      async (keys, limit) => {
        await using engines = await openEngines();
        const list = open(engines.tables);
        for (const [i, at] of keys.entries()) await list.put('mine', at, i);
        await list.put('other', { bucket: 'a', sort: 'a', id: 'a' }, -1);
        const got: string[] = [];
        let cursor: string | undefined;
        let pages = 0;
        do {
          const page = await list.page('mine', { limit, ...(cursor && { cursor }) });
          for (const { key: at, row } of page.items) {
            t.same(keys[row], at);
            got.push(textOf(at));
          }
          cursor = page.nextCursor;
          pages += 1;
        } while (cursor);
        t.same(got, keys.map(textOf).sort());
        t.equal(pages, Math.max(1, Math.ceil(keys.length / limit)), 'no empty last page');
      },
    ),
    { numRuns: 60 },
  );
});

t.test('a page goes on after its cursor even when that row has gone', async (t) => {
  await using engines = await openEngines();
  const list = open(engines.tables);
  const at = (sort: string): ListKey => ({ bucket: 'b', sort, id: 'x' });
  for (const sort of ['1', '2', '3', '4']) await list.put('mine', at(sort), Number(sort));
  const { nextCursor = '' } = await list.page('mine', { limit: 2 });
  await list.delete('mine', at('2'));
  const rest = await list.page('mine', { limit: 2, cursor: nextCursor });
  t.same(
    rest.items.map(({ row }) => row),
    [3, 4],
  );
  t.equal(rest.nextCursor, undefined);
});

t.test('an erased list is empty, leaves no rows and can be filled again', async (t) => {
  await using engines = await openEngines();
  const list = open(engines.tables);
  for (const bucket of ['a', 'b', 'c']) await list.put('mine', { bucket, sort: 's', id: 'x' }, 1);
  await list.erase('mine');
  t.same(await list.page('mine', { limit: 5 }), { items: [] });
  t.same([...rowsOf(engines, 'rows'), ...rowsOf(engines, 'buckets')], []);
  await list.put('mine', { bucket: 'a', sort: 's', id: 'x' }, 2);
  t.equal((await list.page('mine', { limit: 5 })).items.length, 1);
});

t.test('cursors that no page gave are refused', async (t) => {
  await using engines = await openEngines();
  const list = open(engines.tables);
  for (const cursor of [
    '',
    'x',
    Buffer.from('[1,2,3]').toString('base64url'),
    Buffer.from('{}').toString('base64url'),
  ]) {
    await t.rejects(list.page('mine', { limit: 1, cursor }), { code: 'BAD_CURSOR' });
  }
});

t.test('newestFirst sorts a later time before an earlier one', async (t) => {
  const times = [0, 1, 999, 1000, 1_700_000_000_000];
  t.same(times.map(newestFirst).sort(), times.toReversed().map(newestFirst));
});
