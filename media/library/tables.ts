import type { Table, Tables } from '../../kit/ports/tables.ts';
import { table } from '../../kit/ports/tables.ts';
import type { FolderCounts } from './contract.ts';
import type { SongFile } from './song-file.ts';

export interface FolderRow {
  readonly path: string;
  readonly addedAtMs: number;
  readonly counts: FolderCounts;
  readonly lastScanAtMs?: number;
  readonly lastScanMs?: number;
  /** Why the last look found nothing to look at. */
  readonly unreadable?: string;
}

/** What decides whether songs without an album artist are one artist's album or a compilation. */
export interface Loose {
  /** Of the album. */
  readonly title: string;
  readonly artists: readonly string[];
  /** Whom the album was given to. */
  readonly albumArtist: string;
}

export type FileRow =
  | {
      /** `song`: served from this file. `copy`: served from a better one. `gone`: it was here. */
      readonly s: 'song' | 'copy' | 'gone';
      readonly state: string;
      readonly songId: string;
      readonly bytes: number;
      readonly loose?: Loose;
    }
  | { readonly s: 'refused'; readonly state: string };

export interface RefusalRow {
  readonly code: string;
  readonly why: string;
}

/** One partition: a person has a handful of folders. */
export const libraryFolders = table<readonly [string], FolderRow>({
  name: 'library_folders',
  partition: 'all_folders',
  clustering: [['folder_id', 'text']],
});

/** In the order of paths below the folder: a look through it is a merge of what is on disk and what is here. */
export const libraryFiles = table<readonly [string], FileRow>({
  name: 'library_files',
  partition: 'folder_id',
  clustering: [['path', 'text']],
});

export const libraryRefusals = table<readonly [string], RefusalRow>({
  name: 'library_refusals',
  partition: 'folder_id',
  clustering: [['path', 'text']],
});

/** Every file that holds a song's sound. A path can be longer than a key. */
export const librarySongFiles = table<readonly [string], SongFile>({
  name: 'library_song_files',
  partition: 'song_id',
  clustering: [['path_digest', 'text']],
});

export interface LibraryTables {
  readonly folders: Table<readonly [string], FolderRow>;
  readonly files: Table<readonly [string], FileRow>;
  readonly refusals: Table<readonly [string], RefusalRow>;
  readonly songFiles: Table<readonly [string], SongFile>;
}

export const FOLDERS = 'folders';

export const openLibraryTables = (tables: Tables): LibraryTables => ({
  folders: tables.open(libraryFolders),
  files: tables.open(libraryFiles),
  refusals: tables.open(libraryRefusals),
  songFiles: tables.open(librarySongFiles),
});
