/**
 * Writes albums and artists as their songs make them.
 *
 * New marks go in before a row, stale ones out after it: a crash leaves a mark too many, which readers ignore
 * and the row remembers. A writer that comes between makes a compare-and-set fail, and all is derived anew.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  ALBUM_SONGS_MAX,
  ARTIST_ALBUMS_MAX,
  CATALOG_READ_CHUNK,
  CATALOG_WRITE_ATTEMPTS_MAX,
} from '../../config/limits.ts';
import { breathe } from '../../kit/breathe.ts';
import type { BucketedList } from '../../kit/bucketed-list.ts';
import { coalesce } from '../../kit/coalesce.ts';
import { UnavailableError } from '../../kit/errors.ts';
import type { Table, Versioned } from '../../kit/ports/tables.ts';
import { albumRowOf, artistAlbumOf, artistRowOf, emptiedAlbum } from './derived.ts';
import { shownOf } from './domain.ts';
import { artistOf, sameMark } from './order.ts';
import type { AlbumRow, ArtistAlbum, ArtistRow, CatalogTables, Mark, SongRow } from './tables.ts';

interface Derived {
  /**
   * Derives albums and the artists that this changes, whose ids it gives. Of albums that are `whole` only what
   * is new is written; of others also what should be there already: after a crash it may not be.
   */
  albums(albums: readonly AlbumToDerive[]): Promise<Set<string>>;
}

export interface AlbumToDerive {
  readonly albumId: string;
  readonly isWhole: boolean;
}

/** A written album, and the artists whose pages this changes. */
interface Written {
  readonly touched: readonly string[];
  readonly row: AlbumRow;
  readonly version: number;
}

const contended = () =>
  new UnavailableError('CATALOG_CONTENDED', 'Too many writers change this at once; try again in a moment.');

export function openDerived(tables: CatalogTables, list: BucketedList<Record<string, never>>): Derived {
  const { songs, albums, albumSongs, artists, artistAlbums } = tables;

  const putMark = (mark: Mark) => list.put(mark.list, mark, {});
  const dropMark = (mark: Mark) => list.delete(mark.list, mark);

  async function songsOfAlbum(albumId: string): Promise<SongRow[]> {
    const rows: SongRow[] = [];
    let cursor: string | undefined;
    do {
      const page = await albumSongs.scan(albumId, { limit: CATALOG_READ_CHUNK, ...(cursor && { cursor }) });
      const found = await songs.getMany(page.rows.map(({ ck: [songId] }) => [songId, []] as const));
      for (const row of found) {
        if (row && !row.removed && shownOf(row).album.albumId === albumId) rows.push(row);
      }
      cursor = page.cursor;
      if (cursor) await breathe();
    } while (cursor && rows.length < ALBUM_SONGS_MAX);
    return rows.slice(0, ALBUM_SONGS_MAX);
  }

  async function albumsOfArtist(artistId: string): Promise<ArtistAlbum[]> {
    const found: ArtistAlbum[] = [];
    let cursor: string | undefined;
    do {
      const page = await artistAlbums.scan(artistId, {
        limit: CATALOG_READ_CHUNK,
        ...(cursor && { cursor }),
      });
      for (const { row } of page.rows) found.push(row);
      cursor = page.cursor;
      if (cursor) await breathe();
    } while (cursor && found.length < ARTIST_ALBUMS_MAX);
    return found.slice(0, ARTIST_ALBUMS_MAX);
  }

  /**
   * Writing what is there already would only send rivals around again; whoever read before it was written
   * still cannot write over it.
   */
  async function write<R>(
    rows: Table<[], R>,
    id: string,
    before: Versioned<R> | undefined,
    row: R,
  ): Promise<number | undefined> {
    if (before && isDeepStrictEqual(row, before.row)) return before.version;
    const cas = before
      ? await rows.compareAndSet(id, [], before.version, row)
      : await rows.insertIfAbsent(id, [], row);
    return cas.s === 'applied' ? cas.version : undefined;
  }

  /** Whether nobody has come between; what was stale has been dropped. */
  async function withoutStale<R extends AlbumRow | ArtistRow>(
    rows: Table<[], R>,
    id: string,
    row: R,
    version: number,
  ): Promise<boolean> {
    if (row.staleMarks.length === 0) return true;
    return (await rows.compareAndSet(id, [], version, { ...row, staleMarks: [] })).s === 'applied';
  }

  const hasMark = (row: AlbumRow | ArtistRow | undefined, mark: Mark): boolean =>
    row?.marks.some((own) => sameMark(own, mark)) ?? false;

  async function artistOnce(artistId: string): Promise<boolean> {
    const before = await artists.getVersioned(artistId, []);
    const row = artistRowOf(artistId, await albumsOfArtist(artistId), before?.row);
    if (!row) return true;
    await Promise.all(row.marks.map(putMark));
    const version = await write(artists, artistId, before, row);
    if (version === undefined) return false;
    await Promise.all(row.staleMarks.map(dropMark));
    return withoutStale(artists, artistId, row, version);
  }

  /** One attempt: undefined when somebody came between, `gone` when there never was such an album. */
  async function albumOnce(albumId: string, anew: boolean): Promise<Written | 'gone' | undefined> {
    const before = await albums.getVersioned(albumId, []);
    const inAlbum = await songsOfAlbum(albumId);
    const row = inAlbum.length > 0 ? albumRowOf(inAlbum, before?.row) : before && emptiedAlbum(before.row);
    if (!row) return 'gone';
    const known = anew ? undefined : before?.row;
    const lists = row.marks.filter((mark) => artistOf(mark.list) === undefined && !hasMark(known, mark));
    await Promise.all(lists.map(putMark));
    const version = await write(albums, albumId, before, row);
    if (version === undefined) return undefined;
    const changed = row.marks.flatMap((mark) => {
      const artistId = artistOf(mark.list);
      const now = artistId === undefined ? undefined : artistAlbumOf(row, artistId);
      if (artistId === undefined || !now) return [];
      const was = hasMark(known, mark) && known ? artistAlbumOf(known, artistId) : undefined;
      return was && isDeepStrictEqual(was, now) ? [] : [{ artistId, mark, now }];
    });
    const left = row.staleMarks.flatMap((mark) => artistOf(mark.list) ?? []);
    await Promise.all([
      ...changed.map(({ artistId, mark, now }) => artistAlbums.put(artistId, [mark.sort, mark.id], now)),
      ...row.staleMarks.map((mark) => {
        const artistId = artistOf(mark.list);
        return artistId === undefined ? dropMark(mark) : artistAlbums.delete(artistId, [mark.sort, mark.id]);
      }),
    ]);
    const touched = [...new Set([...changed.map(({ artistId }) => artistId), ...left])];
    // What was put for this row must not stay when another row has come meanwhile.
    if (changed.length > 0 && (await albums.getVersioned(albumId, []))?.version !== version) return undefined;
    return { touched, row, version };
  }

  const albumDeriver = (anew: boolean) =>
    coalesce(async (albumId): Promise<Written | 'gone'> => {
      for (let i = 0; i < CATALOG_WRITE_ATTEMPTS_MAX; i++) {
        const written = await albumOnce(albumId, anew || i > 0);
        if (written) return written;
      }
      throw contended();
    });
  const [album, albumAnew] = [albumDeriver(false), albumDeriver(true)];

  const artist = coalesce(async (artistId) => {
    for (let i = 0; i < CATALOG_WRITE_ATTEMPTS_MAX; i++) if (await artistOnce(artistId)) return;
    throw contended();
  });

  return {
    async albums(given) {
      const artistIds = new Set<string>();
      let left = given;
      for (let i = 0; i < CATALOG_WRITE_ATTEMPTS_MAX; i++) {
        const written = await Promise.all(
          left.map(({ albumId, isWhole }) => (isWhole ? album(albumId) : albumAnew(albumId))),
        );
        const touched = new Set(written.flatMap((one) => (one === 'gone' ? [] : one.touched)));
        for (const id of touched) artistIds.add(id);
        await Promise.all([...touched].map(artist));
        // Last, since until then the row remembers which artists have left it.
        const held = await Promise.all(
          written.map((one, k) => {
            const { albumId } = left[k] as AlbumToDerive;
            return one === 'gone' || withoutStale(albums, albumId, one.row, one.version);
          }),
        );
        left = left.filter((_, k) => !held[k]).map(({ albumId }) => ({ albumId, isWhole: false }));
        if (left.length === 0) return artistIds;
      }
      throw contended();
    },
  };
}
