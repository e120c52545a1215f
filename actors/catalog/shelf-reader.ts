/** The reading half: views from rows, with copies kept in the cache. */
import {
  ALBUM_SONGS_SHOWN_MAX,
  ARTIST_SECTION_ROUNDS_MAX,
  ARTISTS_OF_NAME_LOOKS_MAX,
  CATALOG_ITEM_TTL_MS,
  CATALOG_LIST_TTL_MS,
} from '../../config/limits.ts';
import type { BucketedList } from '../../kit/bucketed-list.ts';
import type { Cache } from '../../kit/ports/cache.ts';
import type { IdSource } from '../../kit/sources.ts';
import { ReadThrough } from './cached.ts';
import type { AlbumView, ArtistSection, ArtistView, Lyrics, Rung, SongView } from './contract.ts';
import { isKnown } from './derived.ts';
import { shownOf, songView } from './domain.ts';
import { ARTISTS, beforeName, genreKey, sameMark, songMarks } from './order.ts';
import type { Terms } from './rights.ts';
import type { ArtistAlbum, CatalogTables, Mark, SongRow } from './tables.ts';

/** A song as it is kept: what does not depend on who looks, and the terms that say who may hear it. */
export interface SongCard extends Terms {
  readonly view: Omit<SongView, 'unavailable'>;
  readonly rungs: Rung[];
  readonly lyricsDigest?: string;
  /** A correction has brought it into its album, whose title and cover it does not know by itself. */
  readonly isGuest?: true;
}

interface AlbumCard {
  readonly view: AlbumView;
  readonly songIds: readonly string[];
}

interface ArtistCard {
  readonly view: ArtistView;
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
  rights: shownOf(row).rights,
  rungs: shownOf(row).rungs,
  removed: row.removed,
  ...(row.lyrics && { lyricsDigest: row.lyrics.digest }),
  ...(shownOf(row).album.albumId !== row.release.album.albumId && { isGuest: true }),
});

function atHome(card: SongCard, home: AlbumCard | undefined): SongCard {
  if (!home) return card;
  const { albumId, title, coverId, loudness } = home.view;
  const album = { albumId, title, ...(coverId !== undefined && { coverId }), ...(loudness && { loudness }) };
  return { ...card, view: { ...card.view, album } };
}

const marksIn = (row: SongRow | undefined): readonly Mark[] => (row ? songMarks(row) : []);

const sectionOf = ({ own, type }: ArtistAlbum): ArtistSection => (own ? type : 'appearsOn');

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
    this.#pages = reads('catalog/page/', CATALOG_LIST_TTL_MS);
  }

  async song(songId: string): Promise<SongCard | undefined> {
    const card = await this.#songs.one(songId, async () => (await this.#cards([songId]))[0]);
    return (await this.#atHome([card], (ids) => this.albums(ids)))[0];
  }

  async songs(songIds: readonly string[]): Promise<(SongCard | undefined)[]> {
    const cards = await this.#songs.many(songIds, (missing) => this.#cards(missing));
    return this.#atHome(cards, (ids) => this.albums(ids));
  }

  albums(albumIds: readonly string[]): Promise<(AlbumCard | undefined)[]> {
    return this.#albums.many(albumIds, (missing) => this.storedAlbums(missing));
  }

  artists(artistIds: readonly string[]): Promise<(ArtistCard | undefined)[]> {
    return this.#artists.many(artistIds, (missing) => this.storedArtists(missing));
  }

  async storedSongs(songIds: readonly string[]): Promise<(SongCard | undefined)[]> {
    return this.#atHome(await this.#cards(songIds), (ids) => this.storedAlbums(ids));
  }

  async #cards(songIds: readonly string[]): Promise<(SongCard | undefined)[]> {
    return (await this.rows(songIds)).map((row) => row && cardOf(row));
  }

  async #atHome(
    cards: readonly (SongCard | undefined)[],
    albums: (albumIds: readonly string[]) => Promise<(AlbumCard | undefined)[]>,
  ): Promise<(SongCard | undefined)[]> {
    const homes = [...new Set(cards.flatMap((card) => (card?.isGuest ? card.view.album.albumId : [])))];
    if (homes.length === 0) return [...cards];
    const found = await albums(homes);
    const byId = new Map(homes.map((albumId, i) => [albumId, found[i]] as const));
    return cards.map((card) => (card?.isGuest ? atHome(card, byId.get(card.view.album.albumId)) : card));
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
    return rows.map((row) => (row && isKnown(row.view) ? { view: row.view } : undefined));
  }

  /** An artist's albums, newest first, and of each whether it is the artist's own. */
  async albumsOf(artistId: string, { limit, cursor }: PageOptions, section?: ArtistSection): Promise<IdPage> {
    const generation = await this.#generation();
    const key = `${generation}/artist/${artistId}/${section ?? ''}/${limit}/${cursor ?? ''}`;
    const page = await this.#pages.one<IdPage>(key, async () => {
      const ids: string[] = [];
      let next = cursor;
      for (let rounds = 0; rounds < ARTIST_SECTION_ROUNDS_MAX && ids.length < limit; rounds++) {
        const asked = { limit: limit - ids.length, ...(next !== undefined && { cursor: next }) };
        const { rows, cursor: after } = await this.#tables.artistAlbums.scan(artistId, asked);
        for (const { ck, row } of rows)
          if (section === undefined || sectionOf(row) === section) ids.push(ck[1]);
        next = after;
        if (next === undefined) return { ids };
      }
      return { ids, ...(next !== undefined && { nextCursor: next }) };
    });
    return page ?? { ids: [] };
  }

  /** An artist of this name, however it is capitalized. */
  async artistNamed(name: string): Promise<string | undefined> {
    const cursor = this.#list.cursorAfter(beforeName(name));
    const { items } = await this.#list.page(ARTISTS, { limit: ARTISTS_OF_NAME_LOOKS_MAX, cursor });
    const found = await this.storedArtists(items.map(({ key }) => key.id));
    return found.find((card) => card && genreKey(card.view.name) === genreKey(name))?.view.artistId;
  }

  async storedLyrics(songId: string, digest: string): Promise<Lyrics | undefined> {
    return this.#tables.lyrics.get(songId, [digest]);
  }

  row(songId: string): Promise<SongRow | undefined> {
    return this.#tables.songs.get(songId, []);
  }

  rows(songIds: readonly string[]): Promise<(SongRow | undefined)[]> {
    return this.#tables.songs.getMany(songIds.map((id) => [id, []] as const));
  }

  songsOn(list: string, options: PageOptions): Promise<IdPage> {
    return this.#page(list, options, async (keys) => (await this.#tables.songs.getMany(keys)).map(marksIn));
  }

  albumsOn(list: string, options: PageOptions): Promise<IdPage> {
    return this.#page(list, options, async (keys) =>
      (await this.#tables.albums.getMany(keys)).map((row) => row?.marks ?? []),
    );
  }

  artistsOn(list: string, options: PageOptions): Promise<IdPage> {
    return this.#page(list, options, async (keys) =>
      (await this.#tables.artists.getMany(keys)).map((row) => row?.marks ?? []),
    );
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
    marksOf: (keys: readonly (readonly [id: string, ck: []])[]) => Promise<(readonly Mark[])[]>,
  ): Promise<IdPage> {
    const generation = await this.#generation();
    const page = await this.#pages.one<IdPage>(`${generation}/${list}/${limit}/${cursor ?? ''}`, async () => {
      const { items, nextCursor } = await this.#list.page(list, {
        limit,
        ...(cursor !== undefined && { cursor }),
      });
      const marks = items.map(({ key }) => ({ ...key, list }));
      const actual = await marksOf(marks.map(({ id }) => [id, []] as const));
      const believed = marks.filter((mark, i) => actual[i]?.some((own) => sameMark(own, mark)));
      return { ids: believed.map(({ id }) => id), ...(nextCursor !== undefined && { nextCursor }) };
    });
    return page ?? { ids: [] };
  }
}
