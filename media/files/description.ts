/** What is said of a song, wherever it was read: its tags and the files beside it, or a label's delivery. */
import type { ArtistRef, Credit, Lyrics, RightsWindow, SongRelease } from '../../actors/catalog/contract.ts';

/** An artist before it has an id. */
export type ArtistName = Omit<ArtistRef, 'artistId'>;

type SongFacts = Pick<
  SongRelease,
  | 'title'
  | 'sortTitle'
  | 'displayArtist'
  | 'work'
  | 'movement'
  | 'recordingMbid'
  | 'discNumber'
  | 'trackNumber'
  | 'explicit'
  | 'language'
  | 'year'
  | 'isrc'
  | 'loudness'
>;
type AlbumFacts = Omit<SongRelease['album'], 'albumId' | 'artists' | 'coverId'>;

export interface SongDescription extends Readonly<SongFacts> {
  /** At least one. */
  readonly artists: readonly ArtistName[];
  readonly album: Readonly<AlbumFacts> & { readonly artists: readonly ArtistName[] };
  readonly genres: readonly string[];
  readonly moods: readonly string[];
  readonly credits: readonly Credit[];
  readonly rights: readonly RightsWindow[];
  readonly artistAbout?: Readonly<Record<string, string>>;
  readonly lyrics?: SongLyrics;
  /** An image file's bytes: JPEG, PNG, WebP or GIF. */
  readonly cover?: Uint8Array;
}

export type SongLyrics = Omit<Lyrics, 'songId'>;
