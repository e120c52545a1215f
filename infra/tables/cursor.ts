/** Paging tokens: the last clustering key of a page, so that a token outlives restarts and engines. */
import { TABLE_CURSOR_CHARS_MAX } from '../../config/limits.ts';
import { BadRequestError } from '../../kit/errors.ts';
import type { ClusteringKey } from '../../kit/ports/tables.ts';

export const cursorOf = (ck: ClusteringKey): string => Buffer.from(JSON.stringify(ck)).toString('base64url');

/** @throws BadRequestError `BAD_CURSOR` unless `cursor` holds one value of the right type a column. */
export function keyAfterCursor(cursor: string, types: readonly ('number' | 'text')[]): ClusteringKey {
  const ck = decode(cursor);
  const fits = ck?.length === types.length && types.every((type, index) => isOfType(ck[index], type));
  if (!fits)
    throw new BadRequestError('BAD_CURSOR', 'This page token is not valid. Start from the first page.');
  return ck as ClusteringKey;
}

const isOfType = (value: unknown, type: 'number' | 'text'): boolean =>
  type === 'number' ? Number.isFinite(value) : typeof value === 'string';

function decode(cursor: string): readonly unknown[] | undefined {
  if (cursor.length > TABLE_CURSOR_CHARS_MAX) return undefined;
  try {
    const ck: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(ck) ? ck : undefined;
  } catch {
    return undefined;
  }
}
