/** What every engine of the Tables port refuses alike, so that what works at home works in a cluster. */
import { STORE_KEY_BYTES_MAX } from '../../config/engine-limits.ts';
import { TABLE_BATCH_BYTES_MAX, TABLE_ROW_BYTES_MAX } from '../../config/limits.ts';
import { BadRequestError, TooLargeError } from '../../kit/errors.ts';
import type { ClusteringKey, Op, TableSpec } from '../../kit/ports/tables.ts';

export type ColumnType = 'text' | 'number';

export const columnTypes = <CK extends ClusteringKey, R>(spec: TableSpec<CK, R>): readonly ColumnType[] =>
  spec.clustering.map(([, type]: readonly [string, ColumnType]) => type);

/**
 * Unless `whole`, the first columns of a clustering key are enough.
 *
 * @throws BadRequestError `BAD_KEY`; TooLargeError `KEY_TOO_LARGE`.
 */
export function checkKey(
  table: string,
  types: readonly ColumnType[],
  pk: string,
  ck: ClusteringKey,
  whole: boolean,
): void {
  if (whole ? ck.length !== types.length : ck.length > types.length) {
    throw new BadRequestError('BAD_KEY', `Table ${table} takes ${types.length} clustering columns.`);
  }
  if (!isText(pk)) throw new BadRequestError('BAD_KEY', `A partition of ${table} is well-formed text.`);
  ck.forEach((part, index) => {
    if (types[index] === 'number' ? !Number.isFinite(part) : !isText(part)) {
      throw new BadRequestError('BAD_KEY', `Clustering column ${index} of ${table} is ${types[index]}.`);
    }
  });
  assertKeyFits([0, table, pk, ...ck]);
}

/** Half a surrogate pair has no UTF-8, so that two such texts would be one key. */
const isText = (value: unknown): boolean => typeof value === 'string' && value.isWellFormed();

/** @throws TooLargeError `KEY_TOO_LARGE` when LMDB could not take `parts` as one key. */
export function assertKeyFits(parts: readonly (string | number)[]): void {
  let bytes = 0;
  for (const part of parts) bytes += typeof part === 'number' ? 10 : keyTextBytesMax(part);
  if (bytes > STORE_KEY_BYTES_MAX) {
    throw new TooLargeError('KEY_TOO_LARGE', `A key takes ${bytes} bytes; use a shorter name.`, {
      bytes,
      bytesMax: STORE_KEY_BYTES_MAX,
    });
  }
}

/** An upper bound: control characters are escaped to two bytes. Short texts are not worth measuring. */
const keyTextBytesMax = (text: string): number =>
  2 + (text.length < 100 ? text.length * 3 : Buffer.byteLength(text) + text.length);

/** @throws BadRequestError `BAD_ROW`; TooLargeError `ROW_TOO_LARGE`. */
export function encodeRow(table: string, row: unknown): string {
  const json: string | undefined = JSON.stringify(row);
  if (json === undefined) throw new BadRequestError('BAD_ROW', 'A row must be plain JSON.');
  // A character takes three bytes at most: most rows need not be measured.
  const bytes = json.length * 3 <= TABLE_ROW_BYTES_MAX ? 0 : Buffer.byteLength(json);
  if (bytes > TABLE_ROW_BYTES_MAX) {
    throw new TooLargeError('ROW_TOO_LARGE', `A row of ${table} takes ${bytes} bytes; store less in it.`, {
      bytes,
      bytesMax: TABLE_ROW_BYTES_MAX,
    });
  }
  return json;
}

/** @throws TooLargeError `BATCH_TOO_LARGE`; what `encodeRow` throws. */
export function checkBatch<CK extends ClusteringKey, R>(table: string, ops: readonly Op<CK, R>[]): void {
  let bytes = 0;
  for (const op of ops) if ('put' in op) bytes += Buffer.byteLength(encodeRow(table, op.put));
  if (bytes > TABLE_BATCH_BYTES_MAX) {
    throw new TooLargeError('BATCH_TOO_LARGE', `A batch takes ${bytes} bytes; write it in several.`, {
      bytes,
      bytesMax: TABLE_BATCH_BYTES_MAX,
    });
  }
}

/** @throws BadRequestError `BAD_LIMIT`. */
export function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1) {
    throw new BadRequestError('BAD_LIMIT', 'Ask for at least one row.');
  }
}

interface WrittenTable {
  readonly name: string;
  readonly conditional?: true;
}

/** A table is written in one way only, or an agreement could be overtaken by a write that took no part. */
export function assertWrittenAs(spec: WrittenTable, way: 'conditional' | 'plain'): void {
  if ((spec.conditional ? 'conditional' : 'plain') === way) return;
  throw new Error(
    way === 'conditional'
      ? `Table ${spec.name} takes no compare-and-set: declare it with conditional: true.`
      : `Table ${spec.name} is conditional: use insertIfAbsent, compareAndSet and delete.`,
  );
}
