/**
 * The journal: what happened, in order, for ever. The only store that decides who is right.
 *
 * A stream (`player`) holds subjects (`player.<userId>`), a subject holds records in order of `seq`. `seq`
 * grows within a stream; within one subject it has gaps. Engines: infra/embedded (LMDB), later NATS
 * JetStream.
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
  /** A repeat within the engine's window (at least two minutes) answers as the first one and adds nothing. */
  readonly messageId?: string;
}

export interface ConsumeOptions {
  readonly stream: string;
  /** Durable name: its position survives restarts. */
  readonly consumer: string;
  /** Records are handed over in batches, in order of `seq`. */
  readonly batchMax?: number;
  /**
   * Takes a batch; the position moves when it resolves. When it rejects, the same records come again after
   * a growing pause: at least once, so be idempotent.
   */
  readonly handle: (records: readonly JournalRecord[]) => Promise<void>;
}

export interface Consumer extends AsyncDisposable {
  /** Resolves when every record that is in the stream at the time of the call has been handled. */
  caughtUp(): Promise<void>;
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
  /** Forgets a subject's records: for the right to be forgotten, and for tests. */
  erase(stream: string, subject: string): Promise<void>;
}
