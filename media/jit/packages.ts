/** The packages that were made of songs with a file, within a budget of disk: the least recently played go first. */
import { JIT_PLAYED_WRITTEN_EVERY_MS, TABLE_PAGE_ROWS_MAX } from '../../config/limits.ts';
import type { Objects } from '../../kit/ports/objects.ts';
import type { Table } from '../../kit/ports/tables.ts';
import type { Clock } from '../../kit/sources.ts';
import { deleteAll } from '../ingest/package.ts';
import { trackKeys } from '../package/names.ts';
import type { PackageRow } from './tables.ts';

const ALL = 'all';

export type Packages = Awaited<ReturnType<typeof openPackages>>;

export async function openPackages({
  objects,
  rows,
  clock,
}: {
  readonly objects: Objects;
  readonly rows: Table<readonly [string], PackageRow>;
  readonly clock: Clock;
}) {
  const known = new Map<string, PackageRow>();
  let cursor: string | undefined;
  do {
    const page = await rows.scan(ALL, {
      limit: TABLE_PAGE_ROWS_MAX,
      ...(cursor !== undefined && { cursor }),
    });
    for (const { ck, row } of page.rows) known.set(ck[0], row);
    cursor = page.cursor;
  } while (cursor !== undefined);

  const put = async (songId: string, row: PackageRow): Promise<void> => {
    await rows.put(ALL, [songId], row);
    known.set(songId, row);
  };

  /** The index first: who looks from then on finds no package. */
  const drop = async (songId: string): Promise<void> => {
    await objects.delete(trackKeys.index(songId));
    await deleteAll(trackKeys.prefix(songId), objects);
    await rows.delete(ALL, [songId]);
    known.delete(songId);
  };

  const bytes = (): number => known.values().reduce((sum, row) => sum + row.bytes, 0);

  return {
    get bytes(): number {
      return bytes();
    },

    has: (songId: string): boolean => known.get(songId)?.s === 'there',

    /** Songs whose packaging was broken off, cleared of what lies there. */
    async brokenOff(): Promise<string[]> {
      const songIds = [...known].filter(([, { s }]) => s === 'making').map(([songId]) => songId);
      const again: string[] = [];
      for (const songId of songIds) {
        const row = known.get(songId) as PackageRow;
        if (await objects.head(trackKeys.index(songId))) {
          await put(songId, { ...row, s: 'there' });
          continue;
        }
        await drop(songId);
        again.push(songId);
      }
      return again;
    },

    begin: (songId: string, estimatedBytes: number): Promise<void> =>
      put(songId, { s: 'making', bytes: estimatedBytes, lastPlayedAtMs: clock.nowMs() }),

    async end(songId: string, madeBytes: number): Promise<void> {
      const lastPlayedAtMs = known.get(songId)?.lastPlayedAtMs ?? clock.nowMs();
      await put(songId, { s: 'there', bytes: madeBytes, lastPlayedAtMs });
    },

    drop,

    async played(songId: string): Promise<void> {
      const row = known.get(songId);
      const nowMs = clock.nowMs();
      if (!row || row.lastPlayedAtMs + JIT_PLAYED_WRITTEN_EVERY_MS > nowMs) return;
      await put(songId, { ...row, lastPlayedAtMs: nowMs });
    },

    /**
     * Drops the least recently played of those that can be made again.
     * @returns whether as much may be added now
     */
    async makeRoom(
      neededBytes: number,
      budgetBytes: number,
      canBeMade: (songId: string) => Promise<boolean>,
    ): Promise<boolean> {
      const oldestFirst = [...known]
        .filter(([, { s }]) => s === 'there')
        .sort(([, a], [, b]) => a.lastPlayedAtMs - b.lastPlayedAtMs);
      for (const [songId] of oldestFirst) {
        if (bytes() + neededBytes <= budgetBytes) return true;
        if (await canBeMade(songId)) await drop(songId);
      }
      return bytes() + neededBytes <= budgetBytes;
    },
  };
}
