/**
 * The journal: what happened, in order, for ever. The only store that decides who is right.
 *
 * A stream (`player`) holds subjects (`player.<userId>`), a subject holds records in order of `seq`, which has
 * gaps. Of two subjects `seq` says nothing: an engine may keep a stream in several parts.
 */

export interface JournalRecord {
  readonly stream: string;
  readonly subject: string;
  readonly seq: number;
  /** UTC milliseconds at which the engine took the record. */
  readonly atMs: number;
  /** Plain JSON, at most JOURNAL_RECORD_BYTES_MAX when encoded. */
  readonly data: unknown;
}

export interface AppendOptions {
  /** The subject's last `seq`, 0 for none. Left out: append whatever is there (for facts, not for state). */
  readonly expectedSeq?: number;
  /**
   * A repeat of the same subject within the engine's window (at least two minutes) answers as the first one
   * and adds nothing.
   */
  readonly messageId?: string;
}

export interface ConsumeOptions {
  readonly stream: string;
  /**
   * Durable name: its position survives restarts. Processes that give the same name share the stream: each
   * subject's records go to one of them at a time, and to another one when it dies.
   */
  readonly consumer: string;
  /**
   * `kept` (default): begins with the oldest record and goes on where it had stopped. `from-now`: each call
   * gets all records appended after it has resolved and keeps no position, for what lives in memory only.
   */
  readonly position?: 'kept' | 'from-now';
  /** Records are handed over in batches, those of one subject in order of `seq`, one batch at a time. */
  readonly batchMax?: number;
  /**
   * Takes a batch; the position moves when it resolves. When it rejects, the same records come again after
   * a growing pause: at least once, so be idempotent. After an error that is not retryable they come one by
   * one, and a record that keeps failing by itself with such errors is parked after CONSUMER_TRIES_MAX, and
   * those behind it go on. Errors that are retryable (something is away) park nothing.
   */
  readonly handle: (records: readonly JournalRecord[]) => Promise<void>;
}

export interface Consumer extends AsyncDisposable {
  /**
   * Resolves when every record that is in the stream at the time of the call has been handled, by whichever
   * process. @throws UnavailableError when that takes too long.
   */
  caughtUp(): Promise<void>;
}

/** Which parked record: `seq` alone says it within a subject only. */
export interface ParkedKey {
  readonly stream: string;
  readonly consumer: string;
  readonly subject: string;
  readonly seq: number;
}

/** A record that a consumer could not handle, kept for an operator to look at and to hand over again. */
export interface ParkedRecord extends JournalRecord {
  readonly consumer: string;
  readonly parkedAtMs: number;
  /** What the last attempt failed with. */
  readonly error: string;
}

export interface Journal {
  /**
   * Resolves with the new record's `seq` once the record is durable.
   *
   * @throws StaleWriteError when the subject's last `seq` is not `expectedSeq`; `data.lastSeq` tells it.
   * @throws TooLargeError when the record is larger than the limit.
   */
  append(stream: string, subject: string, data: unknown, options?: AppendOptions): Promise<number>;
  /** The subject's records after `afterSeq`, oldest first; with `last` at most that many, the newest ones. */
  read(stream: string, subject: string, afterSeq?: number, last?: number): Promise<JournalRecord[]>;
  lastSeq(stream: string, subject: string): Promise<number>;
  consume(options: ConsumeOptions): Promise<Consumer>;
  /**
   * As `Consumer.caughtUp`, of a durable consumer that may run in other processes only.
   *
   * @throws UnavailableError when that takes too long, or when no such consumer has ever run.
   */
  caughtUp(stream: string, consumer: string): Promise<void>;
  /** Oldest first, PARKED_SHOWN_MAX at most; of one stream, or of all. */
  parked(stream?: string): Promise<ParkedRecord[]>;
  /**
   * Has a parked record handed to its consumer once more, by the process that has its subject; it is parked
   * again if it fails again.
   *
   * @throws NotFoundError; UnavailableError when no process runs the consumer.
   */
  replayParked(key: ParkedKey): Promise<void>;
  /** Forgets a subject's records, parked ones as well: for the right to be forgotten, and for tests. */
  erase(stream: string, subject: string): Promise<void>;
}
