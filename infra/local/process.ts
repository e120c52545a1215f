/** A server of somebody else as a child process: started, waited for until it is ready, ended with us. */
import { type ChildProcess, spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LocalProcess extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** Resolves with the exit code, or with the name of the signal that ended it. */
  readonly exited: Promise<number | string>;
  /** Its last lines, for whoever has to say why it failed. */
  readonly tail: readonly string[];
  kill(signal: NodeJS.Signals): void;
}

export interface LocalProcessOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** The network namespace to run in (network.ts). */
  readonly netns?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
  /** Asked every READY_POLL_MS until it says yes. */
  readonly ready: () => Promise<boolean>;
  readonly readyMsMax?: number;
  /** How long it may take to end after SIGTERM. */
  readonly stopMsMax?: number;
  /** Also told `started, pid …` and `has ended (…)`. */
  readonly onLine?: (line: string, name: string) => void;
}

const READY_POLL_MS = 50;
const READY_MS_MAX = 30_000;
const STOP_MS_MAX = 15_000;
const TAIL_LINES = 40;

/** @throws Error with its last lines when it ends, or is not ready in time. */
export async function startProcess(options: LocalProcessOptions): Promise<LocalProcess> {
  const { name, readyMsMax = READY_MS_MAX, stopMsMax = STOP_MS_MAX } = options;
  const child = spawnWithUs(options);
  const tail: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      options.onLine?.(line, name);
    });
  }
  let ended = false;
  const exited = new Promise<number | string>((resolve) => {
    child.on('error', (error) => {
      tail.push(String(error));
      resolve(127);
    });
    child.on('exit', (code, signal) => resolve(signal ?? code ?? 1));
  });
  if (child.pid !== undefined) options.onLine?.(`started, pid ${child.pid}`, name);
  void exited.then((how) => {
    ended = true;
    endGroupOf(child);
    options.onLine?.(`has ended (${how})`, name);
  });
  const kill = (signal: NodeJS.Signals): void => void (ended || child.kill(signal));
  const stop = async (): Promise<void> => {
    // A stopped process hears nothing else.
    kill('SIGCONT');
    kill('SIGTERM');
    const late = new AbortController();
    await Promise.race([exited, sleep(stopMsMax, undefined, { signal: late.signal }).catch(() => {})]);
    late.abort();
    kill('SIGKILL');
    await exited;
  };

  const untilMs = Date.now() + readyMsMax;
  while (!(await options.ready().catch(() => false))) {
    if (!ended && Date.now() < untilMs) {
      await sleep(READY_POLL_MS);
      continue;
    }
    await stop();
    const why = ended ? `ended (${await exited})` : `was not ready within ${readyMsMax / 1000} s`;
    throw new Error(`${name} ${why}:\n${tail.join('\n')}`);
  }
  return { name, pid: child.pid as number, exited, tail, kill, [Symbol.asyncDispose]: stop };
}

/** What it leaves behind, such as nginx its workers, would serve on. */
function endGroupOf({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** On Linux the kernel ends it when we are killed; elsewhere it may outlive a SIGKILL of ours. */
function spawnWithUs({ command, args, cwd, env, netns }: LocalProcessOptions): ChildProcess {
  const [program = command, ...before] = [
    ...(process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'KILL', '--'] : []),
    ...(netns ? ['ip', 'netns', 'exec', netns] : []),
    command,
  ];
  return spawn(program, [...before, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C at the terminal goes to us; we end our children in our own order.
    detached: true,
  });
}

/** A port of this machine that nobody listens on at the moment. */
export function freePort(host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Whether somebody takes connections there. */
export const accepts = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, host);
    socket.on('connect', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
