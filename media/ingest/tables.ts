/** What is remembered of music that was taken in. */
import type { Table, Tables } from '../../kit/ports/tables.ts';
import { table } from '../../kit/ports/tables.ts';

type One = readonly [];

export interface IdRow {
  readonly id: string;
  /** Of an artist: the spelling that came first. */
  readonly name?: string;
}

/** Ids by what they stand for: a song's sound, an artist's name, an album's artists and title. */
export const ingestIds = table<One, IdRow>({
  name: 'ingest_ids',
  partition: 'digest',
  clustering: [],
  conditional: true,
});

/** A file that was taken in, by its path: the same state of it need not be looked at again. */
export const ingestFiles = table<One, { readonly state: string; readonly songId: string }>({
  name: 'ingest_files',
  partition: 'path_digest',
  clustering: [],
});

/** The file that speaks for a song, where several hold the same sound. */
export const ingestOwners = table<One, { readonly path: string }>({
  name: 'ingest_owners',
  partition: 'song_id',
  clustering: [],
});

export interface IngestTables {
  readonly ids: Table<One, IdRow>;
  readonly files: Table<One, { readonly state: string; readonly songId: string }>;
  readonly owners: Table<One, { readonly path: string }>;
}

export const openIngestTables = (tables: Tables): IngestTables => ({
  ids: tables.open(ingestIds),
  files: tables.open(ingestFiles),
  owners: tables.open(ingestOwners),
});
