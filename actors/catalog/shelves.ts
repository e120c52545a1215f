/**
 * The writing half: from journaled events to rows.
 *
 * A song's row moves by compare-and-set along the journal's sequence. Albums, artists and lists are derived
 * from it again from the start each time, so every step may be cut short and repeated. A row of a list or of
 * an album's songs is a hint: readers believe it only when the row it points to agrees.
 */
import { isDeepStrictEqual } from 'node:util';
import { ARTIST_ALBUMS_MAX, CATALOG_WRITE_ATTEMPTS_MAX } from '../../config/limits.ts';
import { type BucketedList, bucketedList } from '../../kit/bucketed-list.ts';
import { coalesce } from '../../kit/coalesce.ts';
import { UnavailableError } from '../../kit/errors.ts';
import type { JournalRecord } from '../../kit/ports/journal.ts';
import type { Cas, Table } from '../../kit/ports/tables.ts';
import { albumRowOf, artistRowOf, type CatalogRecord, emptiedAlbum, rowAfter } from './domain.ts';
import { albumsOf, artistOf, sameMark, songMark } from './order.ts';
import type { AlbumRow, ArtistRow, CatalogTables, Mark, SongRow } from './tables.ts';

type Recorded = Pick<JournalRecord, 'seq' | 'atMs'>;

const SCAN_MAX = 500;

/** Whose copies are out of date now. */
interface Touched {
  readonly albumIds: readonly string[];
  readonly artistIds: readonly string[];
}

interface Shelves {
  /** Brings everything that shows the song in step with a journaled event; repeating it changes nothing. */
  apply(record: CatalogRecord, at: Recorded): Promise<Touched>;
  /** Finishes what a crash has left undone for this song. */
  settle(songId: string): Promise<Touched>;
  readonly list: BucketedList<Record<string, never>>;
}

const contended = () =>
  new UnavailableError('CATALOG_CONTENDED', 'Too many writers change this at once; try again in a moment.');

/** Repeats `attempt` until it says that it was applied. */
async function untilApplied(attempt: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < CATALOG_WRITE_ATTEMPTS_MAX; i++) if (await attempt()) return;
  throw contended();
}

const applied = (cas: Cas<unknown>): boolean => cas.s === 'applied';

export function openShelves(tables: CatalogTables): Shelves {
  const { songs, albums, albumSongs, artists } = tables;
  const list = bucketedList({ rows: tables.list, buckets: tables.listBuckets });

  const putMarks = (marks: readonly Mark[]) =>
    Promise.all(marks.map((mark) => list.put(mark.list, mark, {})));
  const dropMarks = (marks: readonly Mark[]) =>
    Promise.all(marks.map((mark) => list.delete(mark.list, mark)));

  async function songsOfAlbum(albumId: string): Promise<SongRow[]> {
    const rows: SongRow[] = [];
    let cursor: string | undefined;
    do {
      const page = await albumSongs.scan(albumId, { limit: SCAN_MAX, ...(cursor && { cursor }) });
      const found = await songs.getMany(page.rows.map(({ ck: [songId] }) => [songId, []] as const));
      for (const row of found) {
        if (row && !row.removed && row.release.album.albumId === albumId) rows.push(row);
      }
      cursor = page.cursor;
    } while (cursor);
    return rows;
  }

  async function albumsOfArtist(artistId: string): Promise<AlbumRow[]> {
    const { items } = await list.page(albumsOf(artistId), { limit: ARTIST_ALBUMS_MAX });
    const found = await albums.getMany(items.map(({ key }) => [key.id, []] as const));
    return found.filter((row, i): row is AlbumRow => {
      const key = items[i]?.key;
      return Boolean(
        row && key && row.marks.some((mark) => sameMark(mark, { ...key, list: albumsOf(artistId) })),
      );
    });
  }

  /**
   * Writes a derived row. New marks go in before the row, stale ones out after it: a crash leaves a mark too
   * many, which readers ignore and the row remembers. A writer that comes between makes one of the two
   * compare-and-sets fail, and all is derived anew.
   */
  async function derive<R extends AlbumRow | ArtistRow>(
    rows: Table<[], R>,
    id: string,
    next: (before: R | undefined) => Promise<R | undefined>,
    written: (row: R) => Promise<unknown> = async () => {},
  ): Promise<void> {
    await untilApplied(async () => {
      const before = await rows.getVersioned(id, []);
      const row = await next(before?.row);
      if (!row) return true;
      await putMarks(row.marks);
      // Writing what is there already would only send rivals around again; whoever read before it was written
      // still cannot write over it.
      const cas =
        before && isDeepStrictEqual(row, before.row)
          ? ({ s: 'applied', version: before.version } as const)
          : before
            ? await rows.compareAndSet(id, [], before.version, row)
            : await rows.insertIfAbsent(id, [], row);
      if (cas.s !== 'applied') return false;
      await dropMarks(row.staleMarks);
      await written(row);
      if (row.staleMarks.length === 0) return true;
      return applied(await rows.compareAndSet(id, [], cas.version, { ...row, staleMarks: [] }));
    });
  }

  const deriveArtist = coalesce((artistId) =>
    derive<ArtistRow>(artists, artistId, async (before) =>
      artistRowOf(artistId, await albumsOfArtist(artistId), before),
    ),
  );

  /** Derives an album and all its artists, also those who have just left it; their ids. */
  const deriveAlbum = coalesce(async (albumId) => {
    const touched = new Set<string>();
    await derive<AlbumRow>(
      albums,
      albumId,
      async (before) => {
        const inAlbum = await songsOfAlbum(albumId);
        return inAlbum.length > 0 ? albumRowOf(inAlbum, before) : before && emptiedAlbum(before);
      },
      async (row) => {
        const artistIds = [...row.marks, ...row.staleMarks].flatMap(({ list: name }) => artistOf(name) ?? []);
        for (const artistId of artistIds) touched.add(artistId);
        await Promise.all(artistIds.map(deriveArtist));
      },
    );
    return touched;
  });

  async function settle(songId: string): Promise<Touched> {
    const albumIds = new Set<string>();
    const artistIds = new Set<string>();
    await untilApplied(async () => {
      const found = await songs.getVersioned(songId, []);
      // Whoever overtook an earlier attempt may have settled before that attempt's last hints were written.
      const overtaken = albumIds.size > 0;
      if (!found || (found.row.settled && !overtaken)) return true;
      const { row, version } = found;
      const home = row.removed ? undefined : row.release.album.albumId;
      for (const albumId of [row.release.album.albumId, ...row.staleAlbumIds]) albumIds.add(albumId);
      const mark = songMark(row);
      await Promise.all([
        home === undefined ? dropMarks([mark]) : putMarks([mark]),
        ...[...albumIds].map((albumId) =>
          albumId === home ? albumSongs.put(albumId, [songId], {}) : albumSongs.delete(albumId, [songId]),
        ),
      ]);
      const touched = await Promise.all([...albumIds].map(deriveAlbum));
      for (const ids of touched) for (const artistId of ids) artistIds.add(artistId);
      // Settled by who came first: it is enough that these hints were written for the row as it still is.
      if (row.settled) return (await songs.getVersioned(songId, []))?.version === version;
      return applied(
        await songs.compareAndSet(songId, [], version, { ...row, settled: true, staleAlbumIds: [] }),
      );
    });
    return { albumIds: [...albumIds], artistIds: [...artistIds] };
  }

  return {
    list,
    settle,
    async apply(record, at) {
      const { songId, release } = record;
      const lyrics = release?.lyrics;
      await untilApplied(async () => {
        const before = await songs.getVersioned(songId, []);
        if (before && before.row.seq >= at.seq) return true;
        const row = rowAfter(before?.row, record, at);
        if (!row) return true;
        // Kept by digest and before the row that names it, so that a row never promises what is not there.
        if (lyrics && row.lyrics) await tables.lyrics.put(songId, [row.lyrics.digest], lyrics);
        return applied(
          before
            ? await songs.compareAndSet(songId, [], before.version, row)
            : await songs.insertIfAbsent(songId, [], row),
        );
      });
      return settle(songId);
    },
  };
}
