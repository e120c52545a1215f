/**
 * How records reach a consumer's handler, whatever the engine: again after a growing pause when it fails,
 * one by one when one of them may be to blame, and aside when that one keeps failing by itself.
 */
import {
  CONSUMER_ERROR_CHARS_MAX,
  CONSUMER_RETRY_MS,
  CONSUMER_RETRY_MS_MAX,
  CONSUMER_TRIES_MAX,
} from '../../config/limits.ts';
import { AntiphonError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { ConsumeOptions, JournalRecord } from '../../kit/ports/journal.ts';
import { parkings, redeliveries } from './metrics.ts';

const log = logger('journal');

export interface HandOver {
  readonly options: Pick<ConsumeOptions, 'stream' | 'consumer' | 'handle'>;
  /** Those that are still this process's to handle; none once it is stopping. */
  stillOurs(records: readonly JournalRecord[]): Promise<readonly JournalRecord[]>;
  /** Moves the position past them. Never rejects. */
  handled(records: readonly JournalRecord[]): Promise<void>;
  /** Sets a record aside and moves the position past it. Never rejects. */
  park(record: JournalRecord, error: string): Promise<void>;
  /** Resolves after `delayMs`, or at once when the consumer stops. */
  pause(delayMs: number): Promise<void>;
}

/** Anything may be wrong with an error that nobody made on purpose: it is taken as the record's own fault. */
const isOfTheRecord = (error: unknown): boolean => !(error instanceof AntiphonError && error.retryable);

export const errorText = (error: unknown): string =>
  (error instanceof AntiphonError ? `${error.code}: ${error.message}` : String(error)).slice(
    0,
    CONSUMER_ERROR_CHARS_MAX,
  );

/** Resolves when each of `records` is handled, parked or no more ours. */
export async function handOver(to: HandOver, records: readonly JournalRecord[]): Promise<void> {
  const { stream, consumer, handle } = to.options;
  let ownFaults = 0;
  let pauseMs = CONSUMER_RETRY_MS;
  for (;;) {
    const left = await to.stillOurs(records);
    const [first] = left;
    if (!first) return;
    try {
      await handle(left);
    } catch (error) {
      redeliveries.inc({ stream, consumer }, left.length);
      const fields = { err: error, stream, consumer, subject: first.subject, seq: first.seq, pauseMs };
      if (isOfTheRecord(error)) ownFaults += 1;
      if (left.length === 1 && ownFaults >= CONSUMER_TRIES_MAX) {
        log.error(fields, 'record set aside: it keeps failing');
        parkings.inc({ stream, consumer });
        return to.park(first, errorText(error));
      }
      log.warn(fields, 'records failed, will be handed over again');
      await to.pause(pauseMs);
      pauseMs = Math.min(pauseMs * 2, CONSUMER_RETRY_MS_MAX);
      if (left.length > 1 && isOfTheRecord(error)) {
        for (const record of left) await handOver(to, [record]);
        return;
      }
      continue;
    }
    return to.handled(left);
  }
}
