/** Engines for tests of ingest: rows in memory, objects in a folder, a catalogue that only remembers. */
import { copyFile, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SongRelease } from '../../../actors/catalog/contract.ts';
import type { ObjectInfo, Objects } from '../../../kit/ports/objects.ts';
import type { Table } from '../../../kit/ports/tables.ts';
import type { IngestTables } from '../tables.ts';

function memoryTable<R>(): Table<readonly [], R> {
  const rows = new Map<string, R>();
  const unused = () => Promise.reject(new Error('ingest does not use this'));
  return {
    get: async (pk) => rows.get(pk),
    put: async (pk, _ck, row) => {
      rows.set(pk, row);
    },
    insertIfAbsent: async (pk, _ck, row) => {
      const current = rows.get(pk);
      if (current !== undefined) return { s: 'rejected', current: { row: current, version: 1 } };
      rows.set(pk, row);
      return { s: 'applied', version: 1 };
    },
    getMany: unused,
    getVersioned: unused,
    compareAndSet: unused,
    delete: unused,
    scan: unused,
    batch: unused,
  };
}

export const memoryIngestTables = (): IngestTables => ({
  ids: memoryTable(),
  files: memoryTable(),
  owners: memoryTable(),
});

export class FolderObjects implements Objects {
  readonly puts: string[] = [];
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  path(key: string): string {
    return join(this.#folder, key);
  }

  async put(key: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<ObjectInfo> {
    const partial = `${this.path(key)}.partial`;
    await mkdir(dirname(partial), { recursive: true });
    await writeFile(partial, content);
    await rename(partial, this.path(key));
    return this.#stored(key);
  }

  async putFile(key: string, path: string): Promise<ObjectInfo> {
    await mkdir(dirname(this.path(key)), { recursive: true });
    await copyFile(path, this.path(key));
    return this.#stored(key);
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    const content = await this.get(key);
    return content && { bytes: content.length, etag: key };
  }

  async get(key: string): Promise<Buffer | undefined> {
    try {
      return await readFile(this.path(key));
    } catch {
      return undefined;
    }
  }

  async range(key: string, start: number, end: number): Promise<Buffer | undefined> {
    const file = await open(this.path(key), 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  async delete(key: string): Promise<void> {
    await rm(this.path(key), { force: true });
  }

  async *list(): AsyncIterable<string> {
    yield* this.puts;
  }

  #stored(key: string): ObjectInfo {
    this.puts.push(key);
    return { bytes: 0, etag: key };
  }
}

export class RememberingCatalog {
  readonly releases: SongRelease[] = [];

  async release(song: SongRelease): Promise<void> {
    this.releases.push(song);
  }
}
