/** One backup at a time in a folder: the lock names who holds it, and one whose process is gone is taken over. */
import { readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ConflictError } from '../../kit/errors.ts';
import { isAbsent, isThere, placeText } from './backup-files.ts';

const LOCK_FILE = 'backup.lock';
const ATTEMPTS_MAX = 3;

interface Holder {
  readonly pid: number;
  readonly host: string;
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** @throws ConflictError `BACKUP_UNDER_WAY`. */
export async function lockBackup(backup: string): Promise<AsyncDisposable> {
  const path = join(backup, LOCK_FILE);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    try {
      const own: Holder = { pid: process.pid, host: hostname() };
      await placeText(path, JSON.stringify(own));
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if (!isThere(error)) throw error;
    }
    const holder = await holderOf(path);
    if (holder && (holder.host !== hostname() || isAlive(holder.pid))) throw underWay(path, holder);
    await rm(path, { force: true });
  }
  throw underWay(path, undefined);
}

/** Undefined for a lock that is gone by now, or that a failing disk cut short. */
async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch (error) {
    if (error instanceof SyntaxError || isAbsent(error)) return undefined;
    throw error;
  }
}

const underWay = (path: string, holder: Holder | undefined): ConflictError =>
  new ConflictError(
    'BACKUP_UNDER_WAY',
    `Another backup writes to this folder${holder ? ` (process ${holder.pid} on ${holder.host})` : ''}. Wait for it; if it is gone, remove ${path}.`,
  );
