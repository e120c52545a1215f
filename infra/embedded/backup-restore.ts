/**
 * Makes a data folder from a backup: all of it is checked before the first byte is written, it is written
 * beside its place, and it takes its place by one rename. Only an absent or empty folder is replaced, so a
 * running service never finds its folder changed.
 */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ConflictError, UnavailableError } from '../../kit/errors.ts';
import { isAlive } from '../../kit/is-alive.ts';
import { entriesIn } from './backup.ts';
import { copySynced, type Digested, digestOfFile, isAbsent, syncFolder } from './backup-files.ts';
import {
  damaged,
  findSnapshot,
  OBJECTS_FILE,
  objectsIn,
  PLAIN_FILES,
  pooled,
  type Snapshot,
  STORE_FILE,
} from './backup-manifest.ts';

export interface RestoreOptions {
  readonly backup: string;
  /** Absent: the newest. */
  readonly snapshotId?: string;
  readonly dataDir: string;
}

/**
 * Reads all of a snapshot and compares it with its digests.
 *
 * @throws NotFoundError `NO_SUCH_BACKUP`; ConflictError `BACKUP_DAMAGED`; UnsupportedError `BACKUP_NEWER`.
 */
export async function verifyBackup(backup: string, snapshotId?: string): Promise<Snapshot> {
  const snapshot = await findSnapshot(backup, snapshotId);
  const { files, objects } = snapshot.manifest;
  for (const name of [STORE_FILE, OBJECTS_FILE, PLAIN_FILES[0]]) {
    if (!files[name]) throw damaged(`snapshot ${snapshot.id} was taken without ${name}`);
  }
  for (const [name, expected] of Object.entries(files)) {
    await assertSame(name, expected, digested(join(snapshot.path, name)));
  }
  let count = 0;
  for await (const object of objectsIn(snapshot)) {
    const path = pooled(backup, object.sha256);
    await assertSame(`object ${object.key} (${path})`, object, digested(path));
    count++;
  }
  if (count !== objects.count) throw damaged(`${count} of ${objects.count} objects are listed`);
  return snapshot;
}

/**
 * @throws what `verifyBackup` throws; ConflictError `DATA_FOLDER_NOT_EMPTY`; UnavailableError
 *   `DATA_FOLDER_NOT_REPLACEABLE`.
 */
export async function restoreBackup({ backup, snapshotId, dataDir }: RestoreOptions): Promise<Snapshot> {
  const target = resolve(dataDir);
  await assertEmpty(target);
  const snapshot = await verifyBackup(backup, snapshotId);
  await mkdir(dirname(target), { recursive: true });
  await sweepDrafts(target);
  const draft = draftOf(target, process.pid);
  try {
    await write(snapshot, backup, draft);
    await takePlace(draft, target);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return snapshot;
}

async function write({ id, path, manifest }: Snapshot, backup: string, draft: string): Promise<void> {
  const made = new Set([draft, join(draft, 'store'), join(draft, 'objects')]);
  for (const folder of made) await mkdir(folder, { mode: 0o700 });
  for (const name of PLAIN_FILES) {
    const expected = manifest.files[name];
    if (expected) await assertSame(name, expected, copySynced(join(path, name), join(draft, name)));
  }
  await assertSame(
    STORE_FILE,
    manifest.files[STORE_FILE] as Digested,
    copySynced(join(path, STORE_FILE), join(draft, 'store', STORE_FILE)),
  );
  for await (const object of objectsIn({ id, path })) {
    const to = join(draft, 'objects', object.key);
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    for (let folder = dirname(to); !made.has(folder); folder = dirname(folder)) made.add(folder);
    await assertSame(`object ${object.key}`, object, copySynced(pooled(backup, object.sha256), to));
  }
  const entries = await entriesIn(join(draft, 'store'));
  for (const [name, count] of Object.entries(manifest.entries)) {
    if (entries[name] !== count) throw damaged(`${name} holds ${entries[name] ?? 0} of ${count} entries`);
  }
  for (const folder of made) await syncFolder(folder);
}

async function takePlace(draft: string, target: string): Promise<void> {
  try {
    await rename(draft, target);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') throw notEmpty(target);
    throw new UnavailableError(
      'DATA_FOLDER_NOT_REPLACEABLE',
      `${target} cannot be put into place (${message}). If a disk is mounted there, name a folder on it.`,
    );
  }
  await syncFolder(dirname(target));
}

const draftPrefix = (target: string): string => `.${basename(target)}.restoring-`;
const draftOf = (target: string, pid: number): string =>
  join(dirname(target), `${draftPrefix(target)}${pid}`);

/** Drafts of restores that were killed. */
async function sweepDrafts(target: string): Promise<void> {
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(draftPrefix(target))) continue;
    const pid = Number(name.slice(draftPrefix(target).length));
    if (pid === process.pid || !isAlive(pid)) {
      await rm(join(dirname(target), name), { recursive: true, force: true });
    }
  }
}

const digested = (path: string): Promise<Digested> =>
  digestOfFile(path).catch((error: unknown) => {
    if (isAbsent(error)) throw damaged(`${basename(path)} is missing`);
    throw error;
  });

async function assertSame(what: string, expected: Digested, found: Promise<Digested>): Promise<void> {
  const { bytes, sha256 } = await found;
  if (bytes !== expected.bytes || sha256 !== expected.sha256) throw damaged(`${what} has changed`);
}

async function assertEmpty(target: string): Promise<void> {
  const names = await readdir(target).catch((error: unknown) => {
    if (isAbsent(error)) return [];
    throw error;
  });
  if (names.length > 0) throw notEmpty(target);
}

const notEmpty = (target: string): ConflictError =>
  new ConflictError(
    'DATA_FOLDER_NOT_EMPTY',
    `${target} is not empty. Stop the service, move that folder away, and restore again.`,
  );
