import t from 'tap';
import { STORE_SWEEP_EVERY_MS, STORE_SWEEP_ROWS_MAX } from '../../config/engine-limits.ts';
import { table } from '../../kit/ports/tables.ts';
import { openLmdbEngine } from '../../test/contract-suites/harness.ts';
import { tablesSuite } from '../../test/contract-suites/tables.ts';

const openEngine = () => openLmdbEngine('tables');

tablesSuite('lmdb', openEngine);

void t.test('lmdb: the sweep frees expired rows and spares those written anew', async (t) => {
  await using opened = await openEngine();
  const { engine, store, advance } = opened;
  const rows = engine.open(
    table<readonly [number], number>({ name: 'swept', partition: 'p', clustering: [['n', 'number']] }),
  );
  const count = STORE_SWEEP_ROWS_MAX + 50;
  await Promise.all(Array.from({ length: count }, (_, n) => rows.put('p', [n], n, { ttlSec: 1 })));
  await rows.put('p', [0], 0);
  await rows.put('p', [1], 1, { ttlSec: 3600 });
  await advance(STORE_SWEEP_EVERY_MS);
  const stored = store.database('tables.rows');
  while (stored.getKeysCount() > 2) await new Promise(setImmediate);
  t.strictSame((await rows.scan('p', { limit: 10 })).rows, [
    { ck: [0], row: 0 },
    { ck: [1], row: 1 },
  ]);
});

void t.test('lmdb: an expiry is known of rows alone, once each', async (t) => {
  await using opened = await openEngine();
  const { engine, store } = opened;
  const rows = engine.open(
    table<readonly [number], number>({ name: 'fading', partition: 'p', clustering: [['n', 'number']] }),
  );
  const ttlSec = 3600;
  for (const n of [0, 1, 2, 3]) await rows.put('p', [n], n, { ttlSec });
  await opened.advance(1000);
  await rows.put('p', [0], 0, { ttlSec });
  await rows.put('p', [1], 1);
  await rows.delete('p', [2]);
  await rows.batch('p', [{ delete: [3] }]);
  const expiries = [...store.database('tables.expiries').getKeys()];
  t.same(
    expiries.map((key) => (key as unknown[]).slice(1)),
    [['fading', 'p', 0]],
  );
});
