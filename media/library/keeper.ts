/**
 * Keeps a library at what its folders are: looks through each when it starts, when something in it changes, when
 * it is asked to, and from time to time. One look at a time.
 */
import {
  LIBRARY_FOLDERS_EVERY_MS,
  LIBRARY_PROGRESS_EVERY_MS,
  LIBRARY_RATE_KNOWN_AFTER_MS,
  LIBRARY_RESCAN_EVERY_MS,
  LIBRARY_SETTLED_AFTER_MS,
} from '../../config/limits.ts';
import { logger } from '../../kit/log.ts';
import type { Clock, Timer } from '../../kit/sources.ts';
import type { FolderState } from './contract.ts';
import type { Library } from './library.ts';
import { FolderUnreadableError, type ScanProgress, type ScanResult } from './scan.ts';
import { type FolderWatch, watchFolder } from './watch.ts';

const log = logger('library');

export interface KeeperDeps {
  readonly library: Library;
  readonly clock: Clock;
  /** What a folder's look is at; the state of one at rest is in its row. */
  readonly onState: (folderId: string, state: FolderState | undefined, watched: boolean) => void;
  readonly onLooked?: (folderId: string, result: ScanResult) => void;
}

export interface Keeper extends AsyncDisposable {
  /** Resolves when every folder is watched and waits for its look. */
  start(): Promise<void>;
  look(folderId: string, under?: string): void;
  /** Hides what is in a folder, after what is in work. */
  remove(folderId: string): Promise<void>;
}

export function createKeeper({ library, clock, onState, onLooked }: KeeperDeps): Keeper {
  const stopping = new AbortController();
  /** By folder: the parts to be looked at; `''` is all of it. */
  const waiting = new Map<string, Set<string>>();
  const watches = new Map<string, FolderWatch>();
  const timers = new Set<Timer>();
  let working: Promise<void> | undefined;

  const isWatched = (folderId: string): boolean => watches.get(folderId)?.isWhole ?? false;
  const tell = (folderId: string, state?: FolderState): void => onState(folderId, state, isWatched(folderId));

  function later(ms: number, work: () => void): void {
    const timer = clock.after(ms, () => {
      timers.delete(timer);
      if (!stopping.signal.aborted) work();
    });
    timers.add(timer);
  }

  function look(folderId: string, under = ''): void {
    const parts = waiting.get(folderId) ?? new Set();
    if (under === '') parts.clear();
    if (!parts.has('')) parts.add(under);
    waiting.set(folderId, parts);
    if (working) tell(folderId, { s: 'waiting' });
    working ??= lookAtAll().finally(() => {
      working = undefined;
    });
  }

  async function lookAtAll(): Promise<void> {
    // The caller's turn ends first: several looks that are asked for at once are one.
    await Promise.resolve();
    for (let next = first(); next && !stopping.signal.aborted; next = first()) await lookAt(...next);
  }

  function first(): [folderId: string, under: string] | undefined {
    for (const [folderId, parts] of waiting) {
      const [under] = parts;
      if (under !== undefined) parts.delete(under);
      if (parts.size === 0) waiting.delete(folderId);
      if (under !== undefined) return [folderId, under];
    }
    return undefined;
  }

  async function lookAt(folderId: string, under: string): Promise<void> {
    try {
      const onProgress = progressOf(folderId);
      const settleMs = LIBRARY_SETTLED_AFTER_MS;
      const onWait = (): void => tell(folderId, { s: 'waiting' });
      const { signal } = stopping;
      const result = await library.scan(folderId, { under, settleMs, onProgress, onWait, signal });
      if (result.unsettled > 0) later(LIBRARY_SETTLED_AFTER_MS, () => look(folderId, under));
      onLooked?.(folderId, result);
    } catch (error) {
      if (stopping.signal.aborted) return;
      if (!(error instanceof FolderUnreadableError))
        log.warn({ err: error, folderId }, 'a folder was not read to its end');
    }
    tell(folderId);
  }

  function progressOf(folderId: string): (progress: ScanProgress) => void {
    const startedMs = clock.nowMs();
    let toldMs = 0;
    return ({ done, total, refused }) => {
      const nowMs = clock.nowMs();
      if (nowMs - toldMs < LIBRARY_PROGRESS_EVERY_MS) return;
      toldMs = nowMs;
      const elapsedMs = nowMs - startedMs;
      const perSecond = elapsedMs > 0 ? (done * 1000) / elapsedMs : 0;
      const isKnown = perSecond > 0 && elapsedMs >= LIBRARY_RATE_KNOWN_AFTER_MS;
      tell(folderId, {
        s: 'scanning',
        done,
        total,
        perSecond,
        refused,
        ...(isKnown && { remainingMs: Math.round(((total - done) / perSecond) * 1000) }),
      });
    };
  }

  /** Folders come and go, also by imports of other processes. */
  async function follow(): Promise<void> {
    const folders = await library.folders();
    for (const [folderId, watch] of watches) {
      if (folders.some((folder) => folder.folderId === folderId)) continue;
      watch[Symbol.dispose]();
      watches.delete(folderId);
    }
    for (const { folderId, path } of folders) {
      if (watches.has(folderId)) continue;
      watches.set(
        folderId,
        watchFolder(path, clock, (parts) => parts.forEach((under) => void look(folderId, under))),
      );
      look(folderId);
    }
  }

  /** A disk that was away is watched again, and what no watcher has told is found. */
  function rescan(): void {
    for (const [folderId, watch] of watches) {
      if (watch.isWhole) look(folderId);
      else {
        watch[Symbol.dispose]();
        watches.delete(folderId);
      }
    }
    later(LIBRARY_RESCAN_EVERY_MS, rescan);
  }

  function followLater(): void {
    later(LIBRARY_FOLDERS_EVERY_MS, () => {
      void follow()
        .catch((err: unknown) => log.warn({ err }, 'the folders could not be listed'))
        .finally(followLater);
    });
  }

  return {
    async start() {
      await follow();
      followLater();
      later(LIBRARY_RESCAN_EVERY_MS, rescan);
    },
    look(folderId, under) {
      if (watches.has(folderId)) look(folderId, under);
      else void follow().catch((err: unknown) => log.warn({ err }, 'the folders could not be listed'));
    },
    async remove(folderId) {
      waiting.delete(folderId);
      await working;
      watches.get(folderId)?.[Symbol.dispose]();
      watches.delete(folderId);
      await library.remove(folderId);
    },
    async [Symbol.asyncDispose]() {
      stopping.abort(new Error('The library is closed.'));
      for (const timer of timers) timer.cancel();
      for (const watch of watches.values()) watch[Symbol.dispose]();
      await working;
    },
  };
}
