/**
 * From files that were read to songs in the catalogue. What is remembered of a file is written last, so that a
 * run that died anywhere reads it again, and every step leaves what it finds done.
 */
import { existsSync } from 'node:fs';
import { SongRelease } from '../../actors/catalog/contract.ts';
import { LIBRARY_FILES_PER_SONG_MAX } from '../../config/limits.ts';
import type { IdSource } from '../../kit/sources.ts';
import { problemsOf } from '../../kit/validate.ts';
import type { CoverSources } from '../covers/sources.ts';
import { REFUSALS } from '../files/refusal.ts';
import { type CatalogIds, createCatalogIds, digestOf } from '../ingest/ids.ts';
import { releaseOf } from '../ingest/release.ts';
import type { IngestTables } from '../ingest/tables.ts';
import { byQuality, type SongFile } from './song-file.ts';
import type { FileRow, LibraryTables, Loose, RefusalRow } from './tables.ts';
import type { Taken } from './take.ts';

/** The least of the catalogue that a library needs. */
export interface Catalog {
  releaseMany(params: { songs: SongRelease[] }): Promise<{
    readonly refused: readonly { readonly songId: string; readonly code: string; readonly why: string }[];
  }>;
  remove(params: { songId: string }): Promise<unknown>;
}

export interface PublishDeps {
  readonly tables: LibraryTables;
  readonly ingest: IngestTables;
  readonly catalog: Catalog;
  readonly covers: Pick<CoverSources, 'remember'>;
  readonly ids: IdSource;
  /** The folder that a file lies in, and its path below it. */
  readonly placeOf: (
    path: string,
  ) => Promise<{ readonly folderId: string; readonly path: string } | undefined>;
}

/** A file of a folder with what was read of it. */
export interface Read {
  /** Below the folder. */
  readonly path: string;
  readonly state: string;
  readonly taken: Taken;
  readonly loose?: Loose;
  /** The song it was before. */
  readonly before?: string;
  /** As an import that packages ahead remembers its state. */
  readonly importedState: () => Promise<string>;
}

export interface Published {
  readonly released: number;
  readonly copies: number;
  readonly refused: readonly { readonly path: string; readonly code: string; readonly why: string }[];
  /** Songs that have lost a file. */
  readonly left: readonly string[];
}

/** All that a home library serves; packaging makes what is not there yet. */
const RUNGS = [24, 96, 160, 320] as const;

interface Named extends Read {
  readonly songId: string;
}

export function createPublisher(deps: PublishDeps) {
  const { tables, ingest, catalog, covers } = deps;
  const ids: CatalogIds = createCatalogIds(ingest, deps.ids);

  /** A song that was taken in before it had this identity keeps its id. */
  async function named(read: Read): Promise<Named> {
    const { taken, importedState } = read;
    const imported = await ingest.files.get(digestOf(taken.file.path), []);
    const known = imported && imported.state === (await importedState()) ? imported.songId : undefined;
    return { ...read, songId: await ids.song(taken.identity, known) };
  }

  const filesOf = async (songId: string): Promise<SongFile[]> => {
    const { rows } = await tables.songFiles.scan(songId, { limit: LIBRARY_FILES_PER_SONG_MAX });
    return rows.map(({ row }) => row);
  };

  const removeFile = (songId: string, path: string): Promise<void> =>
    tables.songFiles.delete(songId, [digestOf(path)]);

  /** The best of a song's files that are there; those that are not are forgotten. */
  async function bestOf(songId: string): Promise<SongFile | undefined> {
    const files = await filesOf(songId);
    if (files.length === 1) return files[0];
    const there: SongFile[] = [];
    for (const file of files) {
      if (existsSync(file.path)) there.push(file);
      else await removeFile(songId, file.path);
    }
    const [best, ...others] = there.sort(byQuality);
    for (const { path } of others) await markAsCopy(path);
    return best;
  }

  /** A better file has come. */
  async function markAsCopy(path: string): Promise<void> {
    const place = await deps.placeOf(path);
    if (!place) return;
    const row = await tables.files.get(place.folderId, [place.path]);
    if (row?.s === 'song') await tables.files.put(place.folderId, [place.path], { ...row, s: 'copy' });
  }

  async function release(songs: readonly Named[]): Promise<Published['refused']> {
    const releases = await Promise.all(
      songs.map(({ songId, taken }) => {
        const { file, description, cover } = taken;
        const made = {
          songId,
          durationMs: file.durationMs,
          hasPreview: false,
          rungs: [...RUNGS],
          original: originalOf(file),
          ...(cover && { coverId: cover.coverId }),
        };
        return releaseOf(made, description, ids);
      }),
    );
    const refused = new Map<string, { code: string; why: string }>();
    const fitting = releases.filter((song) => {
      const problems = problemsOf(SongRelease, song);
      if (problems.length > 0) refused.set(song.songId, notAccepted(problems.join('; ')));
      return problems.length === 0;
    });
    if (fitting.length > 0) {
      const answer = await catalog.releaseMany({ songs: fitting });
      for (const { songId, why } of answer.refused) refused.set(songId, notAccepted(why));
    }
    return songs.flatMap(({ songId, path }) => {
      const why = refused.get(songId);
      return why ? [{ path, ...why }] : [];
    });
  }

  return {
    bestOf,
    removeFile,
    filesOf,

    async publish(folderId: string, reads: readonly Read[]): Promise<Published> {
      if (reads.length === 0) return { released: 0, copies: 0, refused: [], left: [] };
      const songs = await Promise.all(reads.map(named));
      await Promise.all([
        ...songs.map(({ songId, taken: { file } }) =>
          tables.songFiles.put(songId, [digestOf(file.path)], file),
        ),
        ...songs.flatMap(({ taken: { cover } }) =>
          cover ? [covers.remember(cover.coverId, cover.source)] : [],
        ),
        ...songs.flatMap(({ before, songId, taken }) =>
          before !== undefined && before !== songId ? [removeFile(before, taken.file.path)] : [],
        ),
      ]);
      const best = await Promise.all(songs.map(async ({ songId }) => (await bestOf(songId))?.path));
      const served = songs.filter(({ taken }, i) => best[i] === taken.file.path);
      const refused = await release(served);
      const isRefused = new Set(refused.map(({ path }) => path));
      const isServed = new Set(served.map(({ path }) => path));
      await tables.files.batch(
        folderId,
        songs.map(({ path, state, songId, loose, taken }) => {
          const row: FileRow = isRefused.has(path)
            ? { s: 'refused', state }
            : {
                s: isServed.has(path) ? 'song' : 'copy',
                state,
                songId,
                bytes: taken.file.bytes,
                ...(loose && { loose }),
              };
          return { put: row, ck: [path] as const };
        }),
      );
      return {
        released: served.length - refused.length,
        copies: songs.length - served.length,
        refused,
        left: songs.flatMap(({ before, songId }) =>
          before !== undefined && before !== songId ? [before] : [],
        ),
      };
    },
  };
}

export type Publisher = ReturnType<typeof createPublisher>;

const notAccepted = (detail: string) =>
  ({ code: 'NOT_ACCEPTED', why: `${REFUSALS.NOT_ACCEPTED} (${detail})` }) satisfies RefusalRow;

function originalOf(file: SongFile): NonNullable<SongRelease['original']> {
  const { format, codec, mimeType, lossless, kbps, sampleRate, bitDepth, channels, bytes } = file;
  return {
    ...{ format, codec, mimeType, lossless, kbps, channels, bytes },
    sampleRateHz: sampleRate,
    ...(bitDepth !== undefined && { bitDepth }),
  };
}
