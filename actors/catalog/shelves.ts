/**
 * The writing half: from journaled events to rows.
 *
 * A song's row moves by compare-and-set along the journal's sequence. Albums, artists and lists are derived
 * from it again from the start each time, so every step may be cut short and repeated. A row of a list or of
 * an album's songs is a hint: readers believe it only when the row it points to agrees.
 *
 * Songs come in batches, and what several of them share is derived once a batch.
 */
import { CATALOG_WRITE_ATTEMPTS_MAX } from '../../config/limits.ts';
import { type BucketedList, bucketedList } from '../../kit/bucketed-list.ts';
import { UnavailableError } from '../../kit/errors.ts';
import type { JournalRecord } from '../../kit/ports/journal.ts';
import type { Versioned } from '../../kit/ports/tables.ts';
import { openDerived } from './derive.ts';
import { type CatalogRecord, rowAfter, shownOf } from './domain.ts';
import { songMarks } from './order.ts';
import type { CatalogTables, Mark, SongRow } from './tables.ts';

/** What the journal says of a song, and where. */
export type Recorded = Pick<JournalRecord, 'seq' | 'atMs'> & { readonly event: CatalogRecord };

/** Whose copies are out of date now. */
export interface Touched {
  readonly albumIds: readonly string[];
  readonly artistIds: readonly string[];
}

export interface Shelves {
  /** Brings everything that shows these songs in step with journaled events; repeating it changes nothing. */
  apply(records: readonly Recorded[]): Promise<Touched>;
  /** Finishes what a crash has left undone for these songs. */
  settle(songIds: readonly string[]): Promise<Touched>;
  readonly list: BucketedList<Record<string, never>>;
}

/** A song on its way to the shelves. */
interface Arrival {
  readonly songId: string;
  readonly found: Versioned<SongRow>;
  /** Nobody has been at it before, so that what the row before it names is in place. */
  readonly fresh: boolean;
  /** Whoever overtook an earlier attempt may have settled before that attempt's last hints were written. */
  readonly overtaken: boolean;
}

const contended = () =>
  new UnavailableError('CATALOG_CONTENDED', 'Too many writers change this at once; try again in a moment.');

export function openShelves(tables: CatalogTables): Shelves {
  const { songs, albumSongs } = tables;
  const list = bucketedList({ rows: tables.list, buckets: tables.listBuckets });
  const derived = openDerived(tables, list);

  const putMarks = (marks: readonly Mark[]) => marks.map((mark) => list.put(mark.list, mark, {}));
  const dropMarks = (marks: readonly Mark[]) => marks.map((mark) => list.delete(mark.list, mark));

  /** Moves a song's row along its records; undefined when there is no such song. */
  async function move(songId: string, records: readonly Recorded[]): Promise<Arrival | undefined> {
    for (let i = 0; i < CATALOG_WRITE_ATTEMPTS_MAX; i++) {
      const before = await songs.getVersioned(songId, []);
      let row = before?.row;
      for (const { event, ...at } of records) {
        if (row && row.seq >= at.seq) continue;
        row = rowAfter(row, event, at) ?? row;
        const lyrics = event.release?.lyrics;
        // Kept by digest and before the row that names it, so that a row never promises what is not there.
        if (lyrics && row?.lyrics) await tables.lyrics.put(songId, [row.lyrics.digest], lyrics);
      }
      if (!row) return undefined;
      const arrival = { songId, overtaken: false };
      if (before && row === before.row) return { ...arrival, found: before, fresh: false };
      const cas = before
        ? await songs.compareAndSet(songId, [], before.version, row)
        : await songs.insertIfAbsent(songId, [], row);
      if (cas.s === 'applied') {
        const fresh = i === 0 && (!before || before.row.settled);
        return { ...arrival, found: { row, version: cas.version }, fresh };
      }
    }
    throw contended();
  }

  const albumIdsOf = ({ found: { row } }: Arrival): string[] => [
    ...new Set([shownOf(row).album.albumId, ...row.staleAlbumIds]),
  ];

  /** Puts a song where its row says, and takes it from where an earlier one said. */
  async function place(arrival: Arrival): Promise<void> {
    const { songId, found } = arrival;
    const { row } = found;
    const home = row.removed ? undefined : shownOf(row).album.albumId;
    await Promise.all([
      ...putMarks(songMarks(row)),
      ...dropMarks(row.staleMarks),
      ...albumIdsOf(arrival).map((albumId) =>
        albumId === home ? albumSongs.put(albumId, [songId], {}) : albumSongs.delete(albumId, [songId]),
      ),
    ]);
  }

  /** Undefined when nothing is left to do for the song; else how it comes again. */
  async function finish(arrival: Arrival): Promise<Arrival | undefined> {
    const { songId, found } = arrival;
    const { row, version } = found;
    if (row.settled) {
      // Settled by who came first: it is enough that these hints were written for the row as it still is.
      const now = await songs.getVersioned(songId, []);
      return !now || now.version === version ? undefined : { ...arrival, found: now, overtaken: true };
    }
    const settled = { ...row, settled: true, staleAlbumIds: [], staleMarks: [] };
    const cas = await songs.compareAndSet(songId, [], version, settled);
    if (cas.s === 'applied') return undefined;
    const now = await songs.getVersioned(songId, []);
    return now && { songId, found: now, fresh: false, overtaken: true };
  }

  async function settleAll(arrivals: readonly Arrival[]): Promise<Touched> {
    const albumIds = new Set<string>();
    const artistIds = new Set<string>();
    let left = arrivals;
    for (let i = 0; i < CATALOG_WRITE_ATTEMPTS_MAX; i++) {
      left = left.filter(({ found, overtaken }) => !found.row.settled || overtaken);
      if (left.length === 0) return { albumIds: [...albumIds], artistIds: [...artistIds] };
      await Promise.all(left.map(place));
      const whole = new Map<string, boolean>();
      for (const arrival of left) {
        for (const albumId of albumIdsOf(arrival)) {
          whole.set(albumId, arrival.fresh && (whole.get(albumId) ?? true));
        }
      }
      const artists = await derived.albums([...whole].map(([albumId, isWhole]) => ({ albumId, isWhole })));
      for (const id of whole.keys()) albumIds.add(id);
      for (const id of artists) artistIds.add(id);
      const again = await Promise.all(left.map(finish));
      left = again.filter((arrival) => arrival !== undefined);
    }
    throw contended();
  }

  return {
    list,
    async settle(songIds) {
      const arrivals = await Promise.all(songIds.map((songId) => move(songId, [])));
      return settleAll(arrivals.filter((arrival) => arrival !== undefined));
    },
    async apply(records) {
      const bySong = Map.groupBy(records, ({ event }) => event.songId);
      const arrivals = await Promise.all([...bySong].map(([songId, of]) => move(songId, of)));
      return settleAll(arrivals.filter((arrival) => arrival !== undefined));
    },
  };
}
