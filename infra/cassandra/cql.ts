/**
 * How a table of ours looks in CQL.
 *
 * The row is JSON text in one column, so that its shape belongs to the actor and not to the schema. A
 * conditional table also has the row's version and the id of the write that left it so.
 */
import type { ClusteringKey, TableSpec } from '../../kit/ports/tables.ts';

export type AnySpec = Pick<TableSpec<never, never>, 'name' | 'partition'> & {
  readonly clustering: readonly (readonly [string, 'text' | 'number'])[];
  readonly conditional?: true;
};

const OWN_COLUMNS = ['row', 'version', 'write_id'];
/** Tables go unquoted, in lower case. */
const NAME = /^[a-z][a-z0-9_]{0,47}$/;
const COLUMN = /^[a-z][A-Za-z0-9_]{0,47}$/;

/** Double quotes keep a column named like a word of CQL apart from it. */
const quoted = (column: string): string => `"${column}"`;

export function createTable(keyspace: string, spec: AnySpec): string {
  const { name, partition, clustering } = spec;
  const keys = [partition, ...clustering.map(([column]) => column)];
  const badColumn = keys.find((column) => !COLUMN.test(column) || OWN_COLUMNS.includes(column));
  const bad = NAME.test(name) ? badColumn : name;
  if (bad !== undefined) throw new Error(`Table ${name}: ${bad} is not a name for a table or column.`);
  const columns = [
    `${quoted(partition)} text`,
    ...clustering.map(([column, type]) => `${quoted(column)} ${type === 'number' ? 'double' : 'text'}`),
    'row text',
    ...(spec.conditional ? ['version bigint', 'write_id uuid'] : []),
  ];
  const key = [`(${quoted(partition)})`, ...clustering.map(([column]) => quoted(column))].join(', ');
  return `CREATE TABLE IF NOT EXISTS ${keyspace}.${name} (${columns.join(', ')}, PRIMARY KEY (${key}))`;
}

/** Every statement that a table is read and written with; parameters in the order of the names. */
export interface TableCql {
  /** Names of the clustering columns. */
  readonly clustering: readonly string[];
  /** pk, ...ck */
  readonly get: string;
  /** pk, list of clustering tuples */
  readonly getSeveral: string;
  /** pk, ...from, ...to, limit */
  scan(from: Bound | undefined, to: Bound | undefined, desc: boolean): string;
  /** pk, ...ck, row, ttl */
  readonly put: string;
  /** pk, ...ck */
  readonly delete: string;
  /** pk, ...ck, row, version, write id, ttl */
  readonly insertIfAbsent: string;
  /** row, version, write id, pk, ...ck, expected version, write id */
  readonly compareAndSet: string;
  /** pk, ...ck, write id */
  readonly deleteIf: string;
}

export interface Bound {
  readonly columns: number;
  readonly inclusive: boolean;
}

export function cqlOf<CK extends ClusteringKey, R>(keyspace: string, spec: TableSpec<CK, R>): TableCql {
  const { name, partition, clustering, conditional } = spec as AnySpec;
  const table = `${keyspace}.${name}`;
  const columns = clustering.map(([column]) => quoted(column));
  const keys = [quoted(partition), ...columns];
  const where = `WHERE ${keys.map((key) => `${key} = ?`).join(' AND ')}`;
  const selected = [...columns, 'row', ...(conditional ? ['version', 'write_id'] : [])].join(', ');
  const insert = (own: readonly string[]): string => {
    const all = [...keys, ...own];
    return `INSERT INTO ${table} (${all.join(', ')}) VALUES (${all.map(() => '?').join(', ')})`;
  };
  const bound = (sign: string, { columns: count, inclusive }: Bound): string => {
    const marks = Array.from({ length: count }, () => '?').join(', ');
    return ` AND (${columns.slice(0, count).join(', ')}) ${sign}${inclusive ? '=' : ''} (${marks})`;
  };
  return {
    clustering: clustering.map(([column]) => column),
    get: `SELECT ${selected} FROM ${table} ${where}`,
    getSeveral: `SELECT ${selected} FROM ${table} WHERE ${quoted(partition)} = ? AND (${columns.join(', ')}) IN ?`,
    scan(from, to, desc) {
      const range = `${from ? bound('>', from) : ''}${to ? bound('<', to) : ''}`;
      const order = desc ? ` ORDER BY ${columns.map((column) => `${column} DESC`).join(', ')}` : '';
      return `SELECT ${selected} FROM ${table} WHERE ${quoted(partition)} = ?${range}${order} LIMIT ?`;
    },
    put: `${insert(['row'])} USING TTL ?`,
    delete: `DELETE FROM ${table} ${where}`,
    insertIfAbsent: `${insert(['row', 'version', 'write_id'])} IF NOT EXISTS USING TTL ?`,
    // The second and third condition always hold where the first does; they make a refusal tell what is there.
    compareAndSet: `UPDATE ${table} SET row = ?, version = ?, write_id = ? ${where} IF version = ? AND write_id != ? AND row != ''`,
    deleteIf: `DELETE FROM ${table} ${where} IF write_id = ?`,
  };
}
