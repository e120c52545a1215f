/** Engines for tests of ingest: rows in memory, objects in a folder, a catalogue that only remembers. */
import { join } from 'node:path';
import type { SongRelease } from '../../../actors/catalog/contract.ts';
import { openObjects } from '../../../infra/embedded/objects.ts';
import type { ObjectInfo, Objects, PutObjectOptions } from '../../../kit/ports/objects.ts';
import type { Table } from '../../../kit/ports/tables.ts';
import { systemClock } from '../../../kit/sources.ts';
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

/** The files' engine, opened on first use, with a list of what was put. */
export class FolderObjects implements Objects {
  readonly puts: string[] = [];
  readonly #folder: string;
  #opened: Promise<Objects> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  path(key: string): string {
    return join(this.#folder, key);
  }

  async put(
    key: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    options?: PutObjectOptions,
  ): Promise<ObjectInfo> {
    const info = await (await this.#engine()).put(key, content, options);
    this.puts.push(key);
    return info;
  }

  async putFile(key: string, path: string): Promise<ObjectInfo> {
    const info = await (await this.#engine()).putFile(key, path);
    this.puts.push(key);
    return info;
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    return (await this.#engine()).head(key);
  }

  async get(key: string): Promise<Buffer | undefined> {
    return (await this.#engine()).get(key);
  }

  async range(key: string, start: number, end: number): Promise<Buffer | undefined> {
    return (await this.#engine()).range(key, start, end);
  }

  async stream(key: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    return (await this.#engine()).stream(key);
  }

  async delete(key: string): Promise<void> {
    await (await this.#engine()).delete(key);
  }

  async *list(prefix: string): AsyncIterable<string> {
    yield* (await this.#engine()).list(prefix);
  }

  #engine(): Promise<Objects> {
    this.#opened ??= openObjects(this.#folder, systemClock);
    return this.#opened;
  }
}

export class RememberingCatalog {
  readonly releases: SongRelease[] = [];

  async release(song: SongRelease): Promise<void> {
    this.releases.push(song);
  }
}
