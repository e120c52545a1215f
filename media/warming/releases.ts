/** Which songs begin to be available when: kept in a table, since a release can be known months before its day. */
import type { CatalogEvent } from '../../actors/catalog/contract.ts';
import {
  DAY_MS,
  SECOND_MS,
  WARM_RELEASE_AFTER_MS,
  WARM_RELEASE_LEAD_MS,
  WARM_RELEASES_MAX,
} from '../../config/limits.ts';
import { NotFoundError } from '../../kit/errors.ts';
import { type Tables, table } from '../../kit/ports/tables.ts';
import type { Clock } from '../../kit/sources.ts';
import type { DueRelease } from './domain.ts';
import type { Catalog } from './ports.ts';

/** A row stays a day beyond its hour. */
export const releaseTable = table<[number, string], { readonly countries: readonly string[] }>({
  name: 'warming_releases',
  partition: 'day',
  clustering: [
    ['fromMs', 'number'],
    ['songId', 'text'],
  ],
});

const dayOf = (ms: number): string => String(Math.floor(ms / DAY_MS));

export interface Releases {
  /** Takes in what the catalogue tells of a song; again as often as one likes. */
  note(event: CatalogEvent): Promise<void>;
  /** Those whose hour is near, as the catalogue has them now. */
  due(nowMs: number): Promise<DueRelease[]>;
}

export function createReleases({
  tables,
  catalog,
  clock,
}: {
  readonly tables: Tables;
  readonly catalog: Catalog;
  readonly clock: Clock;
}): Releases {
  const rows = tables.open(releaseTable);

  /** By the moment at which they begin, the countries in which the song then begins to be available. */
  async function beginnings(songId: string): Promise<Map<number, readonly string[]>> {
    const { rights } = await catalog.credits({ songId }).catch((error: unknown) => {
      if (error instanceof NotFoundError) return { rights: [] };
      throw error;
    });
    const found = new Map<number, readonly string[]>();
    for (const { fromMs, regions } of rights) {
      if (fromMs === undefined) continue;
      const others = found.get(fromMs);
      const isEverywhere = regions.length === 0 || others?.length === 0;
      found.set(fromMs, isEverywhere ? [] : [...(others ?? []), ...regions]);
    }
    return found;
  }

  return {
    async note({ type, songId }) {
      if (type !== 'songReleased') return;
      const nowMs = clock.nowMs();
      for (const [fromMs, countries] of await beginnings(songId)) {
        if (fromMs <= nowMs) continue;
        const ttlSec = Math.ceil((fromMs - nowMs + DAY_MS) / SECOND_MS);
        await rows.put(dayOf(fromMs), [fromMs, songId], { countries }, { ttlSec });
      }
    },
    async due(nowMs) {
      const [fromMs, toMs] = [nowMs - WARM_RELEASE_AFTER_MS, nowMs + WARM_RELEASE_LEAD_MS];
      const due: DueRelease[] = [];
      for (const day of new Set([dayOf(fromMs), dayOf(toMs)])) {
        const page = await rows.scan(day, { from: [fromMs], to: [toMs], limit: WARM_RELEASES_MAX });
        due.push(
          ...page.rows.map(({ ck: [at, songId], row }) => ({ songId, fromMs: at, countries: row.countries })),
        );
      }
      return due;
    },
  };
}
