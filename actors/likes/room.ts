/**
 * Room for more likes: how many there are, kept beside them without a conditional write. Devices that save at
 * the same moment can make it wrong by one each, so it is counted anew from time to time, and before a refusal.
 */
import { LIKES_COUNTED_EVERY, LIKES_MAX, LIKES_PER_SCAN } from '../../config/limits.ts';
import { ConflictError } from '../../kit/errors.ts';
import type { Table } from '../../kit/ports/tables.ts';
import type { LikeCount } from './tables.ts';

interface RoomTables {
  readonly counts: Table<[], LikeCount>;
  readonly byTime: Table<[number, string], Record<string, never>>;
}

export interface Room {
  /** @throws ConflictError `TOO_MANY_LIKES`. */
  assertFree(userId: string): Promise<void>;
  changed(userId: string, by: 1 | -1): Promise<void>;
}

export function createRoom({ counts, byTime }: RoomTables): Room {
  async function counted(userId: string): Promise<number> {
    let count = 0;
    let cursor: string | undefined;
    do {
      const page = await byTime.scan(userId, { limit: LIKES_PER_SCAN, ...(cursor && { cursor }) });
      count += page.rows.length;
      cursor = page.cursor;
    } while (cursor !== undefined);
    await counts.put(userId, [], { count });
    return count;
  }

  return {
    async assertFree(userId) {
      const count = (await counts.get(userId, []))?.count;
      const isSure = count !== undefined && count < LIKES_MAX && count % LIKES_COUNTED_EVERY !== 0;
      if (isSure || (await counted(userId)) < LIKES_MAX) return;
      throw new ConflictError(
        'TOO_MANY_LIKES',
        `You have saved ${LIKES_MAX} songs, which is the most there is room for; take one out first.`,
      );
    },
    async changed(userId, by) {
      const known = await counts.get(userId, []);
      if (known) await counts.put(userId, [], { count: Math.max(0, known.count + by) });
    },
  };
}
