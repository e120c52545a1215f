/**
 * Follows one shard from a seq on, in order and without gaps, and goes on by itself whichever server dies.
 *
 * It pulls from a short-lived consumer of JetStream. That one lives in the memory of one server: when it
 * falls silent, skips or is gone, the reader makes another one that begins behind the last record it has.
 */
import { createInbox, type Msg, nanos, nuid, type Subscription } from 'nats';
import {
  JOURNAL_READ_BATCH_BYTES_MAX,
  JOURNAL_READER_BEAT_MS,
  JOURNAL_READER_PULL_MS,
  JOURNAL_RETRY_MS,
  JOURNAL_RETRY_MS_MAX,
  JOURNAL_TRY_MS,
} from '../../config/engine-limits.ts';
import { CONSUMER_BATCH_MAX } from '../../config/limits.ts';
import { logger } from '../../kit/log.ts';
import type { Timer } from '../../kit/sources.ts';
import type { JetStream, StoredMessage } from './jetstream.ts';

const log = logger('journal');

const BEATS_MISSED_MAX = 3;
const DEAF_PULLS_MAX = 4;
const IDLE_BEAT = 100;
/** Statuses that end a pull. */
const NO_MESSAGES = 404;
const PULL_EXPIRED = 408;
const NOBODY_THERE = 503;

export interface ShardReader {
  /** Takes up to `countMax` messages that have arrived, oldest first. */
  take(countMax: number): StoredMessage[];
  /** Messages that have not been taken yet, those on the server included. */
  lag(): number;
  close(): void;
}

export interface ShardReaderDeps {
  readonly js: JetStream;
  readonly stream: string;
  readonly afterSeq: number;
  /** Called when there is something to take. */
  readonly wake: () => void;
}

export function openShardReader({ js, stream, afterSeq, wake }: ShardReaderDeps): ShardReader {
  const { connection, clock } = js;
  let lastSeq = afterSeq;
  let buffer: StoredMessage[] = [];
  let pendingThere = 0;
  let closed = false;
  let consumer = '';
  let subscription: Subscription | undefined;
  /** How many messages the server may still send for the pull under way. */
  let asked = 0;
  let deliveredCount = 0;
  let deafPulls = 0;
  let heardMs = clock.nowMs();
  let watch: Timer | undefined;

  function pull(): void {
    if (closed || !subscription || asked > 0 || buffer.length > 0) return;
    asked = CONSUMER_BATCH_MAX;
    heardMs = clock.nowMs();
    const query = {
      batch: CONSUMER_BATCH_MAX,
      max_bytes: JOURNAL_READ_BATCH_BYTES_MAX,
      expires: nanos(JOURNAL_READER_PULL_MS),
      idle_heartbeat: nanos(JOURNAL_READER_BEAT_MS),
    };
    connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify(query), {
      reply: subscription.getSubject(),
    });
  }

  function receive(message: Msg): void {
    heardMs = clock.nowMs();
    const status = message.headers?.code ?? 0;
    if (status > 0) {
      if (status !== IDLE_BEAT) endOfPull(status, message.headers?.description ?? '');
      return;
    }
    const delivery = deliveryOf(message);
    deliveredCount += 1;
    if (!delivery || delivery.count !== deliveredCount) {
      begin('a message is missing');
      return;
    }
    asked -= 1;
    lastSeq = delivery.seq;
    pendingThere = delivery.pending;
    const { subject, data } = message;
    buffer.push({ subject, seq: delivery.seq, atMs: delivery.atMs, text: Buffer.from(data).toString() });
    wake();
  }

  function endOfPull(status: number, description: string): void {
    asked = 0;
    // A consumer that has just been made may not listen yet on the server that holds it.
    if (status === NOBODY_THERE && deafPulls < DEAF_PULLS_MAX) {
      deafPulls += 1;
      clock.after(JOURNAL_RETRY_MS, pull);
      return;
    }
    // Any other end but that of a full batch says that the consumer is gone.
    if (status === NO_MESSAGES || status === PULL_EXPIRED || /maxbytes|batch completed/i.test(description))
      pull();
    else begin(`${status} ${description}`);
  }

  function stop(): void {
    subscription?.unsubscribe();
    subscription = undefined;
    watch?.cancel();
  }

  function begin(why?: string): void {
    stop();
    if (closed) return;
    if (why) log.info({ stream, afterSeq: lastSeq, why }, 'reader begins anew');
    const own = nuid.next();
    consumer = own;
    asked = 0;
    deliveredCount = 0;
    deafPulls = 0;
    const config = {
      name: own,
      deliver_policy: 'by_start_sequence',
      opt_start_seq: lastSeq + 1,
      ack_policy: 'none',
      replay_policy: 'instant',
      inactive_threshold: nanos(JOURNAL_READER_PULL_MS),
      mem_storage: true,
      num_replicas: 1,
    };
    const body = { stream_name: stream, config, action: 'create' };
    js.ask<{ num_pending: number }>(`CONSUMER.CREATE.${stream}.${own}`, body, JOURNAL_TRY_MS * 2).then(
      (created) => {
        if (closed || consumer !== own) return;
        pendingThere = created.num_pending;
        subscription = connection.subscribe(createInbox(), {
          callback: (error, message) => {
            if (consumer !== own) return;
            if (error) begin(error.message);
            else receive(message);
          },
        });
        heardMs = clock.nowMs();
        pull();
        watchOver();
      },
      (error: unknown) => {
        if (closed || consumer !== own) return;
        watch = clock.after(JOURNAL_RETRY_MS_MAX, () => begin(String(error)));
      },
    );
  }

  function watchOver(): void {
    watch = clock.after(JOURNAL_READER_BEAT_MS, () => {
      const isSilent = clock.nowMs() - heardMs > BEATS_MISSED_MAX * JOURNAL_READER_BEAT_MS;
      if (asked > 0 && isSilent) begin('its server is silent');
      else watchOver();
    });
  }

  begin();
  return {
    take(countMax) {
      const taken = buffer.slice(0, countMax);
      buffer = buffer.slice(taken.length);
      pull();
      return taken;
    },
    lag: () => buffer.length + pendingThere,
    close() {
      closed = true;
      stop();
    },
  };
}

interface Delivery {
  readonly seq: number;
  /** The how-manieth message of this consumer it is. */
  readonly count: number;
  readonly atMs: number;
  readonly pending: number;
}

/** `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<tries>.<seq>.<count>.<nanoseconds>.<pending>[.<random>]` */
function deliveryOf({ reply = '' }: Msg): Delivery | undefined {
  const tokens = reply.split('.');
  const at = tokens.length >= 11 ? 7 : 5;
  const [seq, count, atNanos, pending] = tokens.slice(at, at + 4).map(Number);
  if (tokens[1] !== 'ACK' || !seq || !count || !atNanos) return undefined;
  return { seq, count, atMs: Math.floor(atNanos / 1e6), pending: pending ?? 0 };
}
