/**
 * Whether Redis is worth asking. The first failure stops all asking; from then on this asks by itself, and
 * callers go on without an answer, and without waiting for one, until it is back.
 */
import { REDIS_COMMAND_MS_MAX, REDIS_PROBE_EVERY_MS } from '../../config/engine-limits.ts';
import { logger } from '../../kit/log.ts';
import { gauge } from '../../kit/metrics.ts';
import type { Clock, Timer } from '../../kit/sources.ts';

const log = logger('cache');
const away = gauge('cache_away', '1 while the shared cache is away and each node goes on by itself');

export interface CircuitDeps {
  readonly clock: Clock;
  /** Whether what failed would work again. */
  readonly probe: (failedKey: string) => Promise<unknown>;
  /** Work that waits for Redis: all of it is done before anybody is served again. */
  readonly backlog: { readonly size: number; catchUp(): Promise<void> };
}

export interface Circuit extends Disposable {
  /**
   * Gives what `run` gives, or undefined when Redis is away or failed; it then never waits long.
   *
   * @param unanswered runs in the same turn in which that is known, before the circuit can close again
   */
  ask<T>(
    key: string,
    run: () => Promise<T>,
    unanswered?: () => void,
  ): Promise<{ readonly answer: T } | undefined>;
}

export function createCircuit({ clock, probe, backlog }: CircuitDeps): Circuit {
  let isOpen = false;
  let isTold = false;
  let isDisposed = false;
  let timer: Timer | undefined;

  async function tryAgain(failedKey: string): Promise<void> {
    try {
      await soon(clock, probe(failedKey));
      while (backlog.size > 0) await backlog.catchUp();
      isOpen = false;
      if (isTold) log.info('Redis is back');
      isTold = false;
      away.set(0);
    } catch (error) {
      if (isDisposed) return;
      // Told only now: a lone failure, such as a stall of our own, is healed by the first probe.
      if (!isTold) log.warn({ err: error }, 'Redis is away; each node goes on by itself until it is back');
      isTold = true;
      away.set(1);
      timer = clock.after(REDIS_PROBE_EVERY_MS, () => void tryAgain(failedKey));
    }
  }

  return {
    async ask(key, run, unanswered = () => {}) {
      if (isOpen || isDisposed) {
        unanswered();
        return undefined;
      }
      try {
        return { answer: await soon(clock, run()) };
      } catch {
        unanswered();
        if (!isOpen && !isDisposed) {
          isOpen = true;
          void tryAgain(key);
        }
        return undefined;
      }
    },
    [Symbol.dispose]() {
      isDisposed = true;
      timer?.cancel();
    },
  };
}

/** The answer, if it comes in time. */
export function soon<T>(clock: Clock, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`Redis did not answer within ${REDIS_COMMAND_MS_MAX} ms.`));
    // After a stall of our own the answer may lie in the socket, unread: it is read before `late` runs.
    const timer = clock.after(REDIS_COMMAND_MS_MAX, () => setImmediate(() => setImmediate(late)));
    answer.then(resolve, reject).finally(() => timer.cancel());
  });
}
