/** One user of a folder at a time: the lock names who holds it, and one whose process is gone is taken over. */
import { readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { isAlive } from '../../kit/is-alive.ts';
import { isAbsent, isThere, placeText } from './backup-files.ts';

const ATTEMPTS_MAX = 3;

export interface Holder {
  readonly pid: number;
  readonly host: string;
}

/** @throws what `taken` makes of the holder, when it is known. */
export async function lockFile(
  path: string,
  taken: (holder: Holder | undefined) => Error,
): Promise<AsyncDisposable> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    try {
      const own: Holder = { pid: process.pid, host: hostname() };
      await placeText(path, JSON.stringify(own));
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if (!isThere(error)) throw error;
    }
    const holder = await holderOf(path);
    if (holder && (holder.host !== hostname() || isAlive(holder.pid))) throw taken(holder);
    await rm(path, { force: true });
  }
  throw taken(undefined);
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
