/** Finds an ffmpeg and runs it contained. Any version since 4.0 will do: boxes and playlists are ours. */
import { createRequire } from 'node:module';
import {
  INGEST_LOG_BYTES_MAX,
  INGEST_MEMORY_BYTES_MAX,
  INGEST_OUTPUT_FILE_BYTES_MAX,
  JIT_SPARE_AFTER_MS,
  JIT_SPARE_PROCESSES,
  SECOND_MS,
} from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import type { Clock, Timer } from '../../kit/sources.ts';
import {
  type ContainedProcess,
  type ContainedRun,
  runContained,
  startContained,
  startWaiting,
  type WaitingProcess,
} from './contained.ts';

export interface Ffmpeg {
  /** Absolute. */
  readonly path: string;
  readonly version: string;
}

/**
 * The given one, else the system's, else the one of the npm package.
 * @throws UnavailableError `FFMPEG_NOT_FOUND`
 */
export async function findFfmpeg(givenPath?: string): Promise<Ffmpeg> {
  const candidates = givenPath ? [() => givenPath] : [systemPath, npmFfmpegPath];
  for (const candidate of candidates) {
    const path = await candidate();
    const found = path === undefined ? undefined : await check(path);
    if (found) return found;
  }
  throw new UnavailableError(
    'FFMPEG_NOT_FOUND',
    givenPath
      ? `${givenPath} is not an ffmpeg that encodes AAC; correct the setting or leave it out.`
      : 'No ffmpeg was found; install it (apt-get install ffmpeg) or run npm install again.',
  );
}

const limits = {
  memoryBytes: INGEST_MEMORY_BYTES_MAX,
  outputFileBytes: INGEST_OUTPUT_FILE_BYTES_MAX,
  logBytes: INGEST_LOG_BYTES_MAX,
};

/** Without a terminal, its progress line or its banner. */
const QUIET = ['-hide_banner', '-nostdin', '-nostats'];

export interface FfmpegRunOptions {
  readonly signal?: AbortSignal;
  /** Added to its niceness. */
  readonly nice?: number;
  /** Is given the process, to stop it for a while. */
  readonly onStart?: (running: ContainedProcess) => void;
}

export const runFfmpeg = (
  ffmpeg: Ffmpeg,
  args: readonly string[],
  wallMs: number,
  { signal, nice, onStart }: FfmpegRunOptions = {},
): Promise<ContainedRun> =>
  runContained(
    ffmpeg.path,
    [...QUIET, ...args],
    { ...limits, wallMs, ...(nice !== undefined && { nice }) },
    signal,
    onStart,
  );

/** For what is read from its output as it comes. */
export const startFfmpeg = (
  ffmpeg: Ffmpeg,
  args: readonly string[],
  wallMs: number,
  nice = 0,
): ContainedProcess => startContained(ffmpeg.path, [...QUIET, ...args], { ...limits, wallMs, nice });

export interface SpareFfmpegs extends Disposable {
  start(ffmpeg: Ffmpeg, args: readonly string[]): ContainedProcess;
}

/** For what somebody waits for: a few processes that wait to become ffmpeg, replaced when those had a head start. */
export function spareFfmpegs(clock: Clock, wallMs: number): SpareFfmpegs {
  const own = { ...limits, wallMs, nice: 0 };
  const spares: WaitingProcess[] = [];
  let refill: Timer | undefined;
  const refillIn = (ms: number): void => {
    if (process.platform === 'win32') return;
    refill?.cancel();
    refill = clock.after(ms, () => {
      refill = undefined;
      spares.push(startWaiting(own));
      if (spares.length < JIT_SPARE_PROCESSES) refillIn(0);
    });
  };
  refillIn(0);
  return {
    start(ffmpeg, args) {
      let spare = spares.pop();
      while (spare && !spare.isAlive) spare = spares.pop();
      refillIn(JIT_SPARE_AFTER_MS);
      const all = [...QUIET, ...args];
      return spare ? spare.become(ffmpeg.path, all) : startContained(ffmpeg.path, all, own);
    },
    [Symbol.dispose]() {
      refill?.cancel();
      for (const spare of spares) spare.end();
    },
  };
}

/**
 * Input arguments that leave nothing to guess: the demuxer was chosen by content and may open this one file,
 * so a playlist in disguise can name no other.
 */
export const inputArgs = (path: string, demuxer: string): string[] => [
  '-protocol_whitelist',
  'file',
  '-f',
  demuxer,
  '-i',
  `file:${path}`,
];

async function check(path: string): Promise<Ffmpeg | undefined> {
  try {
    const { stdout } = await runContained(path, ['-hide_banner', '-version'], {
      ...limits,
      wallMs: CHECK_MS,
    });
    const encoders = await runContained(path, ['-v', 'error', '-h', 'encoder=aac'], {
      ...limits,
      wallMs: CHECK_MS,
    });
    const version = /^ffmpeg version (\S+)/m.exec(stdout)?.[1];
    return version && encoders.stdout.includes('aac_coder') ? { path, version } : undefined;
  } catch {
    return undefined;
  }
}

const CHECK_MS = 20 * SECOND_MS;

async function systemPath(): Promise<string | undefined> {
  if (process.platform === 'win32') return undefined;
  const found = await runContained('/bin/sh', ['-c', 'command -v ffmpeg'], { ...limits, wallMs: CHECK_MS });
  return found.stdout.trim() || undefined;
}

/** The 2018 build that the npm package brings; none where it has no binary. */
export function npmFfmpegPath(): string | undefined {
  try {
    const installed: { path: string } = createRequire(import.meta.url)('@ffmpeg-installer/ffmpeg');
    return installed.path;
  } catch {
    // The package is optional and has no binary for some machines.
    return undefined;
  }
}
