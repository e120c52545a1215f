/**
 * What the catalogue stores. A song's row is the truth; albums, artists and lists are derived from it.
 *
 * Rows of one shape lie in tables of their own. Where a shape changes in a way that rows as they are do not fit,
 * CATALOG_ROWS_VERSION grows, the tables get new names, and the journal fills them: see prepared.ts.
 */
import type { ListKey } from '../../kit/bucketed-list.ts';
import { type Tables, table } from '../../kit/ports/tables.ts';
import type { AlbumView, ArtistRef, ArtistView, Lyrics, SongRelease } from './contract.ts';
import type { Effect, Entry, Target } from './correct.ts';
import type { CorrectionView } from './corrections-contract.ts';

export type Packaged = Pick<SongRelease, 'loudness' | 'hasPreview'>;
export type Shown = Omit<SongRelease, 'lyrics'>;

export interface SongRow {
  /** Journal sequence of the event this row stands at. */
  readonly seq: number;
  /** What files say. */
  readonly release: Omit<SongRelease, 'lyrics'>;
  /** What corrections make of it; absent when they change nothing. */
  readonly shown?: Shown;
  readonly lyrics?: { readonly synced: boolean; readonly digest: string };
  /** What packaging has found out; it outlives later releases. */
  readonly packaged?: Packaged;
  readonly addedAtMs: number;
  readonly removed: boolean;
  /** False until album, artists and lists show this row. */
  readonly settled: boolean;
  /** Albums that may still show an earlier version of this song. */
  readonly staleAlbumIds: readonly string[];
  /** Places on lists where an earlier version may still stand. */
  readonly staleMarks: readonly Mark[];
}

/** Where a row of a list stands. */
export interface Mark extends ListKey {
  readonly list: string;
}

export interface AlbumArtist extends Omit<ArtistRef, 'artistId'> {
  readonly songCount: number;
  readonly genres: Readonly<Record<string, number>>;
  readonly about?: string;
  /** Sequence of the song that named the artist so. */
  readonly seq: number;
}

export interface AlbumRow {
  readonly view: AlbumView;
  /** In album order. */
  readonly songIds: readonly string[];
  readonly artists: Readonly<Record<string, AlbumArtist>>;
  readonly marks: readonly Mark[];
  readonly staleMarks: readonly Mark[];
}

/** What an artist's page and row need to know of one album, in a row of its own. */
export interface ArtistAlbum extends AlbumArtist {
  /** The artist is one of the album's, and does not merely appear on it. */
  readonly own: boolean;
  readonly type: AlbumView['type'];
  readonly coverId?: string;
}

export interface ArtistRow {
  readonly view: ArtistView;
  readonly marks: readonly Mark[];
  readonly staleMarks: readonly Mark[];
}

/** What one song, album or artist adds to the totals. */
export interface Share {
  readonly songs?: number;
  readonly albums?: number;
  readonly artists?: number;
  /** Display name by genre key. */
  readonly genres?: Readonly<Record<string, string>>;
  /** The same of an album. */
  readonly albumGenres?: Readonly<Record<string, string>>;
  readonly decade?: number;
}

/** `versionBefore` is that of the share's row when it was counted, 0 when there was none. */
export type PendingShare = readonly [key: string, share: Share, versionBefore: number];

export interface GenreTotal {
  readonly name: string;
  readonly songCount: number;
  readonly albumCount: number;
}

export interface TotalsRow {
  readonly songs: number;
  readonly albums: number;
  readonly artists: number;
  readonly genres: Readonly<Record<string, GenreTotal>>;
  /** Albums by first year of the decade. */
  readonly decades: Readonly<Record<string, number>>;
  /** Shares that are in these totals but perhaps not yet in their own rows. */
  readonly pending: readonly PendingShare[];
}

export interface TargetEffect {
  readonly target: Target;
  readonly effect: Effect;
}

/** What has been corrected of one song, album or artist. */
export interface CorrectedRow {
  readonly seq: number;
  readonly entries: readonly Entry[];
}

export interface CorrectionRow extends CorrectionView {
  /** Journal sequence of the event this row stands at. */
  readonly seq: number;
  readonly effects: readonly TargetEffect[];
  /** The artist or album that was found or made for it. */
  readonly went?: { readonly artistId?: string; readonly albumId?: string };
}

/** Which rows these are; what fills them from the journal is named by it. */
export const CATALOG_ROWS_VERSION = 2;

type Nothing = Record<string, never>;

export const songTable = table<[], SongRow>({
  name: 'catalog_song_2',
  partition: 'song_id',
  clustering: [],
  conditional: true,
});
/** Earlier lyrics of a corrected song stay: they are few, and a reader may be on its way to them. */
export const lyricsTable = table<[string], Lyrics>({
  name: 'catalog_lyrics',
  partition: 'song_id',
  clustering: [['digest', 'text']],
});
export const albumTable = table<[], AlbumRow>({
  name: 'catalog_album_2',
  partition: 'album_id',
  clustering: [],
  conditional: true,
});
export const albumSongTable = table<[string], Nothing>({
  name: 'catalog_album_song_2',
  partition: 'album_id',
  clustering: [['song_id', 'text']],
});
export const artistTable = table<[], ArtistRow>({
  name: 'catalog_artist_2',
  partition: 'artist_id',
  clustering: [],
  conditional: true,
});
/** Written for the album's row as it is: in the order of the artist's page. */
export const artistAlbumTable = table<[string, string], ArtistAlbum>({
  name: 'catalog_artist_album',
  partition: 'artist_id',
  clustering: [
    ['sort', 'text'],
    ['album_id', 'text'],
  ],
});
export const listTable = table<[string, string], Nothing>({
  name: 'catalog_list_2',
  partition: 'list_bucket',
  clustering: [
    ['sort', 'text'],
    ['id', 'text'],
  ],
});
export const listBucketTable = table<[string], Nothing>({
  name: 'catalog_list_bucket_2',
  partition: 'list',
  clustering: [['bucket', 'text']],
});
/** Partition: a target, see correct.ts. */
export const correctedTable = table<[], CorrectedRow>({
  name: 'catalog_corrected',
  partition: 'target',
  clustering: [],
  conditional: true,
});
export const correctionTable = table<[], CorrectionRow>({
  name: 'catalog_correction',
  partition: 'correction_id',
  clustering: [],
  conditional: true,
});
/** How far the corrections' journal has been put into these tables; no row: there was never a correction. */
export const correctionHeadTable = table<[], { readonly seq: number }>({
  name: 'catalog_correction_head',
  partition: 'scope',
  clustering: [],
  conditional: true,
});
/** Written once all that the journal held is in the tables. Partition: the version of the rows. */
export const preparedTable = table<[], { readonly atMs: number }>({
  name: 'catalog_prepared',
  partition: 'rows_version',
  clustering: [],
});
export const shareTable = table<[], Share>({
  name: 'catalog_share_2',
  partition: 'key',
  clustering: [],
  conditional: true,
});
export const totalsTable = table<[], TotalsRow>({
  name: 'catalog_totals_2',
  partition: 'scope',
  clustering: [],
  conditional: true,
});

export const catalogTables = (tables: Tables) => ({
  songs: tables.open(songTable),
  lyrics: tables.open(lyricsTable),
  albums: tables.open(albumTable),
  albumSongs: tables.open(albumSongTable),
  artists: tables.open(artistTable),
  artistAlbums: tables.open(artistAlbumTable),
  list: tables.open(listTable),
  listBuckets: tables.open(listBucketTable),
  corrected: tables.open(correctedTable),
  corrections: tables.open(correctionTable),
  correctionHead: tables.open(correctionHeadTable),
  shares: tables.open(shareTable),
  totals: tables.open(totalsTable),
  prepared: tables.open(preparedTable),
});
export type CatalogTables = ReturnType<typeof catalogTables>;
