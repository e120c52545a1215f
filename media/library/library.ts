/** The folders of a library: which there are, and looks through them. */

import { existsSync } from 'node:fs';
import { dirname, join, parse, relative, resolve, sep } from 'node:path';
import { LIBRARY_BATCH_SONGS, LIBRARY_PAGE_MAX, LIBRARY_ROWS_PER_SCAN } from '../../config/limits.ts';
import { BadRequestError, NotFoundError } from '../../kit/errors.ts';
import type { Page } from '../../kit/ports/tables.ts';
import { folderRoot } from '../files/walk.ts';
import type { FolderCounts } from './contract.ts';
import { createPublisher } from './publish.ts';
import { knownPages } from './rows.ts';
import {
  FolderUnreadableError,
  type ScanDeps,
  type ScanOptions,
  type ScanResult,
  scanFolder,
} from './scan.ts';
import { FOLDERS, type FolderRow, type RefusalRow } from './tables.ts';
import { type TurnOptions, takeTurn } from './turn.ts';

export interface LibraryDeps extends Omit<ScanDeps, 'placeOf'> {
  /** Where the service keeps what it has; no music lies there. */
  readonly dataDir: string;
}

export interface LibraryFolder extends FolderRow {
  readonly folderId: string;
}

export interface Added {
  readonly folderId: string;
  /** Where in the folder the path lies that was asked for; `''` for the folder itself. */
  readonly under: string;
}

type ScanRequest = Omit<ScanOptions, 'folderId' | 'root' | 'turn'> & Pick<TurnOptions, 'onWait'>;

const NOTHING: FolderCounts = { songs: 0, files: 0, duplicates: 0, refused: 0, gone: 0, bytes: 0 };

export type Library = ReturnType<typeof createLibrary>;

export function createLibrary({ dataDir, ...given }: LibraryDeps) {
  const deps = { ...given, placeOf };
  const { tables, clock, ids, catalog } = deps;

  async function folders(): Promise<LibraryFolder[]> {
    const { rows } = await tables.folders.scan(FOLDERS, { limit: LIBRARY_ROWS_PER_SCAN });
    return rows.map(({ ck, row }) => ({ folderId: ck[0], ...row }));
  }

  async function folder(folderId: string): Promise<FolderRow> {
    const row = await tables.folders.get(FOLDERS, [folderId]);
    if (!row) throw new NotFoundError('FOLDER_NOT_FOUND', 'There is no such folder; look at the list again.');
    return row;
  }

  async function placeOf(path: string) {
    const home = (await folders()).find((known) => isIn(known.path, path));
    return home && { folderId: home.folderId, path: relative(home.path, path).split(sep).join('/') };
  }

  async function recount(folderId: string): Promise<FolderCounts> {
    const counts = { ...NOTHING };
    for await (const page of knownPages(tables, folderId, '')) {
      for (const { row } of page) {
        if (row.s === 'refused') counts.refused += 1;
        else if (row.s === 'gone') counts.gone += 1;
        else {
          counts.files += 1;
          counts.bytes += row.bytes;
          counts[row.s === 'song' ? 'songs' : 'duplicates'] += 1;
        }
      }
    }
    return counts;
  }

  /** What is known of a folder inside becomes part of what is known of the one around it. */
  async function absorb(inner: LibraryFolder, folderId: string, root: string): Promise<void> {
    const prefix = `${relative(root, inner.path).split(sep).join('/')}/`;
    for await (const page of knownPages(tables, inner.folderId, '')) {
      for (const rows of chunksOf(page, LIBRARY_BATCH_SONGS)) {
        await tables.files.batch(
          folderId,
          rows.map(({ path, row }) => ({ put: row, ck: [prefix + path] as const })),
        );
      }
    }
    for await (const { ck, row } of refusalsOf(inner.folderId)) {
      await tables.refusals.put(folderId, [prefix + ck[0]], row);
    }
    await drop(inner.folderId);
  }

  async function* refusalsOf(
    folderId: string,
  ): AsyncGenerator<Page<readonly [string], RefusalRow>['rows'][number]> {
    let cursor: string | undefined;
    do {
      const page = await tables.refusals.scan(folderId, {
        limit: LIBRARY_PAGE_MAX,
        ...(cursor !== undefined && { cursor }),
      });
      yield* page.rows;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  async function drop(folderId: string): Promise<void> {
    for await (const page of knownPages(tables, folderId, '')) {
      for (const rows of chunksOf(page, LIBRARY_BATCH_SONGS)) {
        await tables.files.batch(
          folderId,
          rows.map(({ path }) => ({ delete: [path] as const })),
        );
      }
    }
    for await (const { ck } of refusalsOf(folderId)) await tables.refusals.delete(folderId, ck);
    await tables.folders.delete(FOLDERS, [folderId]);
  }

  return {
    folders,
    folder,
    refusalsOf,

    refusals: (folderId: string, limit: number, cursor?: string) =>
      tables.refusals.scan(folderId, { limit, ...(cursor !== undefined && { cursor }) }),

    /** @throws NotFoundError, BadRequestError, which say what is wrong with the path */
    async add(path: string): Promise<Added> {
      const root = folderRoot(resolve(path));
      if (root === parse(root).root) {
        throw new BadRequestError(
          'FOLDER_IS_ROOT',
          'This is all of the machine; name the folder that holds music.',
        );
      }
      const data = existsSync(dataDir) ? folderRoot(dataDir) : resolve(dataDir);
      if (root === data || isIn(data, root) || isIn(root, data)) {
        throw new BadRequestError(
          'FOLDER_HOLDS_DATA',
          `${root} and the service's own data (${data}) lie in one another; keep them apart.`,
        );
      }
      const known = await folders();
      const same = known.find((one) => one.path === root);
      if (same) return { folderId: same.folderId, under: '' };
      const around = known.find((one) => isIn(one.path, root));
      if (around)
        return { folderId: around.folderId, under: relative(around.path, root).split(sep).join('/') };
      const folderId = ids.next();
      await tables.folders.put(FOLDERS, [folderId], {
        path: root,
        addedAtMs: clock.nowMs(),
        counts: NOTHING,
      });
      for (const inner of known) if (isIn(root, inner.path)) await absorb(inner, folderId, root);
      return { folderId, under: '' };
    },

    /** Hides the songs that no other folder has. */
    async remove(folderId: string): Promise<void> {
      const { path: root } = await folder(folderId);
      const publisher = createPublisher(deps);
      for await (const page of knownPages(tables, folderId, '')) {
        for (const { path, row } of page) {
          if (row.s !== 'song' && row.s !== 'copy') continue;
          await publisher.removeFile(row.songId, join(root, path));
          if (!(await publisher.bestOf(row.songId))) await catalog.remove({ songId: row.songId });
        }
      }
      await drop(folderId);
    },

    /**
     * Waits while another process looks through the folder. What can be told of a folder that cannot be read is kept with it.
     * @throws FolderUnreadableError; what `scanFolder` throws
     */
    async scan(folderId: string, request: ScanRequest = {}): Promise<ScanResult> {
      await folder(folderId);
      const { signal, onWait } = request;
      using turn = await takeTurn({ dataDir, folderId, clock, signal, onWait });
      const before = await folder(folderId);
      const startedAtMs = clock.nowMs();
      const keep = async (found: Partial<FolderRow>): Promise<void> => {
        const { unreadable: _was, ...row } = before;
        // One that was removed meanwhile stays removed.
        if (await tables.folders.get(FOLDERS, [folderId])) {
          await tables.folders.put(FOLDERS, [folderId], { ...row, ...found });
        }
      };
      try {
        const under = existingPart(before.path, request.under ?? '');
        const result = await scanFolder(deps, { ...request, turn, under, folderId, root: before.path });
        const lastScanMs = clock.nowMs() - startedAtMs;
        await keep({ counts: await recount(folderId), lastScanAtMs: startedAtMs, lastScanMs });
        return result;
      } catch (error) {
        if (error instanceof FolderUnreadableError) await keep({ unreadable: error.message });
        throw error;
      }
    },
  };
}

const isIn = (outer: string, path: string): boolean =>
  path.startsWith(outer.endsWith(sep) ? outer : outer + sep);

/** A folder that is gone is told by the one it lay in. */
function existingPart(root: string, under: string): string {
  let part = under;
  while (part !== '' && !existsSync(join(root, part))) part = dirname(part) === '.' ? '' : dirname(part);
  return part;
}

function* chunksOf<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
