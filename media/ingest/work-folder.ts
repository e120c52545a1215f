/**
 * Folders in which songs are worked on. Each is named after the process that has it, so that those of the dead
 * can be told: by host, pid and start, since a container's pids are the same after each restart, and several
 * containers may share one disk.
 */
import { mkdir, mkdtemp, readdir, rm, stat, statfs } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DAY_MS } from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import { isAlive } from '../../kit/is-alive.ts';

export interface WorkFolder extends AsyncDisposable {
  readonly path: string;
}

const NAME = /^song-(\d+)-(\d+)-(.+)-\w{6}$/;
const OWN_STARTED_MS = Math.round(performance.timeOrigin);
/** Of other hosts nobody here knows who lives; no song takes so long. */
const AGE_MS_MAX = DAY_MS;
/** More than one write of any step: with less, it was the disk that stopped it. */
const ROOM_BYTES_MIN = 1024 ** 2;

/** Its content goes with it. */
export async function makeWorkFolder(tempFolder: string): Promise<WorkFolder> {
  const path = await mkdtemp(join(tempFolder, `song-${process.pid}-${OWN_STARTED_MS}-${hostname()}-`));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/**
 * Runs a step that fills the folder. A full disk makes encoders fail as damaged music does, or end too soon.
 * @throws UnavailableError `INGEST_NO_ROOM` instead of what the step threw, when there is no room left
 */
export async function withRoom<T>(path: string, step: () => Promise<T>, room = roomBytes): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if ((await room(path)) >= ROOM_BYTES_MIN) throw error;
    throw new UnavailableError('INGEST_NO_ROOM', `The disk of ${path} is full; make room there.`);
  }
}

async function roomBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/** Removes what processes that died in the middle of a song left behind. */
export async function sweepTempFolder(tempFolder: string): Promise<void> {
  await mkdir(tempFolder, { recursive: true, mode: 0o700 });
  for (const name of await readdir(tempFolder)) {
    if (!name.startsWith('song-')) continue;
    const path = join(tempFolder, name);
    if (!(await isInUse(name, path))) await rm(path, { recursive: true, force: true });
  }
}

async function isInUse(name: string, path: string): Promise<boolean> {
  const [, pid, startedMs, host] = NAME.exec(name) ?? [];
  if (host !== hostname()) return (await changedAtMs(path)) > Date.now() - AGE_MS_MAX;
  return Number(pid) === process.pid ? Number(startedMs) === OWN_STARTED_MS : isAlive(Number(pid));
}

/** 0 when its owner has removed it in the meantime. */
const changedAtMs = (path: string): Promise<number> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
