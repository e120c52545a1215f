/** So many at once, so many more in line, and no more. */

export type Gate = <T>(work: () => Promise<T>) => Promise<T>;

export interface GateOptions {
  readonly atOnceMax: number;
  readonly waitingMax: number;
  /** What whoever finds the line full is told. */
  readonly busy: () => Error;
}

/** Runs what it is given in the order of arrival. It rejects with `busy` when the line is full. */
export function createGate({ atOnceMax, waitingMax, busy }: GateOptions): Gate {
  const waiting: (() => void)[] = [];
  let running = 0;

  return async (work) => {
    if (running < atOnceMax) running++;
    else if (waiting.length >= waitingMax) throw busy();
    // Whoever ends hands its place over.
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
