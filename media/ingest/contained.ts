/**
 * Runs a program on hostile input: with bounds on time, memory and output, at low priority, without input,
 * without our environment, in a process group of its own that dies as one.
 */
import { spawn } from 'node:child_process';

export interface ContainedLimits {
  readonly wallMs: number;
  readonly memoryBytes: number;
  readonly outputFileBytes: number;
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

/** `exec` keeps the process id, so that killing the group leaves nothing behind. */
const LIMITED =
  'ulimit -c 0; ulimit -v "$1" 2>/dev/null; ulimit -f "$2"; ulimit -t "$3"; shift 3; exec nice -n 10 "$@"';
/** ulimit -f counts in these (POSIX). */
const FILE_BLOCK_BYTES = 512;

/** @throws the signal's reason when it is aborted; Error when the program cannot be started. */
export async function runContained(
  program: string,
  args: readonly string[],
  limits: ContainedLimits,
  signal?: AbortSignal,
): Promise<ContainedRun> {
  signal?.throwIfAborted();
  const [command, commandArgs] = limited(program, args, limits);
  const child = spawn(command, commandArgs, {
    detached: process.platform !== 'win32',
    env: { PATH: '/usr/local/bin:/opt/homebrew/bin:/usr/bin:/bin', LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup(child.pid);
  }, limits.wallMs);
  const onAbort = (): void => killGroup(child.pid);
  signal?.addEventListener('abort', onAbort);
  try {
    const [stdout, stderr, exitCode] = await Promise.all([
      tailOf(child.stdout, limits.logBytes),
      tailOf(child.stderr, limits.logBytes),
      new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', resolve);
      }),
    ]);
    signal?.throwIfAborted();
    return { exitCode, stdout, stderr, timedOut };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

function limited(program: string, args: readonly string[], limits: ContainedLimits): [string, string[]] {
  if (process.platform === 'win32') return [program, [...args]];
  const ulimits = [
    Math.ceil(limits.memoryBytes / 1024),
    Math.ceil(limits.outputFileBytes / FILE_BLOCK_BYTES),
    Math.ceil(limits.wallMs / 1000),
  ];
  return ['/bin/sh', ['-c', LIMITED, 'sh', ...ulimits.map(String), program, ...args]];
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch (error) {
    // It ended by itself in the meantime.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function tailOf(stream: AsyncIterable<Buffer>, bytesMax: number): Promise<string> {
  let tail = Buffer.alloc(0);
  for await (const chunk of stream) tail = Buffer.concat([tail, chunk]).subarray(-bytesMax);
  return tail.toString('utf8');
}
