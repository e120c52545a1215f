/** Waiting until each shard has been handled up to its newest record of now. */
import {
  CONSUMER_CAUGHT_UP_MS_MAX,
  CONSUMER_CAUGHT_UP_POLL_MS,
  CONSUMER_POLL_MS,
} from '../../config/limits.ts';
import { currentCall } from '../../kit/call-context.ts';
import { UnavailableError } from '../../kit/errors.ts';
import type { Clock } from '../../kit/sources.ts';

export interface ShardProgress {
  readonly shards: readonly number[];
  /** The seq of the newest record of a shard, 0 for none. */
  head(shard: number): Promise<number>;
  /** Up to which seq the shard has been handled. */
  handled(shard: number): Promise<number>;
  /** Resolves when something is handled in this process; without it the clock tells when to look again. */
  moved?(): Promise<void>;
}

/** Until when somebody waits for a consumer. */
export const waitUntilMs = (clock: Clock): number =>
  Math.min(clock.nowMs() + CONSUMER_CAUGHT_UP_MS_MAX, currentCall().deadlineMs ?? Number.POSITIVE_INFINITY);

/** @throws UnavailableError `CONSUMER_BEHIND` after CONSUMER_CAUGHT_UP_MS_MAX or at the caller's deadline. */
export async function waitUntilCaughtUp(progress: ShardProgress, clock: Clock): Promise<void> {
  const untilMs = waitUntilMs(clock);
  const heads = await Promise.all(progress.shards.map((shard) => progress.head(shard)));

  /** The newest record may be erased while we wait; then the position stops at the one before. */
  const isDone = async (shard: number): Promise<boolean> => {
    const handled = await progress.handled(shard);
    return handled >= (heads[shard] ?? 0) || handled >= (await progress.head(shard));
  };
  let behind: readonly number[] = progress.shards.filter((shard) => heads[shard]);
  for (let pauseMs = CONSUMER_CAUGHT_UP_POLL_MS; ; pauseMs = Math.min(pauseMs * 2, CONSUMER_POLL_MS)) {
    const moved = progress.moved?.();
    const done = await Promise.all(behind.map(isDone));
    behind = behind.filter((_, i) => !done[i]);
    if (behind.length === 0) return;
    if (clock.nowMs() + pauseMs >= untilMs) throw behindError();
    await new Promise<void>((resolve) => {
      const timer = clock.after(pauseMs, resolve);
      void moved?.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}

export const closedError = (): UnavailableError =>
  new UnavailableError('CONSUMER_CLOSED', 'The consumer was stopped before it had caught up. Open it again.');

export const unknownError = (consumer: string): UnavailableError =>
  new UnavailableError('CONSUMER_UNKNOWN', `No process has ever run ${consumer}. Start one.`);

export const awayError = (consumer: string): UnavailableError =>
  new UnavailableError(
    'CONSUMER_AWAY',
    `No process that runs ${consumer} took the record in time. Start one and try again.`,
  );

const behindError = (): UnavailableError =>
  new UnavailableError(
    'CONSUMER_BEHIND',
    'A consumer of the journal has not caught up in time. Try again in a moment.',
  );
