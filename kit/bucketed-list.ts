/**
 * Ordered lists spread over partitions, so that a list of everything grows by buckets and no partition grows
 * without bound. Both engines read a page with a few range scans.
 *
 * Order is text order of bucket, sort, id. For newest first, sort by `newestFirst(ms)`.
 */
import { erasePartition } from './erase-partition.ts';
import { BadRequestError } from './errors.ts';
import type { Table } from './ports/tables.ts';

export interface ListKey {
  /** Its text order agrees with that of `sort`: each bucket is one stretch of the list. */
  readonly bucket: string;
  readonly sort: string;
  readonly id: string;
}

interface ListPage<R> {
  readonly items: readonly { readonly key: ListKey; readonly row: R }[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

export interface BucketedList<R> {
  put(list: string, key: ListKey, row: R): Promise<void>;
  delete(list: string, key: ListKey): Promise<void>;
  /** Deletes the whole list, also what other processes have put into it. */
  erase(list: string): Promise<void>;
  /** @throws BadRequestError `BAD_CURSOR` for a cursor that no page gave. */
  page(list: string, options: { readonly limit: number; readonly cursor?: string }): Promise<ListPage<R>>;
  /** A cursor for what comes after this key, whether there is such a row or not. */
  cursorAfter(key: ListKey): string;
}

interface BucketedTables<R> {
  /** Partition `<list>|<bucket>`, clustering (sort, id). */
  readonly rows: Table<[string, string], R>;
  /** Partition `<list>`, clustering (bucket): which buckets there are. */
  readonly buckets: Table<[string], Record<string, never>>;
}

const DIGITS = 15;
const TIME_MS_MAX = 10 ** DIGITS - 1;
const KNOWN_BUCKETS_MAX = 10_000;
const BUCKETS_PER_SCAN = 100;

/** Text that sorts a later time before an earlier one; also for hours or months since the epoch. */
export const newestFirst = (time: number): string => String(TIME_MS_MAX - time).padStart(DIGITS, '0');

const encode = ({ bucket, sort, id }: ListKey): string =>
  Buffer.from(JSON.stringify([bucket, sort, id])).toString('base64url');

function decode(cursor: string): ListKey {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(parts) && parts.length === 3 && parts.every((part) => typeof part === 'string')) {
      const [bucket, sort, id] = parts as [string, string, string];
      return { bucket, sort, id };
    }
  } catch {
    // Not JSON: the answer below fits that too.
  }
  throw new BadRequestError('BAD_CURSOR', 'This cursor is not one of ours; start again without a cursor.');
}

export function bucketedList<R>({ rows, buckets }: BucketedTables<R>): BucketedList<R> {
  // A bucket is announced once and stays, so that most puts write one row only.
  const known = new Map<string, { readonly list: string; readonly bucket: string }>();
  const partitionOf = (list: string, bucket: string) => `${list}|${bucket}`;

  async function* bucketsFrom(list: string, first: string | undefined): AsyncGenerator<string> {
    let cursor: string | undefined;
    do {
      const page = await buckets.scan(list, {
        limit: BUCKETS_PER_SCAN,
        ...(first !== undefined && { from: [first] as [string] }),
        ...(cursor !== undefined && { cursor }),
      });
      for (const { ck } of page.rows) yield ck[0];
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  return {
    async put(list, { bucket, sort, id }, row) {
      const partition = partitionOf(list, bucket);
      if (!known.has(partition)) {
        await buckets.put(list, [bucket], {});
        if (known.size >= KNOWN_BUCKETS_MAX) known.clear();
        known.set(partition, { list, bucket });
      }
      await rows.put(partition, [sort, id], row);
    },

    delete: (list, { bucket, sort, id }) => rows.delete(partitionOf(list, bucket), [sort, id]),

    async erase(list) {
      const found = new Set<string>();
      for await (const bucket of bucketsFrom(list, undefined)) found.add(bucket);
      // Another process may have erased a bucket's announcement, and this one put a row into it since.
      for (const at of known.values()) if (at.list === list) found.add(at.bucket);
      for (const bucket of found) {
        await erasePartition(rows, partitionOf(list, bucket));
        known.delete(partitionOf(list, bucket));
      }
      await erasePartition(buckets, list);
    },

    cursorAfter: encode,

    async page(list, { limit, cursor }) {
      const after = cursor === undefined ? undefined : decode(cursor);
      const items: { key: ListKey; row: R }[] = [];
      for await (const bucket of bucketsFrom(list, after?.bucket)) {
        const start = after?.bucket === bucket ? after : undefined;
        // One row more than the page tells whether another page follows, another one is where we start.
        const page = await rows.scan(partitionOf(list, bucket), {
          limit: limit - items.length + (start ? 2 : 1),
          ...(start && { from: [start.sort, start.id] as [string, string] }),
        });
        for (const { ck, row } of page.rows) {
          const [sort, id] = ck;
          if (start && sort === start.sort && id === start.id) continue;
          items.push({ key: { bucket, sort, id }, row });
        }
        if (items.length > limit) break;
      }
      const last = items[limit - 1];
      if (items.length <= limit || !last) return { items };
      return { items: items.slice(0, limit), nextCursor: encode(last.key) };
    },
  };
}
