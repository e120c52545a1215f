/** The folders of a library as administrators see them; the reading is done by another process. */
import { LIBRARY_FOLDERS_EVERY_MS, LIBRARY_NEWS_EVERY_MS, LIBRARY_PAGE_MAX } from '../../config/limits.ts';
import type { Handlers } from '../../kit/contract.ts';
import { ConflictError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { Topics } from '../../kit/ports/topics.ts';
import { serviceOf } from '../../kit/service.ts';
import type { Clock, Timer } from '../../kit/sources.ts';
import {
  type Folder,
  type FolderState,
  LIBRARY_TOPIC,
  type LibraryNews,
  libraryContract,
} from './contract.ts';
import type { Library, LibraryFolder } from './library.ts';
import { type ReaderProcess, type ReaderProcessOptions, startReaderProcess } from './reader-process.ts';

const log = logger('library');

export interface LibraryServiceDeps extends Pick<ReaderProcessOptions, 'program' | 'settings'> {
  /** For what is asked; what is read is read elsewhere. */
  readonly library: Library;
  readonly topics: Topics;
  readonly clock: Clock;
}

interface Now {
  readonly state?: FolderState;
  readonly watched: boolean;
}

export function libraryService(deps: LibraryServiceDeps) {
  const { library, topics, clock } = deps;
  const now = new Map<string, Now>();
  const changed = new Set<string>();
  let reader: ReaderProcess | undefined;
  let news: Timer | undefined;
  let looking: Timer | undefined;
  let stopped = false;

  function view({ folderId, path, addedAtMs, counts, ...row }: LibraryFolder): Folder {
    const { state, watched } = now.get(folderId) ?? { watched: false };
    return { folderId, path, addedAtMs, watched, counts, state: state ?? atRest(row) };
  }

  const folderOf = async (folderId: string): Promise<Folder> =>
    view({ folderId, ...(await library.folder(folderId)) });

  /** A folder changes often while it is read: its news are gathered. */
  function changedNow(folderId: string): void {
    changed.add(folderId);
    news ??= clock.after(LIBRARY_NEWS_EVERY_MS, () => {
      news = undefined;
      const folderIds = [...changed];
      changed.clear();
      void publish(folderIds).catch((err: unknown) => log.warn({ err }, 'news of folders were not told'));
    });
  }

  async function publish(folderIds: readonly string[]): Promise<void> {
    const folders = new Map((await library.folders()).map((folder) => [folder.folderId, folder]));
    for (const folderId of folderIds) {
      const folder = folders.get(folderId);
      await topics.publish(LIBRARY_TOPIC, {
        folderId,
        ...(folder && { folder: view(folder) }),
      } satisfies LibraryNews);
    }
  }

  const handlers: Handlers<typeof libraryContract> = {
    async folders() {
      return { items: (await library.folders()).map(view) };
    },
    async addFolder({ path }) {
      const { folderId, under } = await library.add(path);
      if (under !== '') {
        const { path: around } = await library.folder(folderId);
        throw new ConflictError('FOLDER_NESTED', `It is part of ${around}, which is taken in already.`);
      }
      now.set(folderId, { state: { s: 'waiting' }, watched: false });
      begin();
      reader?.look(folderId);
      changedNow(folderId);
      return await folderOf(folderId);
    },
    async removeFolder({ folderId }) {
      await library.folder(folderId);
      begin();
      await reader?.remove(folderId);
      now.delete(folderId);
      changedNow(folderId);
      return {};
    },
    async scan({ folderId }) {
      const asked =
        folderId === undefined
          ? await library.folders()
          : [{ folderId, ...(await library.folder(folderId)) }];
      for (const one of asked) reader?.look(one.folderId);
      return {};
    },
    async refusals({ folderId, cursor, limit }) {
      const { path: root } = await library.folder(folderId);
      const page = await library.refusals(folderId, limit ?? LIBRARY_PAGE_MAX, cursor);
      return {
        items: page.rows.map(({ ck, row }) => ({ path: `${root}/${ck[0]}`, ...row })),
        ...(page.cursor !== undefined && { nextCursor: page.cursor }),
      };
    },
  };

  /** A service without folders spares the process. */
  function begin(): void {
    reader ??= startReaderProcess({
      ...deps,
      onState: ({ folderId, state, watched }) => {
        now.set(folderId, { watched, ...(state && { state }) });
        changedNow(folderId);
      },
      onEnd: () => {
        for (const folderId of now.keys()) changedNow(folderId);
        now.clear();
      },
    });
  }

  /** The first folder may come from a command. */
  async function beginWithFolders(): Promise<void> {
    const known = await library.folders().catch(() => []);
    if (stopped) return;
    if (known.length > 0) begin();
    else looking = clock.after(LIBRARY_FOLDERS_EVERY_MS, () => void beginWithFolders());
  }

  return serviceOf(libraryContract, handlers, {
    started: beginWithFolders,
    stopped: async () => {
      stopped = true;
      looking?.cancel();
      news?.cancel();
      await reader?.[Symbol.asyncDispose]();
    },
  });
}

function atRest({
  unreadable,
  lastScanAtMs,
  lastScanMs,
}: Omit<LibraryFolder, 'folderId' | 'path' | 'addedAtMs' | 'counts'>): FolderState {
  if (unreadable !== undefined) return { s: 'unreadable', why: unreadable };
  return {
    s: 'idle',
    ...(lastScanAtMs !== undefined && { lastScanAtMs }),
    ...(lastScanMs !== undefined && { lastScanMs }),
  };
}
