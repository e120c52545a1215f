/** The pool of objects that all snapshots of a backup share, each content once under its digest; and its sweeping. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { copySynced, isAbsent, syncFolder } from './backup-files.ts';
import {
  objectsIn,
  pooled,
  readSnapshot,
  type StoredObject,
  snapshotIds,
  snapshotsOf,
} from './backup-manifest.ts';

/** Names that begin with a dot are never believed: they are drafts, or on their way out. */
const REMOVED = '.removed-';

interface Wanted {
  readonly key: string;
  readonly etag: string;
  /** The same file in an earlier snapshot: what is in the pool already is not read again. */
  readonly known?: StoredObject;
}

const sizeOf = async (path: string): Promise<number | undefined> => {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
};

/** The file may be replaced meanwhile: what is opened stays what it was. */
export async function poolObject(
  path: string,
  backup: string,
  { key, etag, known }: Wanted,
): Promise<{ readonly object: StoredObject; readonly isNew: boolean }> {
  if (known && (await sizeOf(pooled(backup, known.sha256))) === known.bytes) {
    return { object: { ...known, key, etag }, isNew: false };
  }
  const draft = join(backup, 'objects', '.draft');
  await rm(draft, { force: true });
  const digested = await copySynced(path, draft);
  const target = pooled(backup, digested.sha256);
  const isNew = (await sizeOf(target)) !== digested.bytes;
  if (isNew) {
    if (await mkdir(dirname(target), { recursive: true, mode: 0o700 }))
      await syncFolder(join(backup, 'objects'));
    await rename(draft, target);
    await syncFolder(dirname(target));
  } else await rm(draft);
  return { object: { key, etag, ...digested }, isNew };
}

/** Removes what killed backups have left. */
export async function sweepDrafts(backup: string): Promise<void> {
  for (const folder of [snapshotsOf(backup), join(backup, 'objects')]) {
    for (const name of await readdir(folder)) {
      if (name.startsWith('.')) await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}

/** Removes all but the newest `keep` snapshots; resolves with the ids of those removed. */
export async function retire(backup: string, keep: number): Promise<string[]> {
  const removed = (await snapshotIds(backup)).slice(0, -keep);
  for (const id of removed) {
    const leaving = join(snapshotsOf(backup), `${REMOVED}${id}`);
    await rename(join(snapshotsOf(backup), id), leaving);
    await rm(leaving, { recursive: true, force: true });
  }
  return removed;
}

/**
 * Removes from the pool what no snapshot names.
 *
 * @throws ConflictError `BACKUP_DAMAGED` when a snapshot cannot be read: then nothing is removed.
 */
export async function dropUnused(backup: string): Promise<void> {
  const used = new Set<string>();
  for (const id of await snapshotIds(backup)) {
    for await (const { sha256 } of objectsIn(await readSnapshot(backup, id))) used.add(sha256);
  }
  const pool = join(backup, 'objects');
  for (const folder of await readdir(pool)) {
    for (const name of await readdir(join(pool, folder))) {
      if (!used.has(name)) await rm(join(pool, folder, name));
    }
  }
}
