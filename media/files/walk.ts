/** Finds the files of a folder, never leaving it. */
import type { Dirent } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { INGEST_FOLDER_DEPTH_MAX } from '../../config/limits.ts';
import { NotFoundError } from '../../kit/errors.ts';
import { isCompanion } from './beside.ts';
import type { RefusalCode } from './refusal.ts';

export type Found =
  | { readonly s: 'file'; readonly path: string }
  | { readonly s: 'refused'; readonly path: string; readonly refusal: RefusalCode };

/** @throws NotFoundError `IMPORT_FOLDER_NOT_FOUND` */
export async function folderRoot(folder: string): Promise<string> {
  try {
    const root = await realpath(folder);
    await readdir(root);
    return root;
  } catch (error) {
    throw new NotFoundError(
      'IMPORT_FOLDER_NOT_FOUND',
      `The folder ${folder} cannot be read (${(error as NodeJS.ErrnoException).code}); give an existing one.`,
    );
  }
}

/** In order of names. Hidden files, images and lyrics are passed over in silence: none is a song. */
export async function* walk(root: string): AsyncGenerator<Found> {
  yield* walkFolder(root, root, 0);
}

async function* walkFolder(root: string, folder: string, depth: number): AsyncGenerator<Found> {
  if (depth > INGEST_FOLDER_DEPTH_MAX) {
    yield { s: 'refused', path: folder, refusal: 'TOO_DEEP' };
    return;
  }
  const entries = await entriesOf(folder);
  if (!entries) {
    yield { s: 'refused', path: folder, refusal: 'UNREADABLE' };
    return;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) yield* walkFolder(root, path, depth + 1);
    else if (entry.isSymbolicLink()) yield* linkRefused(root, path);
    else if (!entry.isFile()) yield { s: 'refused', path, refusal: 'NOT_A_FILE' };
    else if (!isCompanion(entry.name)) yield { s: 'file', path };
  }
}

async function entriesOf(folder: string): Promise<Dirent[] | undefined> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return undefined;
  }
}

/** A link inside the folder needs no following: what it names is found where it lies. */
async function* linkRefused(root: string, path: string): AsyncGenerator<Found> {
  try {
    const target = await realpath(path);
    if (target !== root && !target.startsWith(root + sep)) {
      yield { s: 'refused', path, refusal: 'SYMLINK_LEAVES_FOLDER' };
    }
  } catch {
    yield { s: 'refused', path, refusal: 'SYMLINK_BROKEN' };
  }
}
