/**
 * One table on Cassandra (docs/decisions/0011).
 *
 * Everything here may be sent twice: reads change nothing, and a plain write carries the time at which it was
 * asked for, so that a late copy of it changes nothing either.
 */
import type { types as driver } from 'cassandra-driver';
import {
  CASSANDRA_KEYS_PER_QUERY_MAX,
  CASSANDRA_QUERIES_AT_ONCE_MAX,
  CASSANDRA_ROWS_PER_FETCH_MAX,
} from '../../config/engine-limits.ts';
import { TABLE_PAGE_ROWS_MAX } from '../../config/limits.ts';
import type { Mailboxes } from '../../kit/actor/mailbox.ts';
import type { ClusteringKey, Op, Page, ScanOptions, Table, TableSpec } from '../../kit/ports/tables.ts';
import type { Clock } from '../../kit/sources.ts';
import {
  assertWrittenAs,
  checkBatch,
  checkKey,
  checkLimit,
  columnTypes,
  encodeRow,
} from '../tables/check.ts';
import { cursorOf, keyAfterCursor } from '../tables/cursor.ts';
import { conditionalWrites, tuplesOf } from './conditional.ts';
import { type Bound, cqlOf } from './cql.ts';
import type { Session } from './session.ts';

export interface TableDeps {
  readonly session: Session;
  readonly keyspace: string;
  readonly clock: Clock;
  readonly turns: Mailboxes;
}

export function openTable<CK extends ClusteringKey, R>(
  { session, keyspace, clock, turns }: TableDeps,
  spec: TableSpec<CK, R>,
): Table<CK, R> {
  const cql = cqlOf(keyspace, spec);
  const types = columnTypes(spec);
  const columns = cql.clustering;
  const encode = (row: R): string => encodeRow(spec.name, row);
  const plain = (): void => assertWrittenAs(spec, 'plain');

  /** The parameters that name a row, or with fewer columns the edge of a range. */
  function keyOf(pk: string, ck: Partial<CK>, whole = true): (string | number)[] {
    const parts = ck as unknown as ClusteringKey;
    checkKey(spec.name, types, pk, parts, whole);
    return [partitionOf(pk), ...parts.map((part) => (part === 0 ? 0 : part))];
  }
  const ckOf = (found: driver.Row): CK => columns.map((column) => found[column]) as unknown as CK;
  const rowOf = (found: driver.Row): R => JSON.parse(found.row as string) as R;

  async function getSeveral(
    pk: string,
    cks: readonly CK[],
    into: Map<string, R>,
    nameOf: (pk: string, ck: CK) => string,
  ): Promise<void> {
    const tuples = tuplesOf(cks.map((ck) => keyOf(pk, ck)));
    const { rows } = await session.execute(cql.getSeveral, [partitionOf(pk), tuples]);
    for (const found of rows) into.set(nameOf(pk, ckOf(found)), rowOf(found));
  }

  async function getOne(pk: string, ck: CK): Promise<R | undefined> {
    const { rows } = await session.execute(cql.get, keyOf(pk, ck));
    return rows[0] && rowOf(rows[0]);
  }

  /** One query for all rows of a partition, so that a page of a listener's likes costs one and not fifty. */
  async function getMany(keys: readonly (readonly [pk: string, ck: CK])[]): Promise<(R | undefined)[]> {
    const nameOf = (pk: string, ck: CK): string => JSON.stringify([pk, ...ck]);
    const found = new Map<string, R>();
    const byPartition = new Map<string, Map<string, CK>>();
    for (const [pk, ck] of keys) {
      keyOf(pk, ck);
      const cks = byPartition.get(pk) ?? new Map<string, CK>();
      byPartition.set(pk, cks.set(nameOf(pk, ck), ck));
    }
    const queries: (() => Promise<void>)[] = [];
    for (const [pk, cks] of byPartition) {
      const all = [...cks];
      if (all.length === 1 || columns.length === 0) {
        for (const [name, ck] of all) {
          queries.push(async () => {
            const row = await getOne(pk, ck);
            if (row !== undefined) found.set(name, row);
          });
        }
        continue;
      }
      for (let from = 0; from < all.length; from += CASSANDRA_KEYS_PER_QUERY_MAX) {
        const some = all.slice(from, from + CASSANDRA_KEYS_PER_QUERY_MAX).map(([, ck]) => ck);
        queries.push(() => getSeveral(pk, some, found, nameOf));
      }
    }
    await allOf(queries);
    return keys.map(([pk, ck]) => found.get(nameOf(pk, ck)));
  }

  async function scan(pk: string, options: ScanOptions<CK>): Promise<Page<CK, R>> {
    checkLimit(options.limit);
    const limit = Math.min(options.limit, TABLE_PAGE_ROWS_MAX);
    let from: EdgeOf = edge(keyOf(pk, options.from ?? ([] as unknown as CK), false).slice(1), true);
    let to: EdgeOf = edge(options.to ? keyOf(pk, options.to, false).slice(1) : [], false);
    if (options.cursor !== undefined) {
      const after = keyAfterCursor(options.cursor, types) as unknown as CK;
      // A row without clustering columns has none behind it.
      if (columns.length === 0) return { rows: [] };
      const behind = edge(keyOf(pk, after).slice(1), false);
      if (options.desc) to = behind;
      else from = behind;
    }
    // One more than asked for says whether there is a next page.
    const query = cql.scan(from?.bound, to?.bound, (options.desc ?? false) && columns.length > 0);
    const params = [partitionOf(pk), ...(from?.values ?? []), ...(to?.values ?? []), limit + 1];
    const page: { ck: CK; row: R }[] = [];
    let pageState: string | undefined;
    do {
      const fetchSize = Math.min(limit + 1 - page.length, CASSANDRA_ROWS_PER_FETCH_MAX);
      const result = await session.execute(query, params, { fetchSize, ...(pageState && { pageState }) });
      for (const found of result.rows) page.push({ ck: ckOf(found), row: rowOf(found) });
      pageState = result.pageState;
    } while (pageState && page.length <= limit);
    const last = page[limit - 1];
    return page.length > limit && last
      ? { rows: page.slice(0, limit), cursor: cursorOf(last.ck) }
      : { rows: page };
  }

  async function putBatch(pk: string, ops: readonly Op<CK, R>[]): Promise<void> {
    const queries = lastOfEachKey(ops).map((op) => {
      if ('delete' in op) return { query: cql.delete, params: keyOf(pk, op.delete) };
      return { query: cql.put, params: [...keyOf(pk, op.ck), encode(op.put), op.ttlSec ?? 0] };
    });
    if (queries.length > 0) await session.batch(queries);
  }

  const conditional = conditionalWrites<R>({ session, cql, clock, turns });
  return {
    get: getOne,
    getMany,
    scan,
    async getVersioned(pk, ck) {
      assertWrittenAs(spec, 'conditional');
      return conditional.get(keyOf(pk, ck));
    },
    async put(pk, ck, row, { ttlSec = 0 } = {}) {
      plain();
      await session.execute(cql.put, [...keyOf(pk, ck), encode(row), ttlSec]);
    },
    async insertIfAbsent(pk, ck, row, { ttlSec = 0 } = {}) {
      assertWrittenAs(spec, 'conditional');
      return conditional.insertIfAbsent(keyOf(pk, ck), encode(row), ttlSec);
    },
    async compareAndSet(pk, ck, expectedVersion, row) {
      assertWrittenAs(spec, 'conditional');
      return conditional.compareAndSet(keyOf(pk, ck), expectedVersion, encode(row));
    },
    async delete(pk, ck) {
      const key = keyOf(pk, ck);
      if (spec.conditional) await conditional.delete([key]);
      else await session.execute(cql.delete, key);
    },
    async batch(pk, ops) {
      checkBatch(spec.name, ops);
      if (!spec.conditional) return putBatch(pk, ops);
      const keys = lastOfEachKey(ops).map((op) => {
        if ('put' in op) plain();
        return keyOf(pk, 'put' in op ? op.ck : op.delete);
      });
      if (keys.length > 0) await conditional.delete(keys);
    },
  };
}

type EdgeOf = { readonly values: readonly (string | number)[]; readonly bound: Bound } | undefined;
const edge = (values: readonly (string | number)[], inclusive: boolean): EdgeOf =>
  values.length === 0 ? undefined : { values, bound: { columns: values.length, inclusive } };

/** Cassandra takes no empty partition; a zero byte in front makes room for it among all other texts. */
const partitionOf = (pk: string): string => (pk === '' || pk.startsWith('\0') ? `\0${pk}` : pk);

/** The statements of a batch share one time: of two to one key, which one held would be a matter of chance. */
function lastOfEachKey<CK extends ClusteringKey, R>(ops: readonly Op<CK, R>[]): Op<CK, R>[] {
  const byKey = new Map(ops.map((op) => [JSON.stringify('put' in op ? op.ck : op.delete), op]));
  return [...byKey.values()];
}

async function allOf(queries: readonly (() => Promise<void>)[]): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let query = queries[next++]; query; query = queries[next++]) await query();
  };
  await Promise.all(Array.from({ length: Math.min(queries.length, CASSANDRA_QUERIES_AT_ONCE_MAX) }, worker));
}
