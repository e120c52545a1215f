/** A conditional row brought to what `merge` makes of it, whoever else writes it at the same time. */
import { MERGE_TRIES_MAX } from '../config/limits.ts';
import { UnavailableError } from './errors.ts';
import type { ClusteringKey, Table } from './ports/tables.ts';

export interface Merged<R> {
  readonly before?: R;
  readonly after?: R;
}

/**
 * `merge` gives undefined when the row is as it should be. What it makes must be found as it should be when it
 * looks again: an engine that cannot tell whether it has written is asked a second time.
 *
 * @throws UnavailableError `ROW_CONTENDED` when others are always first.
 */
export async function mergeRow<CK extends ClusteringKey, R>(
  table: Pick<Table<CK, R>, 'getVersioned' | 'insertIfAbsent' | 'compareAndSet'>,
  pk: string,
  ck: CK,
  merge: (row: R | undefined) => Promise<R | undefined> | R | undefined,
): Promise<Merged<R>> {
  for (let tries = 0; tries < MERGE_TRIES_MAX; tries++) {
    const found = await table.getVersioned(pk, ck);
    const row = await merge(found?.row);
    if (row === undefined) return found ? { before: found.row, after: found.row } : {};
    const cas = found
      ? await table.compareAndSet(pk, ck, found.version, row)
      : await table.insertIfAbsent(pk, ck, row);
    if (cas.s === 'applied') return { ...(found && { before: found.row }), after: row };
  }
  throw new UnavailableError('ROW_CONTENDED', 'Too many writers change this at once; try again in a moment.');
}
