/**
 * Forgetting an owner whose rows are written by consumers in several processes, some of them late.
 *
 * The deletion is marked first and erased then; whoever has written for an owner asks for the mark after the
 * write. Whichever of the two comes last erases, also when a process dies between its write and its question:
 * its records come again.
 */
import { ERASED_ACCOUNT_TTL_MS, SECOND_MS } from '../config/limits.ts';
import type { JournalRecord } from './ports/journal.ts';
import type { Table } from './ports/tables.ts';

/** By owner, one row a partition; written plainly. */
export type ErasureMarks = Table<[], { readonly erased: true }>;

export interface ErasureDeps {
  readonly marks: ErasureMarks;
  /** Deletes everything that there is of the owner; may be repeated. */
  readonly forget: (ownerId: string) => Promise<void>;
  /** The owner whom a record of the deletions' stream declares deleted. */
  readonly deletedIn: (data: unknown) => string | undefined;
}

export interface Erasure {
  /** Handles the stream that tells of deletions. */
  readonly handle: (records: readonly JournalRecord[]) => Promise<void>;
  /** After rows of these owners were written: forgets those who are deleted; gives those who are not. */
  afterWriting(ownerIds: Iterable<string>): Promise<ReadonlySet<string>>;
}

export function createErasure({ marks, forget, deletedIn }: ErasureDeps): Erasure {
  const ttl = { ttlSec: ERASED_ACCOUNT_TTL_MS / SECOND_MS };
  return {
    async handle(records) {
      for (const { data } of records) {
        const ownerId = deletedIn(data);
        if (ownerId === undefined) continue;
        await marks.put(ownerId, [], { erased: true }, ttl);
        await forget(ownerId);
      }
    },
    async afterWriting(ownerIds) {
      const unique = [...new Set(ownerIds)];
      const found = await marks.getMany(unique.map((ownerId) => [ownerId, []] as const));
      const living = new Set<string>();
      for (const [i, ownerId] of unique.entries()) {
        if (found[i]) await forget(ownerId);
        else living.add(ownerId);
      }
      return living;
    },
  };
}
