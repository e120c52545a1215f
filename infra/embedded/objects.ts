/** Objects as files: an object appears under its key whole and durable, or not at all. */
import { randomBytes } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { constants, createReadStream } from 'node:fs';
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OBJECT_STREAM_CHUNK_BYTES, OBJECT_TEMP_AGE_MS_MAX } from '../../config/limits.ts';
import { BadRequestError, ConflictError } from '../../kit/errors.ts';
import type { ObjectInfo, Objects, PutObjectOptions } from '../../kit/ports/objects.ts';
import type { Clock } from '../../kit/sources.ts';
import {
  assertObjectKey,
  assertObjectPrefix,
  assertRange,
  noSuchFile,
  objectExists,
} from '../objects/object-key.ts';

/** Starts with a dot, which no key segment does. */
const TEMP_FOLDER = '.incoming';
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW;
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

const errorCode = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

const infoOf = (stats: BigIntStats): ObjectInfo => ({
  bytes: Number(stats.size),
  etag: `"${stats.ino.toString(36)}-${stats.size.toString(36)}-${stats.mtimeNs.toString(36)}"`,
});

export async function openObjects(folder: string, clock: Clock): Promise<Objects> {
  await mkdir(join(folder, TEMP_FOLDER), { recursive: true, mode: 0o700 });
  const root = await realpath(folder);
  const temp = join(root, TEMP_FOLDER);
  await sweepTemp(temp, clock.nowMs());
  let lastStampMicros = 0;

  /** Gives the file a time of its own: with the inode it makes the etag, and disks tell only every few ms. */
  async function seal(file: FileHandle): Promise<void> {
    lastStampMicros = Math.max(lastStampMicros + 1, clock.nowMs() * 1000);
    await file.utimes(clock.nowMs() / 1000, lastStampMicros / 1e6);
    await file.sync();
  }

  /** The key's folder, made where missing; no part of it may be a link that leads elsewhere. */
  async function folderFor(path: string, key: string): Promise<string> {
    const wanted = dirname(path);
    await assertPlain(await deepestExisting(wanted), key);
    const firstMade = await mkdir(wanted, { recursive: true, mode: 0o700 });
    if (firstMade) {
      for (let made = wanted; made.length >= firstMade.length; made = dirname(made)) {
        await syncFolder(dirname(made));
      }
    }
    return wanted;
  }

  async function publish(tempPath: string, key: string, ifAbsent = false): Promise<ObjectInfo> {
    const path = join(root, key);
    try {
      const into = await folderFor(path, key);
      const info = infoOf(await stat(tempPath, { bigint: true }));
      if (ifAbsent) await linkNew(tempPath, path, key);
      else await rename(tempPath, path);
      await syncFolder(into);
      return info;
    } catch (error) {
      if (['EISDIR', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) throw clash(key);
      throw error;
    }
  }

  async function put(
    key: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    { ifAbsent = false }: PutObjectOptions = {},
  ): Promise<ObjectInfo> {
    assertObjectKey(key);
    const tempPath = join(temp, randomBytes(12).toString('hex'));
    try {
      const file = await open(tempPath, 'wx', 0o600);
      try {
        await file.writeFile(content);
        await seal(file);
      } finally {
        await file.close();
      }
      return await publish(tempPath, key, ifAbsent);
    } finally {
      await rm(tempPath, { force: true });
    }
  }

  /** The object's file, open for reading, or undefined when there is no such object. */
  async function opened(key: string): Promise<{ file: FileHandle; stats: BigIntStats } | undefined> {
    assertObjectKey(key);
    const path = join(root, key);
    let file: FileHandle;
    try {
      if ((await realpath(path)) !== path) return undefined;
      file = await open(path, READ_FLAGS);
    } catch (error) {
      if (ABSENT.has(errorCode(error) ?? '')) return undefined;
      throw error;
    }
    const stats = await file.stat({ bigint: true });
    if (stats.isFile()) return { file, stats };
    await file.close();
    return undefined;
  }

  async function reading<T>(key: string, use: (file: FileHandle, stats: BigIntStats) => Promise<T>) {
    const found = await opened(key);
    if (!found) return undefined;
    try {
      return await use(found.file, found.stats);
    } finally {
      await found.file.close();
    }
  }

  return {
    put,
    async putFile(key, path) {
      assertObjectKey(key);
      const source = await lstat(path).catch(() => undefined);
      if (!source?.isFile()) throw noSuchFile(path);
      const tempPath = join(temp, randomBytes(12).toString('hex'));
      try {
        await rename(path, tempPath);
      } catch (error) {
        if (errorCode(error) !== 'EXDEV') throw error;
        const info = await put(key, createReadStream(path));
        await rm(path);
        return info;
      }
      const file = await open(tempPath, 'r+');
      try {
        await seal(file);
      } finally {
        await file.close();
      }
      return publish(tempPath, key);
    },
    head: (key) => reading(key, async (_file, stats) => infoOf(stats)),
    get: (key) => reading(key, (file) => file.readFile()),
    async range(key, start, end) {
      assertRange(start, end);
      return reading(key, (file, stats) => readFully(file, start, Math.min(end, Number(stats.size))));
    },
    async stream(key) {
      const found = await opened(key);
      return found && piecesOf(found.file);
    },
    async delete(key) {
      assertObjectKey(key);
      const path = join(root, key);
      const parent = await realpath(dirname(path)).catch(() => undefined);
      if (parent !== dirname(path)) return;
      const found = await lstat(path).catch(() => undefined);
      if (!found?.isFile()) return;
      await rm(path, { force: true });
      await syncFolder(parent);
    },
    list(prefix) {
      assertObjectPrefix(prefix);
      return walk(root, '', prefix);
    },
  };
}

/** Unlike a rename, a link never takes the place of what is there. */
async function linkNew(from: string, to: string, key: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    throw (await lstat(to)).isDirectory() ? clash(key) : objectExists(key);
  }
}

async function* piecesOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(OBJECT_STREAM_CHUNK_BYTES));
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function readFully(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.max(0, end - start));
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, start + filled);
    if (bytesRead === 0) return buffer.subarray(0, filled);
    filled += bytesRead;
  }
  return buffer;
}

/** Keys below `folder` (whose own key prefix is `base`) that start with `prefix`, in byte order. */
async function* walk(root: string, base: string, prefix: string): AsyncGenerator<string> {
  const entries = await readdir(join(root, base), { withFileTypes: true }).catch((error: unknown) => {
    if (ABSENT.has(errorCode(error) ?? '')) return [];
    throw error;
  });
  const keys = entries
    .filter((entry) => !entry.name.startsWith('.') && (entry.isFile() || entry.isDirectory()))
    .map((entry) => `${base}${entry.name}${entry.isDirectory() ? '/' : ''}`)
    // A folder sorts by its name with the slash: that is how the keys below it sort among the files.
    .sort((a, b) => (a < b ? -1 : 1));
  for (const key of keys) {
    if (key.endsWith('/')) {
      if (key.startsWith(prefix) || prefix.startsWith(key)) yield* walk(root, key, prefix);
    } else if (key.startsWith(prefix)) yield key;
  }
}

async function sweepTemp(temp: string, nowMs: number): Promise<void> {
  for (const name of await readdir(temp)) {
    const stats = await stat(join(temp, name)).catch(() => undefined);
    // A younger one may belong to another process that is writing it now.
    if (stats && nowMs - stats.mtimeMs > OBJECT_TEMP_AGE_MS_MAX) await rm(join(temp, name), { force: true });
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function deepestExisting(path: string): Promise<string> {
  let folder = path;
  while (!(await lstat(folder).catch(() => undefined))) folder = dirname(folder);
  return folder;
}

async function assertPlain(folder: string, key: string): Promise<void> {
  if ((await realpath(folder)) !== folder) {
    throw new BadRequestError('BAD_OBJECT_KEY', `The key ${key} leads through a link.`, { key });
  }
}

const clash = (key: string) =>
  new ConflictError(
    'OBJECT_KEY_CLASH',
    `The key ${key} is a folder of other keys, or runs through an object.`,
    {
      key,
    },
  );
