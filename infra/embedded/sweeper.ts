/** Runs bounded clean-up steps from time to time; a step that found a full load is run again at once. */
import { STORE_SWEEP_EVERY_MS } from '../../config/engine-limits.ts';
import { logger } from '../../kit/log.ts';
import type { Clock, Timer } from '../../kit/sources.ts';

const log = logger('sweeper');

/** Removes one bounded load; resolves with whether more is left. */
export type SweepStep = () => Promise<boolean>;

export function startSweeper(clock: Clock, step: SweepStep): AsyncDisposable {
  let closed = false;
  let running = Promise.resolve();
  let timer: Timer;

  async function sweep(): Promise<void> {
    try {
      while (!closed && (await step()));
    } catch (error) {
      log.warn({ err: error }, 'sweep failed; the next round tries again');
    }
    if (!closed) schedule();
  }
  function schedule(): void {
    timer = clock.after(STORE_SWEEP_EVERY_MS, () => {
      running = sweep();
    });
  }
  schedule();

  return {
    async [Symbol.asyncDispose]() {
      closed = true;
      timer.cancel();
      await running;
    },
  };
}
