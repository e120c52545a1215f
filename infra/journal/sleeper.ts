/** How a consumer's loop sleeps between two looks for work. No wake-up is lost, and no sleep outlasts the loop. */
import type { Clock } from '../../kit/sources.ts';

/** Of one loop, which sleeps once at a time. */
export interface Sleeper {
  /** Something may have happened. */
  wake(): void;
  /** Resolves once there was a wake-up since it last resolved, be it before this call, or after `delayMsMax`. */
  untilWoken(delayMsMax?: number): Promise<void>;
  /** Resolves after `delayMs`. Whether it `isOver` before is asked now and at each wake-up. */
  pause(delayMs: number, isOver?: () => boolean): Promise<void>;
  /** From now on nothing sleeps. */
  close(): void;
  isClosed(): boolean;
}

export function createSleeper(clock: Clock): Sleeper {
  let woken = false;
  let closed = false;
  let lookUp: (() => void) | undefined;

  async function sleep(isOver: () => boolean, delayMs?: number): Promise<void> {
    if (closed || isOver()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = delayMs === undefined ? undefined : clock.after(delayMs, resolve);
    lookUp = () => {
      if (closed || isOver()) resolve();
    };
    await promise;
    lookUp = undefined;
    timer?.cancel();
  }

  return {
    wake() {
      woken = true;
      lookUp?.();
    },
    async untilWoken(delayMsMax) {
      await sleep(() => woken, delayMsMax);
      // Only here, before the caller looks: what comes during its look ends the next sleep.
      woken = false;
    },
    pause: (delayMs, isOver = () => false) => sleep(isOver, delayMs),
    close() {
      closed = true;
      lookUp?.();
    },
    isClosed: () => closed,
  };
}
