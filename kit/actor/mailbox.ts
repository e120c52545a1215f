/** One turn at a time per id, in order of arrival. An idle id costs nothing. */
import { UnavailableError } from '../errors.ts';

export interface Mailboxes {
  /** @throws UnavailableError `MAILBOX_FULL` when `waitingMax` others wait already. */
  inTurn<T>(id: string, work: () => Promise<T>): Promise<T>;
  isBusy(id: string): boolean;
  waiting(id: string): number;
  /** Resolves once no id is busy. */
  drained(): Promise<void>;
}

export function createMailboxes(waitingMax: number): Mailboxes {
  const queues = new Map<string, (() => void)[]>();
  let onDrained: (() => void)[] = [];

  function passOn(id: string): void {
    const next = queues.get(id)?.shift();
    if (next) {
      next();
      return;
    }
    queues.delete(id);
    if (queues.size > 0) return;
    for (const resolve of onDrained) resolve();
    onDrained = [];
  }

  return {
    async inTurn(id, work) {
      const queue = queues.get(id);
      if (queue && queue.length >= waitingMax) {
        throw new UnavailableError('MAILBOX_FULL', 'Too many commands wait here; try again in a moment.');
      }
      if (queue) await new Promise<void>((resolve) => queue.push(resolve));
      else queues.set(id, []);
      try {
        return await work();
      } finally {
        passOn(id);
      }
    },
    isBusy: (id) => queues.has(id),
    waiting: (id) => queues.get(id)?.length ?? 0,
    drained: () =>
      queues.size === 0 ? Promise.resolve() : new Promise((resolve) => onDrained.push(resolve)),
  };
}
