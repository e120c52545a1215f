/** Files of a backup: copied with their digest taken on the way, and durable before anything names them. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, link, open, rm } from 'node:fs/promises';

export interface Digested {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** Reads all of `from`; what comes by is also written to `into`, when given. */
export async function digest(from: AsyncIterable<Uint8Array>, into?: FileHandle): Promise<Digested> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of from) {
    hash.update(piece);
    bytes += piece.length;
    await into?.writeFile(piece);
  }
  return { bytes, sha256: hash.digest('hex') };
}

export const digestOfFile = (path: string): Promise<Digested> => digest(createReadStream(path));

/** Writes a new file for its owner alone, synced. `from` is read to its end. */
export async function writeSynced(path: string, from: AsyncIterable<Uint8Array>): Promise<Digested> {
  const file = await open(path, 'wx', 0o600);
  try {
    const digested = await digest(from, file);
    await file.sync();
    return digested;
  } finally {
    await file.close();
  }
}

export const copySynced = (from: string, to: string): Promise<Digested> =>
  writeSynced(to, createReadStream(from));

export const writeTextSynced = (path: string, text: string): Promise<Digested> =>
  writeSynced(
    path,
    (async function* () {
      yield Buffer.from(text);
    })(),
  );

/** The file appears whole, or is there already: then it rejects with `EEXIST`. */
export async function placeText(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeTextSynced(draft, text);
    await link(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}

export const isThere = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EEXIST';

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export const isAbsent = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';
