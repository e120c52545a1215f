/** The service as a new user starts it, in a process of its own with an empty data folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const START_TIMEOUT_MS = 60_000;

export interface RunningService {
  readonly url: string;
  /** The one-time code printed for the first administrator. */
  readonly setupCode: string | undefined;
  readonly dataDir: string;
  readonly pid: number;
  /** All that it has printed so far. */
  output(): string;
  /** Ends the process at once, as a power cut would; the data folder stays. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

const exited = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((done) => child.once('exit', () => done()));

async function start(env: Record<string, string>, dataDir: string): Promise<RunningService> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, 'scripts', 'start.ts')],
    {
      env: { ...process.env, ANTIPHON_PORT: '0', ANTIPHON_LOG_LEVEL: 'warn', ...env, ANTIPHON_DATA: dataDir },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  const ready = new Promise<string>((done, failed) => {
    const timer = setTimeout(() => failed(new Error(`not ready in time:\n${output}`)), START_TIMEOUT_MS);
    const look = (chunk: Buffer) => {
      output += chunk;
      const url = /(https?:\/\/[\w.:[\]-]+)\/?\s/.exec(output)?.[1];
      if (url) {
        clearTimeout(timer);
        done(url);
      }
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.once('exit', (code) => failed(new Error(`ended with ${code}:\n${output}`)));
  });
  const url = await ready;
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await exited(child);
  };
  return {
    url,
    dataDir,
    pid: child.pid as number,
    output: () => output,
    get setupCode() {
      return /code[=:]\s*([\w-]+)/i.exec(output)?.[1];
    },
    kill: () => end('SIGKILL'),
    async stop() {
      await end('SIGTERM');
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export async function startService(env: Record<string, string> = {}): Promise<RunningService> {
  return start(env, await mkdtemp(join(tmpdir(), 'antiphon-e2e-')));
}

/** Over a library that was made before; no demo music. */
export const startOn = (dataDir: string, env: Record<string, string> = {}): Promise<RunningService> =>
  start({ ANTIPHON_DEMO: 'off', ...env }, dataDir);

/** Starts again, at the same address, on the data folder of a service that was killed. */
export const startAgain = ({ url, dataDir }: RunningService): Promise<RunningService> =>
  start({ ANTIPHON_DEMO: 'off', ANTIPHON_PORT: new URL(url).port }, dataDir);
