/** So many at once, so many more in line, and no more. */
import { UnavailableError } from '../../kit/errors.ts';

export type Gate = <T>(run: () => Promise<T>) => Promise<T>;

export interface GateOptions {
  readonly atOnceMax: number;
  readonly waitingMax: number;
  /** What whoever finds the line full is told; default: `OBJECTS_BUSY`. */
  readonly busy?: () => UnavailableError;
}

const objectsBusy = (): UnavailableError =>
  new UnavailableError('OBJECTS_BUSY', 'Too many objects are asked for at once; try again soon.');

/** Runs what it is given in the order of arrival. @throws UnavailableError when the line is full. */
export function createGate({ atOnceMax, waitingMax, busy = objectsBusy }: GateOptions): Gate {
  const waiting: (() => void)[] = [];
  let running = 0;

  return async (run) => {
    if (running >= atOnceMax) {
      if (waiting.length >= waitingMax) {
        throw busy();
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
