/** Finds the files of a folder, never leaving it, in the order in which the tables hold paths. */
import { type Dirent, readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, extname, join, sep } from 'node:path';
import { INGEST_FOLDER_DEPTH_MAX, LIBRARY_PATH_BYTES_MAX } from '../../config/limits.ts';
import { NotFoundError } from '../../kit/errors.ts';
import { COVER_NAME, isCompanion } from './beside.ts';
import type { RefusalCode } from './refusal.ts';

export interface FoundFile {
  readonly s: 'file';
  readonly path: string;
  /** Names beside it of files that may belong to it. */
  readonly lyrics?: string;
  readonly cover?: string;
}

export type Found =
  | FoundFile
  | { readonly s: 'refused'; readonly path: string; readonly refusal: RefusalCode }
  /** All that lies in a folder and below it has been told. */
  | { readonly s: 'left'; readonly path: string };

/** @throws NotFoundError `IMPORT_FOLDER_NOT_FOUND` */
export function folderRoot(folder: string): string {
  try {
    const root = realpathSync(folder);
    readdirSync(root);
    return root;
  } catch (error) {
    throw new NotFoundError(
      'IMPORT_FOLDER_NOT_FOUND',
      `The folder ${folder} cannot be read (${(error as NodeJS.ErrnoException).code}); give an existing one.`,
    );
  }
}

/**
 * What lies in `folder`, by the bytes of its path. Hidden files and what belongs to music without being any
 * (images, lyrics, lists, notes) are passed over in silence.
 *
 * Reads as it is asked, without waiting: it is for processes that do nothing else meanwhile.
 * @param root what may not be left
 */
export function* walk(root: string, folder = root, depth = 0): Generator<Found> {
  const entries = depth > INGEST_FOLDER_DEPTH_MAX ? 'TOO_DEEP' : entriesOf(folder);
  if (typeof entries === 'string') {
    yield { s: 'refused', path: folder, refusal: entries };
    return;
  }
  const beside = namesBeside(entries);
  for (const entry of entries) {
    const { name } = entry;
    const path = join(folder, name);
    if (name.startsWith('.')) continue;
    if (entry.isDirectory()) yield* walk(root, path, depth + 1);
    else if (entry.isSymbolicLink()) yield* linkRefused(root, path);
    else if (isCompanion(name) && entry.isFile()) continue;
    else if (!entry.isFile()) yield { s: 'refused', path, refusal: 'NOT_A_FILE' };
    else if (Buffer.byteLength(path) > LIBRARY_PATH_BYTES_MAX)
      yield { s: 'refused', path, refusal: 'PATH_TOO_LONG' };
    else yield { s: 'file', path, ...beside(name) };
  }
  yield { s: 'left', path: folder };
}

/** A file as the walk finds it; undefined when it is not there. */
export function fileAt(path: string): FoundFile | undefined {
  const entries = entriesOf(dirname(path));
  const name = basename(path);
  if (typeof entries === 'string' || !entries.some((entry) => entry.name === name && entry.isFile()))
    return undefined;
  return { s: 'file', path, ...namesBeside(entries)(name) };
}

/** Names beside a file that may belong to it. */
function namesBeside(entries: readonly Dirent[]): (name: string) => Pick<FoundFile, 'lyrics' | 'cover'> {
  const words = new Map<string, string>();
  for (const { name } of entries) if (/\.lrc$/i.test(name)) words.set(stem(name), name);
  const cover = entries.find(({ name }) => COVER_NAME.test(name))?.name;
  return (name) => {
    const lyrics = words.get(stem(name));
    return { ...(lyrics !== undefined && { lyrics }), ...(cover !== undefined && { cover }) };
  };
}

const stem = (name: string): string => name.slice(0, name.length - extname(name).length);

function entriesOf(folder: string): Dirent[] | 'UNREADABLE' {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    const keyed = entries.map((entry) => ({
      entry,
      key: entry.isDirectory() ? `${entry.name}/` : entry.name,
    }));
    return keyed.sort((a, b) => byBytes(a.key, b.key)).map(({ entry }) => entry);
  } catch {
    return 'UNREADABLE';
  }
}

/** The order of UTF-8, in which surrogates come last. */
export function byBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

/** A link inside the folder needs no following: what it names is found where it lies. */
function* linkRefused(root: string, path: string): Generator<Found> {
  try {
    const target = realpathSync(path);
    if (target !== root && !target.startsWith(root + sep)) {
      yield { s: 'refused', path, refusal: 'SYMLINK_LEAVES_FOLDER' };
    }
  } catch {
    yield { s: 'refused', path, refusal: 'SYMLINK_BROKEN' };
  }
}
