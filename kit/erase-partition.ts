import { ERASE_ROWS_PER_BATCH } from '../config/limits.ts';
import type { ClusteringKey, Table } from './ports/tables.ts';

/** Deletes all rows of a partition, a batch at a time. */
export async function erasePartition<CK extends ClusteringKey, R>(
  table: Table<CK, R>,
  pk: string,
): Promise<void> {
  for (;;) {
    const { rows, cursor } = await table.scan(pk, { limit: ERASE_ROWS_PER_BATCH });
    if (rows.length > 0) {
      await table.batch(
        pk,
        rows.map(({ ck }) => ({ delete: ck })),
      );
    }
    if (cursor === undefined) return;
  }
}
