/**
 * Runs a program on hostile input: with bounds on time, memory and output, at low priority, without input,
 * without our environment, in a process group of its own that dies as one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

export interface ContainedLimits {
  readonly wallMs: number;
  readonly memoryBytes: number;
  readonly outputFileBytes: number;
  /** Added to its niceness (POSIX): 19 runs when nobody else wants to. Default NICE. */
  readonly nice?: number;
  /** What is kept of each of stdout and stderr, the end of it. */
  readonly logBytes: number;
}

export interface ContainedRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** It ran out of `wallMs` and was killed. */
  readonly timedOut: boolean;
}

const NICE = 10;

/** A program that runs. */
export interface ContainedProcess {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when it has ended and its output is read; null: killed. Rejects when it could not be started. */
  readonly exit: Promise<number | null>;
  /** Whether it ran out of `wallMs`. */
  readonly timedOut: boolean;
  /** To the whole group; nothing when it has ended. */
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
}

/** `exec` keeps the process id, so that killing the group leaves nothing behind. */
const LIMITED =
  'ulimit -c 0; ulimit -v "$1" 2>/dev/null; ulimit -f "$2"; ulimit -t "$3"; n="$4"; shift 4; exec nice -n "$n" "$@"';
/** ulimit -f counts in these (POSIX). */
const FILE_BLOCK_BYTES = 512;

/** In a group of its own, and nothing of our environment. */
const ALONE = {
  detached: process.platform !== 'win32',
  env: { PATH: '/usr/local/bin:/opt/homebrew/bin:/usr/bin:/bin', LC_ALL: 'C' },
};

/** Whoever starts it reads its output, or it stops when a pipe is full. */
export function startContained(
  program: string,
  args: readonly string[],
  limits: Omit<ContainedLimits, 'logBytes'>,
): ContainedProcess {
  const [command, commandArgs] = limited(program, args, limits);
  const child = spawn(command, commandArgs, { ...ALONE, stdio: ['ignore', 'pipe', 'pipe'] });
  return containedIn(child, limits.wallMs);
}

/** A process that waits, within its bounds, to become some program. */
export interface WaitingProcess {
  readonly isAlive: boolean;
  become(program: string, args: readonly string[]): ContainedProcess;
  end(): void;
}

/**
 * To copy the page tables of a big process takes tens of milliseconds: done ahead, they are not waited for.
 * A shell reads its script from us and becomes the program.
 */
export function startWaiting(limits: Omit<ContainedLimits, 'logBytes'>): WaitingProcess {
  const [command, commandArgs] = limited('/bin/sh', [], limits);
  const child = spawn(command, commandArgs, { ...ALONE, stdio: ['pipe', 'pipe', 'pipe'] });
  let isAlive = child.pid !== undefined;
  const dead = (): void => {
    isAlive = false;
  };
  child.once('exit', dead).once('error', dead);
  // Who was killed meanwhile reads nothing, which its exit tells.
  child.stdin.on('error', dead);
  return {
    get isAlive() {
      return isAlive;
    },
    become(program, args) {
      const running = containedIn(child, limits.wallMs);
      child.stdin.end(`exec ${[program, ...args].map(quoted).join(' ')} </dev/null\n`);
      return running;
    },
    end: () => void child.stdin.end(),
  };
}

/** As POSIX shells read it. */
const quoted = (arg: string): string => `'${arg.replaceAll("'", "'\\''")}'`;

function containedIn(
  child: ChildProcess & { readonly stdout: Readable; readonly stderr: Readable },
  wallMs: number,
): ContainedProcess {
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    signalGroup(child.pid, 'SIGKILL');
  }, wallMs);
  let ended = false;
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => {
    ended = true;
    clearTimeout(timer);
  });
  return {
    stdout: child.stdout,
    stderr: child.stderr,
    exit,
    get timedOut() {
      return timedOut;
    },
    signal(signal) {
      // Its id may be another group's by now.
      if (!ended) signalGroup(child.pid, signal);
    },
  };
}

/**
 * @param onStart is given the process, to stop it for a while
 * @throws the signal's reason when it is aborted; Error when the program cannot be started.
 */
export async function runContained(
  program: string,
  args: readonly string[],
  limits: ContainedLimits,
  signal?: AbortSignal,
  onStart?: (running: ContainedProcess) => void,
): Promise<ContainedRun> {
  signal?.throwIfAborted();
  const running = startContained(program, args, limits);
  const onAbort = (): void => running.signal('SIGKILL');
  signal?.addEventListener('abort', onAbort);
  onStart?.(running);
  try {
    const [stdout, stderr, exitCode] = await Promise.all([
      tailOf(running.stdout, limits.logBytes),
      tailOf(running.stderr, limits.logBytes),
      running.exit,
    ]);
    signal?.throwIfAborted();
    return { exitCode, stdout, stderr, timedOut: running.timedOut };
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

function limited(
  program: string,
  args: readonly string[],
  limits: Omit<ContainedLimits, 'logBytes'>,
): [string, string[]] {
  if (process.platform === 'win32') return [program, [...args]];
  const ulimits = [
    Math.ceil(limits.memoryBytes / 1024),
    Math.ceil(limits.outputFileBytes / FILE_BLOCK_BYTES),
    Math.ceil(limits.wallMs / 1000),
    limits.nice ?? NICE,
  ];
  return ['/bin/sh', ['-c', LIMITED, 'sh', ...ulimits.map(String), program, ...args]];
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch (error) {
    // It ended by itself in the meantime.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export async function tailOf(stream: AsyncIterable<Buffer>, bytesMax: number): Promise<string> {
  let tail = Buffer.alloc(0);
  for await (const chunk of stream) tail = Buffer.concat([tail, chunk]).subarray(-bytesMax);
  return tail.toString('utf8');
}
