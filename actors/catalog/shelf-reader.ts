/** The reading half: views from rows, with copies kept in the cache. */
import {
  ALBUM_SONGS_SHOWN_MAX,
  ARTIST_SONGS_SHOWN_MAX,
  CATALOG_ITEM_TTL_MS,
  CATALOG_LIST_TTL_MS,
} from '../../config/limits.ts';
import type { BucketedList } from '../../kit/bucketed-list.ts';
import type { Cache } from '../../kit/ports/cache.ts';
import type { IdSource } from '../../kit/sources.ts';
import { ReadThrough } from './cached.ts';
import type { AlbumView, ArtistView, Lyrics, Rung, SongView } from './contract.ts';
import { songView } from './domain.ts';
import { ARTISTS, SONGS, sameMark, songMark } from './order.ts';
import type { Terms } from './rights.ts';
import type { CatalogTables, Mark, SongRow } from './tables.ts';

/** A song as it is kept: what does not depend on who looks, and the terms that say who may hear it. */
export interface SongCard extends Terms {
  readonly view: Omit<SongView, 'unavailable'>;
  readonly rungs: Rung[];
  readonly lyricsDigest?: string;
}

interface AlbumCard {
  readonly view: AlbumView;
  readonly songIds: readonly string[];
}

interface ArtistCard {
  readonly view: ArtistView;
  readonly albumIds: readonly string[];
}

export interface IdPage {
  readonly ids: readonly string[];
  readonly nextCursor?: string;
}

interface PageOptions {
  readonly limit: number;
  readonly cursor?: string;
}

const cardOf = (row: SongRow): SongCard => ({
  view: songView(row),
  rights: row.release.rights,
  rungs: row.release.rungs,
  removed: row.removed,
  ...(row.lyrics && { lyricsDigest: row.lyrics.digest }),
});

/** A random name, new with every change of the catalogue that any process makes. */
const GENERATION = 'catalog/generation';

export class ShelfReader {
  readonly #tables: CatalogTables;
  readonly #list: BucketedList<Record<string, never>>;
  readonly #cache: Cache;
  readonly #ids: IdSource;
  readonly #songs: ReadThrough;
  readonly #albums: ReadThrough;
  readonly #artists: ReadThrough;
  readonly #artistSongs: ReadThrough;
  readonly #pages: ReadThrough;

  constructor(tables: CatalogTables, list: BucketedList<Record<string, never>>, cache: Cache, ids: IdSource) {
    this.#tables = tables;
    this.#list = list;
    this.#cache = cache;
    this.#ids = ids;
    const reads = (prefix: string, ttlMs: number) =>
      new ReadThrough(cache, { prefix, ttlMs, generation: () => this.#generation() });
    this.#songs = reads('catalog/song/', CATALOG_ITEM_TTL_MS);
    this.#albums = reads('catalog/album/', CATALOG_ITEM_TTL_MS);
    this.#artists = reads('catalog/artist/', CATALOG_ITEM_TTL_MS);
    this.#artistSongs = reads('catalog/artist-songs/', CATALOG_ITEM_TTL_MS);
    this.#pages = reads('catalog/page/', CATALOG_LIST_TTL_MS);
  }

  song(songId: string): Promise<SongCard | undefined> {
    return this.#songs.one(songId, async () => (await this.storedSongs([songId]))[0]);
  }

  songs(songIds: readonly string[]): Promise<(SongCard | undefined)[]> {
    return this.#songs.many(songIds, (missing) => this.storedSongs(missing));
  }

  albums(albumIds: readonly string[]): Promise<(AlbumCard | undefined)[]> {
    return this.#albums.many(albumIds, (missing) => this.storedAlbums(missing));
  }

  artists(artistIds: readonly string[]): Promise<(ArtistCard | undefined)[]> {
    return this.#artists.many(artistIds, (missing) => this.storedArtists(missing));
  }

  async storedSongs(songIds: readonly string[]): Promise<(SongCard | undefined)[]> {
    const rows = await this.#tables.songs.getMany(songIds.map((id) => [id, []] as const));
    return rows.map((row) => row && cardOf(row));
  }

  async storedAlbums(albumIds: readonly string[]): Promise<(AlbumCard | undefined)[]> {
    const rows = await this.#tables.albums.getMany(albumIds.map((id) => [id, []] as const));
    return rows.map((row) =>
      row && row.songIds.length > 0
        ? { view: row.view, songIds: row.songIds.slice(0, ALBUM_SONGS_SHOWN_MAX) }
        : undefined,
    );
  }

  async storedArtists(artistIds: readonly string[]): Promise<(ArtistCard | undefined)[]> {
    const rows = await this.#tables.artists.getMany(artistIds.map((id) => [id, []] as const));
    return rows.map((row) =>
      row && row.view.albumCount > 0 ? { view: row.view, albumIds: row.albumIds } : undefined,
    );
  }

  /** Songs by the artist in the order of these albums, and within each in album order. */
  async songIdsBy(artistId: string, albumIds: readonly string[]): Promise<readonly string[]> {
    const ids = await this.#artistSongs.one(artistId, async () => {
      const albums = await this.#tables.albums.getMany(albumIds.map((id) => [id, []] as const));
      const theirs: string[] = [];
      for (const album of albums) {
        if (!album?.artists[artistId]?.songCount) continue;
        const cards = await this.songs(album.songIds);
        for (const card of cards) {
          if (card && !card.removed && card.view.artists.some((ref) => ref.artistId === artistId)) {
            theirs.push(card.view.songId);
          }
        }
        if (theirs.length >= ARTIST_SONGS_SHOWN_MAX) break;
      }
      return theirs.slice(0, ARTIST_SONGS_SHOWN_MAX);
    });
    return ids ?? [];
  }

  async storedLyrics(songId: string, digest: string): Promise<Lyrics | undefined> {
    return this.#tables.lyrics.get(songId, [digest]);
  }

  row(songId: string): Promise<SongRow | undefined> {
    return this.#tables.songs.get(songId, []);
  }

  allSongs(options: PageOptions): Promise<IdPage> {
    return this.#page(SONGS, options, async (marks) => {
      const rows = await this.#tables.songs.getMany(marks.map(({ id }) => [id, []] as const));
      return rows.map((row) => (row && !row.removed ? [songMark(row)] : []));
    });
  }

  albumsOn(list: string, options: PageOptions): Promise<IdPage> {
    return this.#page(list, options, async (marks) => {
      const rows = await this.#tables.albums.getMany(marks.map(({ id }) => [id, []] as const));
      return rows.map((row) => row?.marks ?? []);
    });
  }

  allArtists(options: PageOptions): Promise<IdPage> {
    return this.#page(ARTISTS, options, async (marks) => {
      const rows = await this.#tables.artists.getMany(marks.map(({ id }) => [id, []] as const));
      return rows.map((row) => row?.marks ?? []);
    });
  }

  /** Drops every copy that a change to these has made old; lists all at once, under a new generation. */
  async drop(changed: {
    readonly songIds: readonly string[];
    readonly albumIds: readonly string[];
    readonly artistIds: readonly string[];
  }): Promise<void> {
    await this.#newGeneration();
    await Promise.all([
      this.#songs.drop(changed.songIds),
      this.#albums.drop(changed.albumIds),
      this.#artists.drop(changed.artistIds),
      this.#artistSongs.drop(changed.artistIds),
    ]);
  }

  async #generation(): Promise<string> {
    return (await this.#cache.get<string>(GENERATION)) ?? (await this.#newGeneration());
  }

  async #newGeneration(): Promise<string> {
    const generation = this.#ids.next();
    await this.#cache.set(GENERATION, generation, CATALOG_ITEM_TTL_MS);
    return generation;
  }

  async #page(
    list: string,
    { limit, cursor }: PageOptions,
    marksOf: (marks: readonly Mark[]) => Promise<(readonly Mark[])[]>,
  ): Promise<IdPage> {
    const generation = await this.#generation();
    const page = await this.#pages.one<IdPage>(`${generation}/${list}/${limit}/${cursor ?? ''}`, async () => {
      const { items, nextCursor } = await this.#list.page(list, {
        limit,
        ...(cursor !== undefined && { cursor }),
      });
      const marks = items.map(({ key }) => ({ ...key, list }));
      const actual = await marksOf(marks);
      const believed = marks.filter((mark, i) => actual[i]?.some((own) => sameMark(own, mark)));
      return { ids: believed.map(({ id }) => id), ...(nextCursor !== undefined && { nextCursor }) };
    });
    return page ?? { ids: [] };
  }
}
