/** The folders of a home library: what administrators add, and how far their files are taken in. */
import { type Static, Type } from 'typebox';
import { LIBRARY_PAGE_MAX } from '../../config/limits.ts';
import {
  Cursor,
  command,
  DurationMs,
  defineContract,
  Empty,
  Id,
  object,
  pageOf,
  query,
  TimeMs,
} from '../../kit/contract.ts';

const count = Type.Integer({ minimum: 0 });
const state = <const S extends string>(s: S) => Type.Literal(s);

const FolderState = Type.Union([
  object({ s: state('idle'), lastScanAtMs: Type.Optional(TimeMs), lastScanMs: Type.Optional(DurationMs) }),
  /** Another folder is read first. */
  object({ s: state('waiting') }),
  object({
    s: state('scanning'),
    done: count,
    /** Known once all files have been counted. */
    total: Type.Optional(count),
    perSecond: Type.Number({ minimum: 0 }),
    remainingMs: Type.Optional(DurationMs),
    refused: count,
  }),
  /** What was taken in of it stays as it is until it can be read again. */
  object({ s: state('unreadable'), why: Type.String() }),
]);
export type FolderState = Static<typeof FolderState>;

const FolderCounts = object({
  /** Songs that are served from this folder. */
  songs: count,
  files: count,
  /** Files whose song is served from a better one. */
  duplicates: count,
  refused: count,
  /** Files that were here; their songs are hidden until they come back. */
  gone: count,
  bytes: count,
});
export type FolderCounts = Static<typeof FolderCounts>;

export const Folder = object({
  folderId: Id,
  path: Type.String(),
  addedAtMs: TimeMs,
  /** Whether changes are seen as they happen; otherwise by a look from time to time. */
  watched: Type.Boolean(),
  state: FolderState,
  counts: FolderCounts,
});
export type Folder = Static<typeof Folder>;

const Refusal = object({ path: Type.String(), code: Type.String(), why: Type.String() });
const Path = Type.String({ minLength: 1, maxLength: 4096, pattern: '^[^\\u0000]+$' });
const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: LIBRARY_PAGE_MAX }));

export const libraryContract = defineContract({
  name: 'library',
  actions: {
    folders: query('The folders that music is taken in from', {
      params: Empty,
      result: object({ items: Type.Array(Folder) }),
    }),
    addFolder: command('Take in the music of a folder of this machine, now and as it changes', {
      params: object({ path: Path }),
      result: Folder,
      idempotent: true,
    }),
    removeFolder: command('Hide the songs of a folder; its files are left alone', {
      params: object({ folderId: Id }),
      result: Empty,
      idempotent: true,
    }),
    scan: command('Look through a folder, or through all, for what has changed', {
      params: object({ folderId: Type.Optional(Id) }),
      result: Empty,
      idempotent: true,
    }),
    refusals: query('Files of a folder that are not taken in, and why', {
      params: object({ folderId: Id, cursor: Type.Optional(Cursor), limit: Limit }),
      result: pageOf(Refusal),
    }),
  },
});

/** Topic of changes to folders: which one, as it is now; `folder` is absent when it was removed. */
export const LIBRARY_TOPIC = 'library';
export interface LibraryNews {
  readonly folderId: string;
  readonly folder?: Folder;
}
