/**
 * One LMDB environment with group commit: what `write` has resolved survives `kill -9` and a power cut.
 *
 * Writes that arrive while a transaction is being synced wait and share the next one, so a thousand
 * concurrent writers pay for a handful of fsyncs. LMDB's write lock spans processes: what a write reads is
 * still true when it commits, whoever else has the folder open.
 */
import { type Database, type Key, open } from 'lmdb';
import { STORE_GROUP_WRITES_MAX, STORE_WRITES_WAITING_MAX } from '../../config/engine-limits.ts';
import { UnavailableError } from '../../kit/errors.ts';

/** Values are texts of JSON: as fast as msgpackr for our rows, and readable with any LMDB tool. */
export type TextDatabase = Database<string, Key>;

export interface Store extends AsyncDisposable {
  database(name: string): TextDatabase;
  /**
   * Runs `work` inside a write transaction and resolves with its result once that is durable.
   *
   * `work` is synchronous and must check before it puts: its puts are kept even when it throws later.
   *
   * @throws what `work` throws; UnavailableError `STORE_OVERLOADED`, `STORE_WRITE_FAILED`, `STORE_CLOSED`.
   */
  write<T>(work: () => T): Promise<T>;
  /** Makes the next read see what other processes have committed. */
  refresh(): void;
}

interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

export function openStore(path: string): Store {
  // Without overlapping sync a commit resolves after its fsync, and readers never see what could be lost.
  const env = open({ path, overlappingSync: false, maxDbs: 16, encoding: 'string' });
  let waiting: Waiting[] = [];
  let committing: Promise<void> | undefined;
  let closed = false;

  async function commitGroup(group: readonly Waiting[]): Promise<void> {
    const outcomes: Outcome[] = [];
    try {
      await env.transaction(() => {
        for (const { work } of group) outcomes.push(outcomeOf(work));
      });
    } catch (cause) {
      swallowCommitError(cause);
      const error = new UnavailableError(
        'STORE_WRITE_FAILED',
        'The data folder could not be written. Check the free space and the permissions of its disk.',
        { cause: String(cause) },
      );
      for (const { reject } of group) reject(error);
      return;
    }
    group.forEach(({ resolve, reject }, index) => {
      const outcome = outcomes[index] as Outcome;
      if ('error' in outcome) reject(outcome.error);
      else resolve(outcome.value as never);
    });
  }

  async function commitAll(): Promise<void> {
    // The callers of this turn join the first group.
    await Promise.resolve();
    while (waiting.length > 0) {
      const group = waiting.slice(0, STORE_GROUP_WRITES_MAX);
      waiting = waiting.slice(group.length);
      await commitGroup(group);
    }
    committing = undefined;
  }

  return {
    database: (name) => env.openDB<string, Key>({ name, encoding: 'string' }),
    write<T>(work: () => T): Promise<T> {
      if (closed) {
        return Promise.reject(new UnavailableError('STORE_CLOSED', 'The service is stopping. Try again.'));
      }
      if (waiting.length >= STORE_WRITES_WAITING_MAX) {
        return Promise.reject(
          new UnavailableError('STORE_OVERLOADED', 'Too many writes are waiting. Try again in a moment.'),
        );
      }
      return new Promise<T>((resolve, reject) => {
        waiting.push({ work, resolve, reject });
        committing ??= commitAll();
      });
    },
    refresh: () => env.resetReadTxn(),
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      await committing;
      await env.close();
    },
  };
}

function outcomeOf(work: () => unknown): Outcome {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}

/** LMDB hands the reason over as a second promise that rejects on its own. */
function swallowCommitError(cause: unknown): void {
  const { commitError } = cause as { commitError?: Promise<unknown> };
  commitError?.catch(() => undefined);
}
