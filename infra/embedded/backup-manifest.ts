/**
 * A backup folder on disk:
 *
 *   antiphon-backup.json         the mark by which we know it for ours
 *   objects/<ab>/<sha256>        the content of every object of every snapshot, once
 *   snapshots/<id>/              one moment; its folder gets this name when it is whole and durable
 *     manifest.json              what follows, with digests; sealed by a digest of itself
 *     objects.jsonl              a line an object: [key, bytes, sha256, etag]
 *     data.mdb                   the LMDB environment, compacted
 *     antiphon-data.json, secrets.json
 *
 * Digests find damage, not forgery: who can write here can also seal.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { BadRequestError, ConflictError, NotFoundError, UnsupportedError } from '../../kit/errors.ts';
import { assertObjectKey } from '../objects/object-key.ts';
import { type Digested, isAbsent, isThere, placeText, syncFolder, writeTextSynced } from './backup-files.ts';
import { DATA_FORMAT } from './data-folder.ts';

const BACKUP_FORMAT = 1;
const MARK_FILE = 'antiphon-backup.json';
const MANIFEST_FILE = 'manifest.json';
export const OBJECTS_FILE = 'objects.jsonl';
export const STORE_FILE = 'data.mdb';
/** Copied from the data folder as they are; the second is absent when the secret is given by a setting. */
export const PLAIN_FILES = ['antiphon-data.json', 'secrets.json'] as const;

const SNAPSHOT_ID = /^\d{8}T\d{9}Z$/;
const SHA256 = /^[0-9a-f]{64}$/;

export const snapshotsOf = (backup: string): string => join(backup, 'snapshots');
export const snapshotIdAt = (nowMs: number): string => new Date(nowMs).toISOString().replace(/[-:.]/g, '');
export const pooled = (backup: string, sha256: string): string =>
  join(backup, 'objects', sha256.slice(0, 2), sha256);

export interface Manifest {
  readonly app: 'antiphon';
  readonly backupFormat: number;
  readonly dataFormat: number;
  /** Of the service that took it. */
  readonly appVersion: string;
  readonly takenAtMs: number;
  /** The snapshot's files by name, but for this one. */
  readonly files: Readonly<Record<string, Digested>>;
  /** Entries by LMDB database. */
  readonly entries: Readonly<Record<string, number>>;
  readonly objects: { readonly count: number; readonly bytes: number };
}

export interface Snapshot {
  readonly id: string;
  readonly path: string;
  readonly manifest: Manifest;
}

/** An object in a snapshot. The etag is that of the data folder, so that an unchanged file is not read again. */
export interface StoredObject extends Digested {
  readonly key: string;
  readonly etag: string;
}

const sealOf = (manifest: unknown): string =>
  createHash('sha256').update(JSON.stringify(manifest)).digest('hex');

export const writeManifest = (folder: string, manifest: Manifest): Promise<Digested> =>
  writeTextSynced(join(folder, MANIFEST_FILE), JSON.stringify({ sha256: sealOf(manifest), manifest }));

export const damaged = (what: string): ConflictError =>
  new ConflictError('BACKUP_DAMAGED', `The backup is damaged: ${what}. Use another snapshot of it.`);

/** @throws ConflictError `BACKUP_DAMAGED`; UnsupportedError `BACKUP_NEWER`. */
export async function readSnapshot(backup: string, id: string): Promise<Snapshot> {
  const path = join(snapshotsOf(backup), id);
  const manifest = await readManifest(path, id);
  const { backupFormat, dataFormat, appVersion } = manifest;
  if (backupFormat > BACKUP_FORMAT || dataFormat > DATA_FORMAT) {
    throw new UnsupportedError(
      'BACKUP_NEWER',
      `The snapshot ${id} was taken by a later version (${appVersion}). Restore it with that version.`,
      { id, backupFormat, dataFormat },
    );
  }
  return { id, path, manifest };
}

async function readManifest(path: string, id: string): Promise<Manifest> {
  try {
    const sealed = JSON.parse(await readFile(join(path, MANIFEST_FILE), 'utf8')) as {
      readonly sha256?: unknown;
      readonly manifest?: Manifest;
    };
    if (sealed.manifest && sealed.sha256 === sealOf(sealed.manifest)) return sealed.manifest;
  } catch (error) {
    if (!(error instanceof SyntaxError) && !isAbsent(error)) throw error;
  }
  throw damaged(`the manifest of snapshot ${id} is missing or was changed`);
}

/** Ids of the snapshots, oldest first. */
export async function snapshotIds(backup: string): Promise<string[]> {
  return (await readdir(snapshotsOf(backup))).filter((name) => SNAPSHOT_ID.test(name)).sort();
}

/** The named snapshot or the newest. @throws NotFoundError `NO_SUCH_BACKUP`, and what `readSnapshot` throws. */
export async function findSnapshot(backup: string, id?: string): Promise<Snapshot> {
  await assertBackup(backup);
  const ids = await snapshotIds(backup);
  const found = id === undefined ? ids.at(-1) : ids.find((each) => each === id);
  if (found !== undefined) return readSnapshot(backup, found);
  throw new NotFoundError(
    'NO_SUCH_BACKUP',
    ids.length > 0
      ? `${backup} has no snapshot ${id}; it has ${ids.join(', ')}.`
      : `${backup} has no whole snapshot.`,
  );
}

/** @throws ConflictError `BACKUP_DAMAGED` for a line that is not ours or leads outside. */
export async function* objectsIn({ id, path }: Pick<Snapshot, 'id' | 'path'>): AsyncGenerator<StoredObject> {
  for await (const line of createInterface({ input: createReadStream(join(path, OBJECTS_FILE)) })) {
    yield objectIn(line, id);
  }
}

function objectIn(line: string, id: string): StoredObject {
  try {
    const [key, bytes, sha256, etag] = JSON.parse(line) as [string, number, string, string];
    assertObjectKey(key);
    if (SHA256.test(sha256) && Number.isSafeInteger(bytes)) return { key, bytes, sha256, etag };
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError || error instanceof BadRequestError)) {
      throw error;
    }
  }
  throw damaged(`the list of objects of snapshot ${id} has a line that cannot be read`);
}

export const lineOf = ({ key, bytes, sha256, etag }: StoredObject): string =>
  `${JSON.stringify([key, bytes, sha256, etag])}\n`;

export const manifestOf = (
  about: Pick<Manifest, 'appVersion' | 'takenAtMs' | 'files' | 'entries' | 'objects'>,
): Manifest => ({ app: 'antiphon', backupFormat: BACKUP_FORMAT, dataFormat: DATA_FORMAT, ...about });

/** @throws NotFoundError `NO_SUCH_BACKUP` when the folder carries no mark of ours. */
async function assertBackup(backup: string): Promise<void> {
  try {
    await readFile(join(backup, MARK_FILE));
  } catch (error) {
    if (!isAbsent(error)) throw error;
    throw new NotFoundError('NO_SUCH_BACKUP', `${backup} is no backup: it has no ${MARK_FILE}.`);
  }
}

/** Makes the folder ours, or finds that it is. @throws ConflictError `BACKUP_FOLDER_FOREIGN`. */
export async function claimBackup(backup: string): Promise<void> {
  await mkdir(backup, { recursive: true, mode: 0o700 });
  const names = await readdir(backup);
  if (!names.includes(MARK_FILE)) {
    const strangers = names.filter((name) => !name.startsWith(MARK_FILE));
    if (strangers.length > 0) {
      throw new ConflictError(
        'BACKUP_FOLDER_FOREIGN',
        `The folder ${backup} holds ${strangers.slice(0, 3).join(', ')} and is no backup. Name an empty folder, or an earlier backup.`,
      );
    }
    // Another backup may claim it at the same time.
    await placeText(join(backup, MARK_FILE), `${JSON.stringify({ app: 'antiphon' })}\n`).catch((error) => {
      if (!isThere(error)) throw error;
    });
  }
  for (const folder of ['objects', 'snapshots']) {
    await mkdir(join(backup, folder), { recursive: true, mode: 0o700 });
  }
  await syncFolder(backup);
}
