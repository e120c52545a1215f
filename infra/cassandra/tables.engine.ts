// Goal: tables on Cassandra keep what the port promises. Method: the contract suite on one real node, with
// partitions of its own for each rule; then what only this engine can do wrong.
import { setTimeout as sleep } from 'node:timers/promises';
import cassandra from 'cassandra-driver';
import t from 'tap';
import { createMailboxes } from '../../kit/actor/mailbox.ts';
import { UnavailableError } from '../../kit/errors.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import { table } from '../../kit/ports/tables.ts';
import { systemClock } from '../../kit/sources.ts';
import { tempFolder } from '../../test/contract-suites/harness.ts';
import { suiteTables, tablesSuite } from '../../test/contract-suites/tables.ts';
import { startCassandra } from '../local/cassandra.ts';
import { migrate } from './migrate.ts';
import { openCassandra } from './open-cassandra.ts';
import type { Schema } from './schema.ts';
import { newClient, type Session, sessionOf } from './session.ts';
import { openTable } from './tables.ts';

const counters = table<readonly [string], { readonly n: number }>({
  name: 'suite_counter',
  partition: 'id',
  clustering: [['k', 'text']],
  conditional: true,
});
const schema: Schema = [{ version: 1, tables: [...suiteTables, counters] }];
const keyspace = 'suite';

const folder = await tempFolder();
const server = await startCassandra({ nodes: 1, folder: folder.path });
t.teardown(async () => {
  for (const node of server.nodes) node.kill('SIGKILL');
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});
const access = { contactPoints: server.contactPoints, datacenter: server.datacenter };
const options = { ...access, keyspace, schema, clock: systemClock };

void t.test('a keyspace that was not migrated is refused, and so is one of another version', async (t) => {
  await t.rejects(openCassandra(options), { code: 'SCHEMA_MISSING', message: /npm run migrate/ });
  const said: string[][] = [[], []];
  await Promise.all(
    said.map((lines) => migrate({ ...options, replicas: 1, say: (line) => lines.push(line) })),
  );
  t.equal(said.flat().filter((line) => line.startsWith('version 1:')).length, 1, 'two at once do it once');
  t.equal(await migrate({ ...options, replicas: 1, say: () => {} }), 1, 'again is harmless');

  const newer: Schema = [
    ...schema,
    { version: 2, cql: [(name) => `ALTER TABLE ${name}.suite_text ADD x int`] },
  ];
  await t.rejects(openCassandra({ ...options, schema: newer }), { code: 'SCHEMA_OLD' });
  const other: Schema = [{ version: 1, tables: suiteTables }];
  await t.rejects(migrate({ ...options, schema: other, replicas: 1, say: () => {} }), {
    code: 'SCHEMA_DIFFERS',
  });

  const ahead = { ...options, keyspace: 'suite_ahead' };
  await migrate({ ...ahead, schema: [{ version: 1, tables: [counters] }], replicas: 1, say: () => {} });
  const two: Schema = [
    { version: 1, tables: [counters] },
    { version: 2, cql: [(name) => `ALTER TABLE ${name}.suite_counter ADD x int`] },
  ];
  t.equal(await migrate({ ...ahead, schema: two, replicas: 1, say: () => {} }), 2);
  const one: Schema = [{ version: 1, tables: [counters] }];
  await t.rejects(openCassandra({ ...ahead, schema: one }), { code: 'SCHEMA_NEW' });
  await t.rejects(migrate({ ...ahead, schema: one, replicas: 1, say: () => {} }), { code: 'SCHEMA_NEW' });
});

let rules = 0;
/** Truncating six tables after each rule takes longer than the rules themselves. */
function withOwnPartitions(tables: Tables, prefix: string): Tables {
  const own = (pk: string): string => `${prefix}${pk}`;
  return {
    open(spec) {
      const rows = tables.open(spec);
      return {
        get: (pk, ck) => rows.get(own(pk), ck),
        getMany: (keys) => rows.getMany(keys.map(([pk, ck]) => [own(pk), ck] as const)),
        getVersioned: (pk, ck) => rows.getVersioned(own(pk), ck),
        put: (pk, ...rest) => rows.put(own(pk), ...rest),
        insertIfAbsent: (pk, ...rest) => rows.insertIfAbsent(own(pk), ...rest),
        compareAndSet: (pk, ...rest) => rows.compareAndSet(own(pk), ...rest),
        delete: (pk, ck) => rows.delete(own(pk), ck),
        scan: (pk, given) => rows.scan(own(pk), given),
        batch: (pk, ops) => rows.batch(own(pk), ops),
      };
    },
  };
}

tablesSuite('cassandra', async () => {
  const opened = await openCassandra(options);
  return {
    engine: withOwnPartitions(opened.tables, `rule${rules++}.`),
    async advance(ms) {
      // Only real time makes a row of a real server expire.
      await sleep(ms);
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
});

void t.test('the empty partition is a partition', async (t) => {
  await using opened = await openCassandra(options);
  const rows = opened.tables.open(suiteTables[1]);
  await rows.put('', [], { n: 1 });
  await rows.put('\u0000', [], { n: 2 });
  t.strictSame(await rows.get('', []), { n: 1 });
  t.strictSame(await rows.get('\u0000', []), { n: 2 });
});

/** Every answer to a conditional write is lost once, after the write was done. */
function losingAnswers(session: Session): Session {
  const lost = new Set<unknown>();
  return {
    ...session,
    async execute(query, params, given) {
      const result = await session.execute(query, params, given);
      const writeId = params.find((param) => param instanceof cassandra.types.Uuid);
      if (writeId === undefined || lost.has(writeId)) return result;
      lost.add(writeId);
      throw new UnavailableError('LOST', 'The answer was lost.', { inDoubt: true });
    },
  };
}

void t.test('a conditional write whose answer was lost is applied once and says so', async (t) => {
  const client = newClient(access);
  await client.connect();
  t.teardown(() => client.shutdown());
  const session = losingAnswers(sessionOf(() => client, 'cluster', systemClock));
  const rows = openTable({ session, keyspace, clock: systemClock, turns: createMailboxes(16) }, counters);
  t.strictSame(await rows.insertIfAbsent('lost', ['k'], { n: 1 }), { s: 'applied', version: 1 });
  t.strictSame(await rows.compareAndSet('lost', ['k'], 1, { n: 2 }), { s: 'applied', version: 2 });
  const current = { row: { n: 2 }, version: 2 };
  t.strictSame(await rows.insertIfAbsent('lost', ['k'], { n: 9 }), { s: 'unknown' }, 'it might have been 1');
  t.strictSame(await rows.compareAndSet('lost', ['k'], 1, { n: 9 }), { s: 'rejected', current });
  await rows.delete('lost', ['k']);
  t.equal(await rows.get('lost', ['k']), undefined);
});

void t.test('thousands of requests at once wait for each other and do not fail', async (t) => {
  await using opened = await openCassandra(options);
  const rows = opened.tables.open(suiteTables[3]);
  const ns = Array.from({ length: 3000 }, (_, n) => n);
  await Promise.all(ns.map((n) => rows.put('many', [n], { n })));
  const found = await Promise.all(ns.map((n) => rows.get('many', [n])));
  t.strictSame(
    found.map((row) => row?.n),
    ns,
  );
});

void t.test('processes that race for one row get each version once', async (t) => {
  await using opened = await openCassandra(options);
  const rows = opened.tables.open(counters);
  const engines = await Promise.all(Array.from({ length: 6 }, () => openCassandra(options)));
  t.teardown(() => Promise.all(engines.map((engine) => engine[Symbol.asyncDispose]())));
  await rows.insertIfAbsent('p', ['k'], { n: 0 });
  const applied: number[] = [];
  let unknown = 0;
  await Promise.all(
    engines.map(async (engine) => {
      const mine = engine.tables.open(counters);
      for (let round = 0; round < 5; ) {
        const before = await mine.getVersioned('p', ['k']);
        if (!before) throw new Error('the row is gone');
        const cas = await mine.compareAndSet('p', ['k'], before.version, { n: before.row.n + 1 });
        if (cas.s === 'applied') applied.push(cas.version);
        if (cas.s === 'unknown') unknown++;
        if (cas.s !== 'rejected') round++;
      }
    }),
  );
  t.equal(new Set(applied).size, applied.length, 'no version was given twice');
  const last = await rows.getVersioned('p', ['k']);
  t.equal(last?.row.n, (last?.version ?? 0) - 1, 'each version added one');
  t.ok((last?.row.n ?? 0) >= applied.length && (last?.row.n ?? 0) <= applied.length + unknown);
});

void t.test('while it is away requests fail soon, and it is found again by itself', async (t) => {
  const [node] = server.nodes;
  if (!node) throw new Error('one node was asked for');
  await using opened = await openCassandra(options);
  const rows = opened.tables.open(counters);
  const isThere = () =>
    rows.get('p', ['k']).then(
      (row) => row !== undefined,
      () => false,
    );
  t.ok(await isThere());
  node.kill('SIGKILL');
  await node.ended();
  const unavailable = { name: 'UnavailableError', retryable: true };
  await t.rejects(rows.get('p', ['k']), unavailable);
  await t.rejects(rows.compareAndSet('p', ['k'], 1, { n: 0 }), unavailable);
  await t.rejects(rows.delete('p', ['k']), unavailable);
  const said = Promise.withResolvers<string>();
  const migrated = migrate({ ...options, replicas: 1, say: said.resolve });
  t.match(await said.promise, /cannot be reached.* Trying/);
  await node.restart();
  t.equal(await migrated, 1, 'a migration has waited for it');
  while (!(await isThere())) await sleep(20);
  t.ok(await isThere(), 'what was acknowledged outlived the kill');
});
