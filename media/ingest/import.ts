/** A bulk import: every file of some folders, a few at a time, here or by the workers of a cluster. */
import { availableParallelism } from 'node:os';
import { type RefusalCode, RefusedError } from '../files/refusal.ts';
import { type Found, folderRoot, walk } from '../files/walk.ts';
import { type IngestDeps, type IngestedSong, ingestSong } from './song.ts';

type FoundOne = Exclude<Found, { readonly s: 'left' }>;

export interface RefusedFile {
  readonly file: string;
  readonly code: RefusalCode;
  /** One sentence for the file's owner. */
  readonly why: string;
}

export interface ImportProgress {
  readonly file: string;
  /** Files dealt with so far, in whatever way, of `total`. */
  readonly done: number;
  readonly total: number;
  readonly refused: number;
  /** Music encoded so far. */
  readonly encodedMs: number;
}

export interface ImportSummary {
  readonly total: number;
  readonly released: number;
  readonly unchanged: number;
  readonly duplicates: readonly { readonly file: string; readonly of: string }[];
  readonly refused: readonly RefusedFile[];
  readonly encodedMs: number;
  /** CPU time of the encoders. */
  readonly encodedCpuMs: number;
}

export interface ImportWalk {
  readonly folders: readonly string[];
  readonly onProgress?: (progress: ImportProgress) => void;
  readonly signal?: AbortSignal;
}

export interface ImportOptions extends ImportWalk {
  readonly deps: IngestDeps;
  /** Songs at a time. */
  readonly workers?: number;
}

/** One less than the cores, so that playback keeps one. */
export const SONGS_AT_ONCE = Math.max(1, availableParallelism() - 1);

/** As `importEach`, by this process itself. */
export const importFolder = ({ deps, workers, ...walk }: ImportOptions): Promise<ImportSummary> =>
  importEach({
    ...walk,
    atOnce: workers ?? SONGS_AT_ONCE,
    ingest: (path) => ingestSong({ path }, deps, walk.signal),
  });

/**
 * A refused file is told in the summary and stops nothing; a service that fails stops the import, which may
 * then simply be run again.
 * @throws NotFoundError `IMPORT_FOLDER_NOT_FOUND` before anything is done
 */
export async function importEach(
  options: ImportWalk & {
    readonly atOnce: number;
    /** @throws RefusedError */
    readonly ingest: (path: string) => Promise<IngestedSong>;
  },
): Promise<ImportSummary> {
  const { signal, onProgress } = options;
  const roots = options.folders.map(folderRoot);
  const total = await countOf(foundIn(roots));
  const counts = { done: 0, released: 0, unchanged: 0, encodedMs: 0, encodedCpuMs: 0 };
  const duplicates: { file: string; of: string }[] = [];
  const refused: RefusedFile[] = [];

  const take = async (found: FoundOne): Promise<void> => {
    signal?.throwIfAborted();
    try {
      if (found.s === 'refused') throw new RefusedError(found.refusal);
      const song = await options.ingest(found.path);
      if (song.s === 'duplicate') duplicates.push({ file: found.path, of: song.of });
      else counts[song.s] += 1;
      if (song.s === 'released' && song.encoded) {
        counts.encodedMs += song.durationMs;
        counts.encodedCpuMs += song.cpuMs;
      }
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      refused.push({ file: found.path, code: error.refusal, why: error.message });
    }
    counts.done += 1;
    const { done, encodedMs } = counts;
    onProgress?.({
      file: found.path,
      done,
      total: Math.max(total, done),
      refused: refused.length,
      encodedMs,
    });
  };

  await forEachOf(foundIn(roots), options.atOnce, take);
  const { done, ...sums } = counts;
  return { total: done, ...sums, duplicates, refused };
}

/** The walk goes on only as fast as the workers take: no list of files is held. */
async function forEachOf<T>(
  items: AsyncGenerator<T>,
  workers: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let failed = false;
  const worker = async (): Promise<void> => {
    for (let next = await items.next(); !next.done && !failed; next = await items.next()) {
      try {
        await work(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: workers }, worker));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}

async function* foundIn(roots: readonly string[]): AsyncGenerator<FoundOne> {
  for (const root of roots) for (const found of walk(root)) if (found.s !== 'left') yield found;
}

async function countOf(items: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of items) count += 1;
  return count;
}
