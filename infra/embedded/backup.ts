/**
 * Takes a backup of a data folder while services run on it.
 *
 * The store first, then the objects: LMDB gives one moment of everything that was acknowledged by then, and
 * an object is put before anything refers to it, so that all that this moment refers to is there to be copied.
 */
import { mkdir, open as openFile, readdir, realpath, rename, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { open } from 'lmdb';
import { BACKUP_KEEP_MIN, BACKUP_OBJECT_PASSES_MAX } from '../../config/limits.ts';
import { BadRequestError, ConflictError, NotFoundError, UnavailableError } from '../../kit/errors.ts';
import type { Objects } from '../../kit/ports/objects.ts';
import type { Clock } from '../../kit/sources.ts';
import {
  copySynced,
  type Digested,
  digestOfFile,
  isAbsent,
  syncFolder,
  writeSynced,
} from './backup-files.ts';
import {
  claimBackup,
  lineOf,
  manifestOf,
  OBJECTS_FILE,
  objectsIn,
  PLAIN_FILES,
  readSnapshot,
  type Snapshot,
  STORE_FILE,
  type StoredObject,
  snapshotIdAt,
  snapshotIds,
  snapshotsOf,
  writeManifest,
} from './backup-manifest.ts';
import { dropUnused, poolObject, retire, sweepDrafts } from './backup-pool.ts';
import { type Holder, lockFile } from './folder-lock.ts';
import { openObjects } from './objects.ts';

const LOCK_FILE = 'backup.lock';

export interface BackupOptions {
  readonly dataDir: string;
  /** An empty or new folder, or that of an earlier backup. */
  readonly into: string;
  /** How many snapshots stay, this one included; absent: all. */
  readonly keep?: number;
  readonly appVersion: string;
  readonly clock: Clock;
}

export interface BackupTaken {
  readonly snapshot: Snapshot;
  readonly objectsCopied: number;
  readonly bytesCopied: number;
  readonly snapshotsRemoved: readonly string[];
  /** Whether the service's secret is in the snapshot; if not, it came from a setting. */
  readonly hasSecrets: boolean;
}

/**
 * @throws NotFoundError `NO_DATA_FOLDER`; BadRequestError `BACKUP_INSIDE_DATA`, `BAD_KEEP`; ConflictError
 *   `BACKUP_FOLDER_FOREIGN`, `BACKUP_UNDER_WAY`; UnavailableError `BACKUP_OBJECTS_CHANGING`.
 */
export async function takeBackup(options: BackupOptions): Promise<BackupTaken> {
  const { into, keep, clock, appVersion } = options;
  if (keep !== undefined && !(Number.isInteger(keep) && keep >= BACKUP_KEEP_MIN)) {
    throw new BadRequestError('BAD_KEEP', `At least ${BACKUP_KEEP_MIN} snapshot must be kept.`);
  }
  const dataDir = await dataFolder(options.dataDir);
  assertOutside(dataDir, into);
  await claimBackup(into);
  await using _lock = await lockBackup(into);
  await sweepDrafts(into);

  const takenAtMs = clock.nowMs();
  const id = snapshotIdAt(takenAtMs);
  const draft = join(snapshotsOf(into), `.draft-${id}`);
  await mkdir(draft, { mode: 0o700 });
  const store = await copyStore(join(dataDir, 'store'), draft);
  const plain = await copyPlainFiles(dataDir, draft);
  const objects = await copyObjects(await openObjects(join(dataDir, 'objects'), clock), dataDir, into);
  const list = await writeSynced(join(draft, OBJECTS_FILE), linesOf(objects.stored));
  const manifest = manifestOf({
    appVersion,
    takenAtMs,
    files: { [STORE_FILE]: store.file, [OBJECTS_FILE]: list, ...plain },
    entries: store.entries,
    objects: {
      count: objects.stored.length,
      bytes: objects.stored.reduce((sum, { bytes }) => sum + bytes, 0),
    },
  });
  await writeManifest(draft, manifest);
  await syncFolder(draft);
  const path = join(snapshotsOf(into), id);
  await rename(draft, path);
  await syncFolder(snapshotsOf(into));

  const snapshotsRemoved = keep === undefined ? [] : await retire(into, keep);
  await dropUnused(into);
  return {
    snapshot: { id, path, manifest },
    objectsCopied: objects.copied,
    bytesCopied: objects.bytesCopied + store.file.bytes,
    snapshotsRemoved,
    hasSecrets: 'secrets.json' in plain,
  };
}

async function dataFolder(dataDir: string): Promise<string> {
  const names = await readdir(dataDir).catch((error: unknown): string[] => {
    if (isAbsent(error)) return [];
    throw error;
  });
  if (names.includes('store') && names.includes(PLAIN_FILES[0])) return realpath(dataDir);
  throw new NotFoundError(
    'NO_DATA_FOLDER',
    `${dataDir} is no data folder of this service. Set ANTIPHON_DATA to the one to back up.`,
  );
}

function assertOutside(dataDir: string, into: string): void {
  const way = relative(dataDir, into);
  if (way === '' || !(way.startsWith('..') || way.startsWith('/'))) {
    throw new BadRequestError(
      'BACKUP_INSIDE_DATA',
      'A backup inside the data folder would be lost with it. Name a folder elsewhere, best on another disk.',
    );
  }
}

/** LMDB writes a compacted copy from one read transaction, while others go on writing. */
async function copyStore(
  store: string,
  draft: string,
): Promise<{ file: Digested; entries: Record<string, number> }> {
  const env = open({ path: store, readOnly: true, maxDbs: 16, encoding: 'string' });
  try {
    await env.backup(draft, true);
  } finally {
    await env.close();
  }
  const entries = await entriesIn(draft);
  const path = join(draft, STORE_FILE);
  const file = await openFile(path, 'r+');
  try {
    await file.chmod(0o600);
    await file.sync();
  } finally {
    await file.close();
  }
  return { file: await digestOfFile(path), entries };
}

/** How many entries each database of an LMDB environment has; proves that it can be opened. */
export async function entriesIn(folder: string): Promise<Record<string, number>> {
  const env = open({ path: folder, readOnly: true, maxDbs: 16, encoding: 'string' });
  try {
    const names = [...env.getKeys()].map(String);
    return Object.fromEntries(
      names.map((name) => {
        const { entryCount } = env.openDB({ name, encoding: 'string' }).getStats() as { entryCount: number };
        return [name, entryCount];
      }),
    );
  } finally {
    await env.close();
    await rm(join(folder, 'lock.mdb'), { force: true });
  }
}

async function copyPlainFiles(dataDir: string, draft: string): Promise<Record<string, Digested>> {
  const files: Record<string, Digested> = {};
  for (const name of PLAIN_FILES) {
    try {
      files[name] = await copySynced(join(dataDir, name), join(draft, name));
    } catch (error) {
      if (!isAbsent(error)) throw error;
      await rm(join(draft, name), { force: true });
    }
  }
  return files;
}

/**
 * Copies until a whole pass finds nothing replaced: the files of a song that is being packaged anew would
 * otherwise be of two makes.
 */
async function copyObjects(objects: Objects, dataDir: string, into: string) {
  const known = await knownObjects(into);
  const stored = new Map<string, StoredObject>();
  for await (const key of objects.list('')) stored.set(key, { key, etag: '', bytes: 0, sha256: '' });
  let [copied, bytesCopied] = [0, 0];
  for (let pass = 0; pass < BACKUP_OBJECT_PASSES_MAX; pass++) {
    let replaced = 0;
    for (const { key, etag } of stored.values()) {
      const now = await objects.head(key);
      // What the service itself has deleted since, it does not miss.
      if (!now) stored.delete(key);
      else if (now.etag !== etag) {
        const before = known.get(key);
        const { object, isNew } = await poolObject(join(dataDir, 'objects', key), into, {
          key,
          etag: now.etag,
          ...(before?.etag === now.etag && { known: before }),
        });
        stored.set(key, object);
        replaced++;
        if (isNew) {
          copied++;
          bytesCopied += object.bytes;
        }
      }
    }
    if (replaced === 0) return { stored: [...stored.values()], copied, bytesCopied };
  }
  throw new UnavailableError(
    'BACKUP_OBJECTS_CHANGING',
    'Songs are being packaged anew faster than they can be copied. Take the backup when the import is done.',
  );
}

/** The objects of the newest snapshot that can be read, by key. */
async function knownObjects(backup: string): Promise<Map<string, StoredObject>> {
  const known = new Map<string, StoredObject>();
  for (const id of (await snapshotIds(backup)).reverse()) {
    try {
      for await (const object of objectsIn(await readSnapshot(backup, id))) known.set(object.key, object);
      return known;
    } catch {
      known.clear();
    }
  }
  return known;
}

async function* linesOf(objects: readonly StoredObject[]): AsyncGenerator<Uint8Array> {
  for (const object of objects) yield Buffer.from(lineOf(object));
}

function lockBackup(folder: string): Promise<AsyncDisposable> {
  const path = join(folder, LOCK_FILE);
  const underWay = (holder: Holder | undefined) =>
    new ConflictError(
      'BACKUP_UNDER_WAY',
      `Another backup writes to this folder${holder ? ` (process ${holder.pid} on ${holder.host})` : ''}. Wait for it; if it is gone, remove ${path}.`,
    );
  return lockFile(path, underWay);
}
