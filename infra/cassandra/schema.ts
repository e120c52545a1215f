/** The schema as a list of versions: what each brings, and the record that a keyspace keeps of them. */
import { createHash } from 'node:crypto';
import { type AnySpec, createTable } from './cql.ts';

/** A released version never changes; whatever comes later is a version of its own. */
export interface SchemaVersion {
  readonly version: number;
  /** Tables that are new in it. */
  readonly tables?: readonly AnySpec[];
  /** Other statements, given the keyspace's name. */
  readonly cql?: readonly ((keyspace: string) => string)[];
}
export type Schema = readonly SchemaVersion[];

export const newestOf = (schema: Schema): number => schema.at(-1)?.version ?? 0;

export const statementsOf = (keyspace: string, { tables = [], cql = [] }: SchemaVersion): string[] => [
  ...tables.map((spec) => createTable(keyspace, spec)),
  ...cql.map((statement) => statement(keyspace)),
];

/** Tells a version from another one of the same number. */
export const digestOf = (version: SchemaVersion): string =>
  createHash('sha256').update(statementsOf('keyspace', version).join(';\n')).digest('hex').slice(0, 16);

/** All versions as CQL, for people to review. */
export function cqlText(schema: Schema): string {
  const versions = schema.map(
    (version) =>
      `-- Version ${version.version}\n${statementsOf('antiphon', version)
        .map((statement) => `${statement};\n`)
        .join('')}`,
  );
  return `-- Written from the tables' declarations: npm run migrate -- --write-cql\n\n${versions.join('\n')}`;
}

/** @throws Error unless versions count up from 1 and no table comes twice. */
export function assertSound(schema: Schema): void {
  const names = schema.flatMap(({ tables = [] }) => tables.map(({ name }) => name));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`Table ${twice} is in the schema twice.`);
  if (schema.some(({ version }, index) => version !== index + 1)) {
    throw new Error('The versions of the schema count up from 1.');
  }
}

/** Rows: every version that was applied. */
export const VERSIONS_TABLE = 'schema_version';
/** One row while somebody migrates. */
export const LOCK_TABLE = 'schema_lock';

export const selectVersions = (keyspace: string): string =>
  `SELECT version, digest FROM ${keyspace}.${VERSIONS_TABLE} WHERE name = 'antiphon'`;

/**
 * Two programs that make a table at once, each through another node, would make two tables of one name with
 * different ids and break both; an id that follows from the name cannot differ.
 */
export function createRecords(keyspace: string): string[] {
  const withId = (table: string, columns: string): string => {
    const hex = createHash('sha256').update(`${keyspace}.${table}`).digest('hex');
    const id = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`];
    const uuid = [...id, hex.slice(20, 32)].join('-');
    return `CREATE TABLE IF NOT EXISTS ${keyspace}.${table} (${columns}) WITH ID = ${uuid}`;
  };
  return [
    withId(
      VERSIONS_TABLE,
      'name text, version int, digest text, applied_at timestamp, PRIMARY KEY ((name), version)',
    ),
    withId(LOCK_TABLE, 'name text PRIMARY KEY, holder uuid'),
  ];
}
