/**
 * How many songs, albums, artists and songs of a genre there are, kept exact without counting everything.
 *
 * Each song, album and artist has a share of the totals. A change writes the new totals together with the
 * new shares as `pending` (one compare-and-set), then the shares themselves; whoever comes next after a
 * crash writes the pending ones first. A share is written over the version it was counted from, so one that
 * comes late changes nothing. So no share is ever added twice, however often an event comes.
 */
import { CATALOG_WRITE_ATTEMPTS_MAX, GENRES_COUNTED_MAX } from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import { isKnown } from './derived.ts';
import { shownOf } from './domain.ts';
import { decadeOf, genreKey } from './order.ts';
import type {
  AlbumRow,
  CatalogTables,
  GenreTotal,
  PendingShare,
  Share,
  SongRow,
  TotalsRow,
} from './tables.ts';

const SCOPE = 'all';
const NONE: TotalsRow = { songs: 0, albums: 0, artists: 0, genres: {}, decades: {}, pending: [] };

interface Counted {
  readonly songIds: readonly string[];
  readonly albumIds: readonly string[];
  readonly artistIds: readonly string[];
}

const contended = () =>
  new UnavailableError('CATALOG_CONTENDED', 'Too many writers count at once; try again in a moment.');

const byKey = (genres: readonly string[]): Record<string, string> =>
  Object.fromEntries(genres.map((name) => [genreKey(name), name]));

const songShare = (row: SongRow | undefined): Share =>
  row && !row.removed ? { songs: 1, genres: byKey(shownOf(row).genres) } : {};

function albumShare(row: AlbumRow | undefined): Share {
  if (!row?.songIds.length) return {};
  const decade = decadeOf(row.view);
  return { albums: 1, albumGenres: byKey(row.view.genres), ...(decade !== undefined && { decade }) };
}

/** The totals without the shares of `before` and with those of `after`. Pure. */
function exchange(totals: TotalsRow, before: readonly Share[], after: readonly Share[]): TotalsRow {
  const counts = { songs: totals.songs, albums: totals.albums, artists: totals.artists };
  const genres = new Map(Object.entries(totals.genres));
  const decades = new Map(Object.entries(totals.decades));
  const count = (shares: Share['genres'], of: 'songCount' | 'albumCount', sign: 1 | -1): void => {
    for (const [key, name] of Object.entries(shares ?? {})) {
      const was = genres.get(key);
      if (!was && (sign < 0 || genres.size >= GENRES_COUNTED_MAX)) continue;
      const base: GenreTotal = was ?? { name, songCount: 0, albumCount: 0 };
      const now = { ...base, name: sign > 0 ? name : base.name, [of]: base[of] + sign };
      if (now.songCount > 0 || now.albumCount > 0) genres.set(key, now);
      else genres.delete(key);
    }
  };
  const add = (share: Share, sign: 1 | -1): void => {
    counts.songs += sign * (share.songs ?? 0);
    counts.albums += sign * (share.albums ?? 0);
    counts.artists += sign * (share.artists ?? 0);
    count(share.genres, 'songCount', sign);
    count(share.albumGenres, 'albumCount', sign);
    if (share.decade !== undefined) {
      const albumCount = (decades.get(String(share.decade)) ?? 0) + sign;
      if (albumCount > 0) decades.set(String(share.decade), albumCount);
      else decades.delete(String(share.decade));
    }
  };
  // Adding first keeps a genre alive whose only song is corrected.
  for (const share of after) add(share, 1);
  for (const share of before) add(share, -1);
  return {
    ...counts,
    genres: Object.fromEntries(genres),
    decades: Object.fromEntries(decades),
    pending: totals.pending,
  };
}

export class Totals {
  readonly #tables: CatalogTables;

  constructor(tables: CatalogTables) {
    this.#tables = tables;
  }

  async read(): Promise<TotalsRow> {
    return (await this.#tables.totals.get(SCOPE, [])) ?? NONE;
  }

  /** Counts these as they are stored now, whatever was counted for them before. */
  async recount(changed: Counted): Promise<void> {
    for (let i = 0; i < CATALOG_WRITE_ATTEMPTS_MAX; i++) if (await this.#attempt(changed)) return;
    throw contended();
  }

  async #attempt(changed: Counted): Promise<boolean> {
    const { totals, shares } = this.#tables;
    const found = await totals.getVersioned(SCOPE, []);
    const current = found?.row ?? NONE;
    if (!(await this.#putShares(current.pending))) return false;
    const after = await this.#sharesNow(changed);
    const before = await Promise.all(after.map(([key]) => shares.getVersioned(key, [])));
    const moved = after
      .map(([key, now], i) => ({ key, now, was: before[i]?.row ?? {}, version: before[i]?.version ?? 0 }))
      .filter(({ now, was }) => JSON.stringify(now) !== JSON.stringify(was));
    if (moved.length === 0) return true;
    const next: TotalsRow = {
      ...exchange(
        current,
        moved.map(({ was }) => was),
        moved.map(({ now }) => now),
      ),
      pending: moved.map(({ key, now, version }) => [key, now, version] as const),
    };
    const cas = found
      ? await totals.compareAndSet(SCOPE, [], found.version, next)
      : await totals.insertIfAbsent(SCOPE, [], next);
    if (cas.s !== 'applied') return false;
    // What is in doubt stays pending, and the next attempt writes it before it counts anything.
    return this.#putShares(next.pending);
  }

  /** Whether all of them are known to be written, by us or by someone before us. */
  async #putShares(pending: readonly PendingShare[]): Promise<boolean> {
    const { shares } = this.#tables;
    const written = await Promise.all(
      pending.map(([key, share, versionBefore]) =>
        versionBefore > 0
          ? shares.compareAndSet(key, [], versionBefore, share)
          : shares.insertIfAbsent(key, [], share),
      ),
    );
    return written.every(({ s }) => s !== 'unknown');
  }

  async #sharesNow(changed: Counted): Promise<(readonly [key: string, share: Share])[]> {
    const { songs, albums, artists } = this.#tables;
    const [songRows, albumRows, artistRows] = await Promise.all([
      songs.getMany(changed.songIds.map((id) => [id, []] as const)),
      albums.getMany(changed.albumIds.map((id) => [id, []] as const)),
      artists.getMany(changed.artistIds.map((id) => [id, []] as const)),
    ]);
    return [
      ...changed.songIds.map((id, i) => [`song/${id}`, songShare(songRows[i])] as const),
      ...changed.albumIds.map((id, i) => [`album/${id}`, albumShare(albumRows[i])] as const),
      ...changed.artistIds.map((id, i) => {
        const row = artistRows[i];
        return [`artist/${id}`, row && isKnown(row.view) ? { artists: 1 } : {}] as const;
      }),
    ];
  }
}
