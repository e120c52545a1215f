/** Begins the process that reads folders, and begins it again when it dies. */
import { type ChildProcess, fork } from 'node:child_process';
import {
  LIBRARY_READER_BACKOFF_MS,
  LIBRARY_READER_BACKOFF_MS_MAX,
  LIBRARY_READER_MEMORY_MB,
  LIBRARY_READER_SILENT_MS_MAX,
  LIBRARY_READER_STOP_MS_MAX,
} from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { Clock, Timer } from '../../kit/sources.ts';
import type { FromReader, ToReader } from './messages.ts';

const log = logger('library');

export interface ReaderProcessOptions {
  readonly program: string;
  /** Given to each process first. */
  readonly settings: unknown;
  readonly clock: Clock;
  readonly onState: (message: Extract<FromReader, { t: 'state' }>) => void;
  /** It has died; what it was at is told anew. */
  readonly onEnd: () => void;
}

export interface ReaderProcess extends AsyncDisposable {
  readonly pid: number | undefined;
  look(folderId: string): void;
  /** @throws UnavailableError when it dies meanwhile */
  remove(folderId: string): Promise<void>;
}

export function startReaderProcess(options: ReaderProcessOptions): ReaderProcess {
  const { clock, onState, onEnd } = options;
  const calls = new Map<number, (error?: string) => void>();
  let child: ChildProcess | undefined;
  let again: Timer | undefined;
  let silence: Timer | undefined;
  let backoffMs = LIBRARY_READER_BACKOFF_MS;
  let lastCall = 0;
  let stopped = false;

  const send = (message: ToReader): void => {
    if (child?.connected) child.send(message, () => undefined);
  };

  function start(): void {
    const startedMs = clock.nowMs();
    child = fork(options.program, [], {
      // What one file leaves is waste before the next: a small nursery is emptied often instead of growing.
      execArgv: [`--max-old-space-size=${LIBRARY_READER_MEMORY_MB}`, '--max-semi-space-size=4'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const begun = child;
    /** A file that is read without end answers no signal either. */
    const heard = (): void => {
      silence?.cancel();
      silence = clock.after(LIBRARY_READER_SILENT_MS_MAX, () => begun.kill('SIGKILL'));
    };
    heard();
    child.on('message', (message: FromReader) => {
      heard();
      if (message.t === 'state') onState(message);
      else if (message.t === 'removed') calls.get(message.call)?.(message.error);
    });
    child.on('error', (err) => log.warn({ err }, 'the process that reads folders could not begin'));
    child.once('exit', (exitCode, signal) => {
      silence?.cancel();
      for (const end of [...calls.values()]) end('The process that reads folders has died; try again.');
      if (stopped) return;
      onEnd();
      // One that has worked for a while is begun again at once.
      if (clock.nowMs() - startedMs > LIBRARY_READER_BACKOFF_MS_MAX) backoffMs = LIBRARY_READER_BACKOFF_MS;
      log.warn(
        { exitCode, signal, againInMs: backoffMs },
        'the process that reads folders has ended; it begins again',
      );
      again = clock.after(backoffMs, start);
      backoffMs = Math.min(2 * backoffMs, LIBRARY_READER_BACKOFF_MS_MAX);
    });
    send({ t: 'open', settings: options.settings });
  }
  start();

  return {
    get pid() {
      return child?.pid;
    },
    look: (folderId) => send({ t: 'look', folderId }),
    remove: (folderId) =>
      new Promise((resolve, reject) => {
        const call = ++lastCall;
        const end = (error?: string): void => {
          calls.delete(call);
          if (error === undefined) resolve();
          else reject(new UnavailableError('LIBRARY_READER_FAILED', error));
        };
        calls.set(call, end);
        if (child?.connected) send({ t: 'remove', folderId, call });
        else end('The process that reads folders is away; try again in a moment.');
      }),
    async [Symbol.asyncDispose]() {
      stopped = true;
      again?.cancel();
      const ending = child;
      if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
      const ended = new Promise((resolve) => ending.once('exit', resolve));
      if (ending.connected) ending.disconnect();
      const kill = clock.after(LIBRARY_READER_STOP_MS_MAX, () => ending.kill('SIGKILL'));
      await ended;
      kill.cancel();
    },
  };
}
