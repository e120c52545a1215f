/** What ingest remembers, and the stable ids that it gives out. */
import { createHash } from 'node:crypto';
import type { Table, Tables } from '../../kit/ports/tables.ts';
import { table } from '../../kit/ports/tables.ts';
import type { IdSource } from '../../kit/sources.ts';

type One = readonly [];

/** Ids by what they stand for: a song's sound, an artist's name, an album's artists and title. */
export const ingestIds = table<One, { readonly id: string }>({
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
  readonly ids: Table<One, { readonly id: string }>;
  readonly files: Table<One, { readonly state: string; readonly songId: string }>;
  readonly owners: Table<One, { readonly path: string }>;
}

export const openIngestTables = (tables: Tables): IngestTables => ({
  ids: tables.open(ingestIds),
  files: tables.open(ingestFiles),
  owners: tables.open(ingestOwners),
});

export const digestOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');

/** The id of `what`, the same for ever: whoever asks first makes it. */
export async function stableId(
  tables: IngestTables,
  ids: IdSource,
  ...what: readonly string[]
): Promise<string> {
  const digest = digestOf(...what);
  const known = await tables.ids.get(digest, []);
  if (known) return known.id;
  const id = ids.next();
  const written = await tables.ids.insertIfAbsent(digest, [], { id });
  if (written.s === 'applied') return id;
  const winner =
    written.s === 'rejected' && written.current ? written.current.row : await tables.ids.get(digest, []);
  // The engine could not tell, and nothing is there: a second try decides.
  return winner?.id ?? stableId(tables, ids, ...what);
}

/** Names that differ in case, accents' encoding or spaces are one name. */
export const normalName = (name: string): string =>
  name.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ').trim();
