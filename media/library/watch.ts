/** Tells which parts of a folder have changed, once they have been quiet for a while. */
import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import {
  LIBRARY_CHANGED_FOLDERS_MAX,
  LIBRARY_QUIET_MS,
  LIBRARY_WATCHED_FOLDERS_MAX,
} from '../../config/limits.ts';
import type { Clock, Timer } from '../../kit/sources.ts';

export interface FolderWatch extends Disposable {
  /** False when the system watches no more folders: changes are then found by a look from time to time. */
  readonly isWhole: boolean;
}

/** @param onChange is given paths below the folder, `''` for all of it */
export function watchFolder(
  root: string,
  clock: Clock,
  onChange: (under: readonly string[]) => void,
): FolderWatch {
  const watchers = new Map<string, FSWatcher>();
  const changed = new Set<string>();
  let quiet: Timer | undefined;
  let isWhole = true;

  function add(folder: string): void {
    if (watchers.has(folder)) return;
    if (watchers.size >= LIBRARY_WATCHED_FOLDERS_MAX) {
      isWhole = false;
      return;
    }
    try {
      const watcher = watch(folder, { persistent: false }, () => touch(folder));
      watcher.on('error', () => leave(folder));
      watchers.set(folder, watcher);
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (entry.isDirectory() && !entry.name.startsWith('.')) add(join(folder, entry.name));
      }
    } catch (error) {
      // A folder that is gone or closed is told by the one around it.
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOSPC' || code === 'EMFILE') isWhole = false;
    }
  }

  function leave(folder: string): void {
    for (const [path, watcher] of watchers) {
      if (path !== folder && !path.startsWith(folder + sep)) continue;
      watcher.close();
      watchers.delete(path);
    }
    if (folder !== root) touch(dirname(folder));
  }

  function touch(folder: string): void {
    changed.add(folder);
    quiet?.cancel();
    quiet = clock.after(LIBRARY_QUIET_MS, tell);
  }

  function tell(): void {
    const folders = [...changed];
    changed.clear();
    // What has come since is watched from now on; what has been in it since is seen by the look that follows.
    for (const folder of folders) {
      leaveGone(folder);
      add(folder);
      for (const path of foldersIn(folder)) add(path);
    }
    const paths = folders.map((folder) => relative(root, folder).split(sep).join('/'));
    onChange(paths.length > LIBRARY_CHANGED_FOLDERS_MAX || paths.includes('') ? [''] : paths);
  }

  function leaveGone(folder: string): void {
    const there = new Set(foldersIn(folder));
    for (const path of watchers.keys()) {
      if (dirname(path) === folder && !there.has(path)) {
        watchers.get(path)?.close();
        watchers.delete(path);
      }
    }
  }

  add(root);
  return {
    get isWhole() {
      return isWhole && watchers.has(root);
    },
    [Symbol.dispose]() {
      quiet?.cancel();
      for (const watcher of watchers.values()) watcher.close();
      watchers.clear();
    },
  };
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => join(folder, name));
  } catch {
    return [];
  }
}
