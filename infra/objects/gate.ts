/** So many at once, so many more in line, and no more. */
import { UnavailableError } from '../../kit/errors.ts';

export type Gate = <T>(run: () => Promise<T>) => Promise<T>;

/** Runs what it is given in the order of arrival. @throws UnavailableError `OBJECTS_BUSY` when the line is full. */
export function createGate({ atOnceMax, waitingMax }: { atOnceMax: number; waitingMax: number }): Gate {
  const waiting: (() => void)[] = [];
  let running = 0;

  return async (run) => {
    if (running >= atOnceMax) {
      if (waiting.length >= waitingMax) {
        throw new UnavailableError('OBJECTS_BUSY', 'Too many objects are asked for at once; try again soon.');
      }
      // Whoever ends hands its place over.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running++;
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
