/**
 * One process at a time looks through a folder, and says which file it has in hand: what is in hand when it dies has
 * perhaps killed it. Kept in small files, because a table forgets what was written just before a death.
 */
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  LIBRARY_DEATHS_PER_FILE_MAX,
  LIBRARY_TURN_ASKED_EVERY_MS,
  LIBRARY_TURN_LOST_AFTER_MS,
  LIBRARY_TURN_TOLD_EVERY_MS,
} from '../../config/limits.ts';
import type { Clock } from '../../kit/sources.ts';
import { RefusedError } from '../files/refusal.ts';

/** How often a process died with a file in hand, and how the file looked. */
type Deaths = Map<string, { readonly state: string; readonly times: number }>;

export interface TurnOptions {
  readonly dataDir: string;
  readonly folderId: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Told once when another process has the turn. */
  readonly onWait?: (() => void) | undefined;
}

/** @throws the signal's reason */
export async function takeTurn({ dataDir, folderId, clock, signal, onWait }: TurnOptions): Promise<Turn> {
  const folder = join(dataDir, 'library');
  mkdirSync(folder, { recursive: true });
  const lock = join(folder, `${folderId}.lock`);
  for (let asked = 0; !isTaken(lock, clock); asked++) {
    if (asked === 0) onWait?.();
    // Keeps a command alive that has nothing else to do.
    await setTimeout(LIBRARY_TURN_ASKED_EVERY_MS);
    signal?.throwIfAborted();
  }
  return new Turn(lock, join(folder, `${folderId}.json`), clock);
}

export class Turn implements Disposable {
  readonly #lock: string;
  readonly #file: string;
  readonly #fd: number;
  readonly #clock: Clock;
  readonly #deaths: Deaths;
  #toldMs = 0;

  constructor(lock: string, file: string, clock: Clock) {
    this.#lock = lock;
    this.#file = file;
    this.#clock = clock;
    this.#deaths = deathsIn(file);
    this.#fd = openSync(file, 'w');
    this.#write();
  }

  /** @throws RefusedError `CRASHED_THE_READER` before it does so again; what `work` throws */
  with<T>(path: string, state: string, work: () => T): T {
    const known = this.#deaths.get(path);
    const times = known?.state === state ? known.times : 0;
    if (times >= LIBRARY_DEATHS_PER_FILE_MAX) throw new RefusedError('CRASHED_THE_READER');
    this.#deaths.set(path, { state, times: times + 1 });
    this.#write();
    try {
      return work();
    } finally {
      this.#deaths.delete(path);
      this.#write();
    }
  }

  /** The turn is lost when nothing is heard of it for long: its holder's number may be another process's by now. */
  keep(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#toldMs < LIBRARY_TURN_TOLD_EVERY_MS) return;
    this.#toldMs = nowMs;
    utimesSync(this.#lock, nowMs / 1000, nowMs / 1000);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
    if (this.#deaths.size === 0) rmSync(this.#file, { force: true });
    rmSync(this.#lock, { force: true });
  }

  #write(): void {
    const bytes = writeSync(this.#fd, JSON.stringify([...this.#deaths]), 0);
    ftruncateSync(this.#fd, bytes);
  }
}

function deathsIn(file: string): Deaths {
  try {
    return new Map(JSON.parse(readFileSync(file, 'utf8')) as [string, { state: string; times: number }][]);
  } catch {
    // There is none, or its writer died between two writes: nothing is held against anyone.
    return new Map();
  }
}

function isTaken(lock: string, clock: Clock): boolean {
  for (;;) {
    try {
      const fd = openSync(lock, 'wx');
      writeSync(fd, String(process.pid));
      closeSync(fd);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (isHeld(lock, clock)) return false;
    // Two that find it lost at the same moment may both read: that is slow, and harms nothing.
    rmSync(lock, { force: true });
  }
}

function isHeld(lock: string, clock: Clock): boolean {
  try {
    if (clock.nowMs() - statSync(lock).mtimeMs > LIBRARY_TURN_LOST_AFTER_MS) return false;
    const pid = Number(readFileSync(lock, 'utf8'));
    // Empty: its holder is about to say who it is.
    if (pid > 0) process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
