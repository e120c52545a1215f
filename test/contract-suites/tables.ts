/** What every engine of the Tables port must keep. */
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { TABLE_ROW_BYTES_MAX } from '../../config/limits.ts';
import { type ClusteringKey, type Table, type Tables, table } from '../../kit/ports/tables.ts';
import type { OpenEngine } from './harness.ts';

interface Row {
  readonly n: number;
}

const mixed = table<readonly [string, number], Row>({
  name: 'suite_mixed',
  partition: 'owner',
  clustering: [
    ['kind', 'text'],
    ['at_ms', 'number'],
  ],
});
const single = table<readonly [], Row>({ name: 'suite_single', partition: 'id', clustering: [] });
const byText = table<readonly [string], Row>({
  name: 'suite_text',
  partition: 'id',
  clustering: [['k', 'text']],
});
const byNumber = table<readonly [number], Row>({
  name: 'suite_number',
  partition: 'id',
  clustering: [['k', 'number']],
});

const claims = table<readonly [], Row>({
  name: 'suite_claims',
  partition: 'id',
  clustering: [],
  conditional: true,
});
const claimsByNumber = table<readonly [number], Row>({
  name: 'suite_claims_number',
  partition: 'id',
  clustering: [['k', 'number']],
  conditional: true,
});

/** For engines whose tables must be there before they are opened. */
export const suiteTables = [mixed, single, byText, byNumber, claims, claimsByNumber] as const;

async function allPages<CK extends ClusteringKey>(
  rows: Table<CK, Row>,
  options: Omit<Parameters<Table<CK, Row>['scan']>[1], 'limit' | 'cursor'>,
  limit: number,
): Promise<{ ns: number[]; pages: number }> {
  const ns: number[] = [];
  let pages = 0;
  let cursor: string | undefined;
  do {
    const page = await rows.scan('p', { ...options, limit, ...(cursor === undefined ? {} : { cursor }) });
    ns.push(...page.rows.map(({ row }) => row.n));
    cursor = page.cursor;
    pages++;
  } while (cursor !== undefined);
  return { ns, pages };
}

export function tablesSuite(name: string, openEngine: OpenEngine<Tables>): void {
  const rule = (title: string, run: (t: Test, opened: Awaited<ReturnType<typeof openEngine>>) => unknown) => {
    void t.test(`${name}: ${title}`, async (t) => {
      await using opened = await openEngine();
      await run(t, opened);
    });
  };

  rule('a row is put, read, replaced and deleted', async (t, { engine }) => {
    const rows = engine.open(single);
    t.equal(await rows.get('a', []), undefined);
    await rows.put('a', [], { n: 1 });
    await rows.put('a', [], { n: 2 });
    t.strictSame(await rows.get('a', []), { n: 2 });
    t.strictSame(
      await rows.getMany([
        ['b', []],
        ['a', []],
      ]),
      [undefined, { n: 2 }],
    );
    await rows.delete('a', []);
    await rows.delete('a', []);
    t.equal(await rows.get('a', []), undefined);
  });

  rule('partitions and tables do not mix', async (t, { engine }) => {
    const rows = engine.open(byText);
    await rows.put('p', ['k'], { n: 1 });
    await rows.put('p2', ['k'], { n: 2 });
    await rows.put('p\u0000', ['k'], { n: 3 });
    t.strictSame((await rows.scan('p', { limit: 10 })).rows, [{ ck: ['k'], row: { n: 1 } }]);
    t.equal(await engine.open(single).get('p', []), undefined);
  });

  rule('ranges take prefixes, either way, from inclusive and to exclusive', async (t, { engine }) => {
    const rows = engine.open(mixed);
    const keys: [string, number][] = [
      ['a', -1],
      ['a', 2],
      ['a', 10],
      ['b', 0],
      ['ba', 5],
      ['c', 7],
    ];
    for (const [n, ck] of [...keys.entries()].reverse()) await rows.put('p', ck, { n });
    for (const limit of [1, 2, 4, 100]) {
      const ns = async (options: Parameters<typeof allPages<readonly [string, number]>>[1]) =>
        (await allPages(rows, options, limit)).ns;
      t.strictSame(await ns({}), [0, 1, 2, 3, 4, 5]);
      t.strictSame(await ns({ desc: true }), [5, 4, 3, 2, 1, 0]);
      t.strictSame(await ns({ from: ['a', 2], to: ['b', 0] }), [1, 2]);
      t.strictSame(await ns({ from: ['b'], to: ['c'] }), [3, 4]);
      t.strictSame(await ns({ from: ['b'], to: ['c'], desc: true }), [4, 3]);
      t.strictSame(await ns({ from: ['a', 2], to: ['b', 0], desc: true }), [2, 1]);
      t.strictSame(await ns({ to: ['b'] }), [0, 1, 2]);
      t.strictSame(await ns({ from: ['c'], to: ['a'] }), []);
      t.strictSame(await ns({ from: ['c'], to: ['a'], desc: true }), []);
    }
  });

  rule('text orders by UTF-8 bytes and numbers by value', async (t, { engine }) => {
    const texts = engine.open(byText);
    const numbers = engine.open(byNumber);
    const key = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 6 }),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    const number = fc.oneof(
      fc.integer(),
      fc.maxSafeInteger(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(key, { maxLength: 12 }),
        fc.uniqueArray(number, { maxLength: 12 }),
        async (ks, ns) => {
          const pk = `run${run++}`;
          const numbersGiven = [...new Set(ns.map((n) => n + 0))];
          await Promise.all([
            ...ks.map((k) => texts.put(pk, [k], { n: 0 })),
            ...numbersGiven.map((n) => numbers.put(pk, [n], { n: 0 })),
          ]);
          const textOrder = (await texts.scan(pk, { limit: 20 })).rows.map(({ ck }) => ck[0]);
          const numberOrder = (await numbers.scan(pk, { limit: 20 })).rows.map(({ ck }) => ck[0]);
          t.same(
            textOrder,
            ks.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
          );
          t.same(
            numberOrder,
            numbersGiven.toSorted((a, b) => a - b),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  rule('a page token outlives the row it names; a made-up one is refused', async (t, { engine }) => {
    const rows = engine.open(byNumber);
    for (let n = 0; n < 5; n++) await rows.put('p', [n], { n });
    const { cursor } = await rows.scan('p', { limit: 2 });
    await rows.delete('p', [1]);
    t.strictSame(
      (await rows.scan('p', { limit: 10, cursor: cursor ?? '' })).rows.map(({ row }) => row.n),
      [2, 3, 4],
    );
    t.equal((await allPages(rows, {}, 4)).pages, 1);
    const forged = Buffer.from('["text"]').toString('base64url');
    for (const bad of ['', 'x', '!!', forged, 'A'.repeat(5000)]) {
      await t.rejects(rows.scan('p', { limit: 1, cursor: bad }), { code: 'BAD_CURSOR' });
    }
  });

  rule('of many inserts of one key exactly one is applied', async (t, { engine }) => {
    const rows = engine.open(claims);
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) => rows.insertIfAbsent('a', [], { n })),
    );
    t.equal(results.filter(({ s }) => s === 'applied').length, 1);
    const winner = results.findIndex(({ s }) => s === 'applied');
    t.strictSame(await rows.getVersioned('a', []), { row: { n: winner }, version: 1 });
    const current = { row: { n: winner }, version: 1 };
    t.strictSame(await rows.insertIfAbsent('a', [], { n: 99 }), { s: 'rejected', current });
  });

  rule('compare-and-set applies to the expected version only', async (t, { engine }) => {
    const rows = engine.open(claims);
    t.strictSame(await rows.compareAndSet('a', [], 1, { n: 1 }), { s: 'rejected' });
    await rows.insertIfAbsent('a', [], { n: 1 });
    t.strictSame(await rows.compareAndSet('a', [], 1, { n: 2 }), { s: 'applied', version: 2 });
    const current = { row: { n: 2 }, version: 2 };
    t.strictSame(await rows.compareAndSet('a', [], 1, { n: 3 }), { s: 'rejected', current });
    t.strictSame(await rows.getVersioned('a', []), current);
    const raced = await Promise.all(
      Array.from({ length: 10 }, (_, n) => rows.compareAndSet('a', [], 2, { n })),
    );
    t.equal(raced.filter(({ s }) => s === 'applied').length, 1);
  });

  rule('a row with a time to live is absent from then on', async (t, { engine, advance }) => {
    const rows = engine.open(byNumber);
    const claimed = engine.open(claimsByNumber);
    const ttlSec = 5;
    await rows.put('p', [1], { n: 1 }, { ttlSec });
    await rows.put('p', [2], { n: 2 });
    await rows.batch('p', [{ put: { n: 3 }, ck: [3], ttlSec }]);
    for (const n of [1, 2, 3]) await claimed.insertIfAbsent('p', [n], { n }, { ttlSec });
    t.equal((await claimed.compareAndSet('p', [2], 1, { n: 22 })).s, 'applied');
    t.equal((await rows.scan('p', { limit: 10 })).rows.length, 3);
    t.equal((await claimed.scan('p', { limit: 10 })).rows.length, 3);
    await advance(ttlSec * 1000 + 1);
    t.equal(await rows.get('p', [1]), undefined);
    t.strictSame((await allPages(rows, {}, 10)).ns, [2]);
    t.strictSame((await allPages(claimed, {}, 10)).ns, [22], 'compare-and-set makes a row permanent');
    t.strictSame(await claimed.insertIfAbsent('p', [3], { n: 33 }), { s: 'applied', version: 1 });
    t.equal((await claimed.compareAndSet('p', [1], 1, { n: 11 })).s, 'rejected');
    await advance(ttlSec * 1000 + 1);
    t.strictSame(await claimed.get('p', [3]), { n: 33 }, 'nothing of an earlier time to live is left');
  });

  rule('a batch is applied whole or not at all', async (t, { engine }) => {
    const rows = engine.open(byNumber);
    await rows.put('p', [1], { n: 1 });
    await rows.batch('p', [{ put: { n: 2 }, ck: [2] }, { delete: [1] }, { put: { n: 3 }, ck: [3] }]);
    t.strictSame((await allPages(rows, {}, 10)).ns, [2, 3]);
    await t.rejects(rows.batch('p', [{ delete: [2] }, { put: { n: 9 }, ck: ['nine' as never] }]), {
      name: 'BadRequestError',
    });
    t.strictSame((await allPages(rows, {}, 10)).ns, [2, 3]);
  });

  rule('of several writes to one key in a batch the last one holds', async (t, { engine }) => {
    const rows = engine.open(byNumber);
    await rows.batch('p', [
      { put: { n: 9 }, ck: [1] },
      { put: { n: 1 }, ck: [1] },
      { delete: [2] },
      { put: { n: 2 }, ck: [2] },
      { put: { n: 3 }, ck: [3] },
      { delete: [3] },
    ]);
    t.strictSame((await allPages(rows, {}, 10)).ns, [1, 2]);
    await rows.batch('p', []);
  });

  rule('a conditional row that was deleted is free again', async (t, { engine }) => {
    const rows = engine.open(claimsByNumber);
    for (let round = 1; round <= 3; round++) {
      for (const n of [1, 2, 3]) {
        t.strictSame(await rows.insertIfAbsent('p', [n], { n: round }), { s: 'applied', version: 1 });
      }
      t.strictSame(await rows.compareAndSet('p', [1], 1, { n: 0 }), { s: 'applied', version: 2 });
      await rows.delete('p', [1]);
      await rows.batch('p', [{ delete: [1] }, { delete: [2] }, { delete: [3] }]);
      t.strictSame((await allPages(rows, {}, 10)).ns, []);
      t.strictSame(await rows.compareAndSet('p', [2], 1, { n: 0 }), { s: 'rejected' });
    }
  });

  rule('a table is written in one way only', async (t, { engine }) => {
    const plain = engine.open(single);
    const conditional = engine.open(claims);
    await t.rejects(plain.insertIfAbsent('a', [], { n: 1 }), /conditional: true/);
    await t.rejects(plain.compareAndSet('a', [], 1, { n: 1 }), /conditional: true/);
    await t.rejects(plain.getVersioned('a', []), /conditional: true/);
    await t.rejects(conditional.put('a', [], { n: 1 }), /is conditional/);
    await t.rejects(conditional.batch('a', [{ put: { n: 1 }, ck: [] }]), /is conditional/);
    t.equal(await conditional.get('a', []), undefined);
  });

  rule('many rows are read in the order asked for', async (t, { engine }) => {
    const rows = engine.open(mixed);
    const keys = Array.from({ length: 250 }, (_, n) => [`p${n % 3}`, [`k${n % 7}`, n] as const] as const);
    await Promise.all(keys.map(([pk, ck], n) => rows.put(pk, ck, { n })));
    const wanted = [...keys.toReversed(), ['p0', ['k0', -1] as const] as const, ...keys.slice(0, 2)];
    t.strictSame(
      (await rows.getMany(wanted)).map((row) => row?.n),
      [...keys.keys()].reverse().concat([undefined as never, 0, 1]),
    );
    t.strictSame(await rows.getMany([]), []);
  });

  rule('any text is a partition, and both zeros are one number', async (t, { engine }) => {
    const rows = engine.open(byNumber);
    const partitions = ['', '\u0000', '\u0000\u0000', ' ', "it's", '𝄞', 'e\u0301', 'é'];
    for (const [n, pk] of partitions.entries()) await rows.put(pk, [-0], { n });
    for (const [n, pk] of partitions.entries()) {
      t.strictSame((await rows.scan(pk, { limit: 10 })).rows, [{ ck: [0], row: { n } }]);
      t.strictSame(await rows.get(pk, [0]), { n });
    }
  });

  rule('a row or a batch that is too large is refused', async (t, { engine }) => {
    const rows = engine.open(byText) as unknown as Table<readonly [string], string>;
    const text = 'x'.repeat(TABLE_ROW_BYTES_MAX - 2);
    await rows.put('p', ['k'], text);
    t.equal((await rows.get('p', ['k']))?.length, text.length);
    await t.rejects(rows.put('p', ['k'], `${text}x`), { name: 'TooLargeError', code: 'ROW_TOO_LARGE' });
    const ops = ['a', 'b', 'c'].map((k) => ({ put: text, ck: [k] as const }));
    await t.rejects(rows.batch('p', ops), { name: 'TooLargeError', code: 'BATCH_TOO_LARGE' });
    await t.rejects(rows.put('p', ['k'], undefined as never), { code: 'BAD_ROW' });
    await t.rejects(rows.scan('p', { limit: 0 }), { code: 'BAD_LIMIT' });
  });

  rule('keys of the wrong shape are refused', async (t, { engine }) => {
    const rows = engine.open(mixed);
    for (const ck of [['a'], ['a', 'b'], [1, 2], ['a', Number.NaN], ['a', 1, 2], ['\ud800', 1]]) {
      await t.rejects(rows.put('p', ck as never, { n: 1 }), { code: 'BAD_KEY' });
    }
    await t.rejects(rows.put('p', ['x'.repeat(70_000), 1], { n: 1 }), { code: 'KEY_TOO_LARGE' });
  });
}
