/** What is said of a song, wherever it was read: its tags and the files beside it, or a label's delivery. */
import type { AlbumView, Credit, Lyrics, RightsWindow } from '../../actors/catalog/contract.ts';

export interface SongDescription {
  readonly title: string;
  /** Names; at least one. */
  readonly artists: readonly string[];
  readonly album: {
    readonly title: string;
    readonly artists: readonly string[];
    readonly type: AlbumView['type'];
    readonly releasedAtMs?: number;
    readonly label?: string;
  };
  /** From 1. */
  readonly discNumber: number;
  /** 0 when unknown. */
  readonly trackNumber: number;
  readonly explicit: boolean;
  readonly genres: readonly string[];
  readonly moods: readonly string[];
  readonly language?: string;
  readonly year?: number;
  readonly isrc?: string;
  readonly credits: readonly Credit[];
  readonly rights: readonly RightsWindow[];
  readonly artistAbout?: Readonly<Record<string, string>>;
  readonly lyrics?: SongLyrics;
  /** An image file's bytes: JPEG, PNG, WebP or GIF. */
  readonly cover?: Uint8Array;
}

export type SongLyrics = Omit<Lyrics, 'songId'>;
