/**
 * The journal on NATS JetStream (docs/decisions/0009).
 *
 * A journal stream is JOURNAL_SHARDS streams of JetStream, made on first use; a record lies in the shard that
 * its subject hashes to, and its `seq` is its sequence there. What an append has answered is on a majority
 * of the stream's servers.
 */
import type { NatsConnection } from 'nats';
import { JOURNAL_SHARDS } from '../../config/engine-limits.ts';
import { JOURNAL_DEDUPE_WINDOW_MS } from '../../config/limits.ts';
import { withCall } from '../../kit/call-context.ts';
import { UnsupportedError } from '../../kit/errors.ts';
import type { Consumer, Journal, JournalRecord } from '../../kit/ports/journal.ts';
import { type Clock, systemClock } from '../../kit/sources.ts';
import { unknownError, waitUntilCaughtUp } from '../journal/caught-up.ts';
import { appendSeconds } from '../journal/metrics.ts';
import { encodeRecord } from '../journal/record.ts';
import { openJetStream, type StoredMessage } from './jetstream.ts';
import { openGroupConsumer } from './journal-consumer.ts';
import { openPassingConsumer } from './journal-from-now.ts';
import { encodeToken, journalNames } from './journal-names.ts';
import { parkingOf } from './journal-parking.ts';
import { positionsOf } from './journal-positions.ts';
import { readSubject } from './journal-read.ts';

export interface JetStreamJournalOptions {
  /** Connected; stays open when the journal is closed. */
  readonly connection: NatsConnection;
  /** All streams and subjects begin with it. */
  readonly namespace: string;
  /** Copies of each stream: 3 to survive the loss of a server. */
  readonly replicas: number;
  readonly shards?: number;
  /** Default JOURNAL_DEDUPE_WINDOW_MS. */
  readonly dedupeWindowMs?: number;
  readonly clock?: Clock;
}

/** Written by somebody else: `null` is no record that anybody can handle, so that consumers park it. */
function dataOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const SHARDS_KEY = 'antiphon.shards';

/** @throws UnsupportedError `JOURNAL_SHARDS_DIFFER`; UnavailableError when JetStream does not answer. */
export async function openJetStreamJournal(
  options: JetStreamJournalOptions,
): Promise<Journal & AsyncDisposable> {
  const { connection, namespace, replicas, shards = JOURNAL_SHARDS, clock = systemClock } = options;
  const { dedupeWindowMs = JOURNAL_DEDUPE_WINDOW_MS } = options;
  const names = journalNames(namespace, shards);
  const js = openJetStream(connection, clock, dedupeWindowMs);
  const parking = parkingOf(js, names);
  const consumers = new Set<Consumer>();
  const shardNumbers = Array.from({ length: shards }, (_, shard) => shard);

  const metadata = { [SHARDS_KEY]: String(shards) };
  const { control, controlSubjects: subjects } = names;
  const found = await js.ensure({ name: control, subjects, replicas, lastOnly: true, metadata });
  if (found[SHARDS_KEY] !== String(shards)) {
    throw new UnsupportedError(
      'JOURNAL_SHARDS_DIFFER',
      `This journal is kept in ${found[SHARDS_KEY] ?? 'an unknown number of'} shards, not ${shards}. Set JOURNAL_SHARDS in config/engine-limits.ts back.`,
    );
  }

  const ensured = new Map<string, Promise<unknown>>();
  /** Resolves with the name of the shard's stream, which is there by then. */
  async function shardStream(stream: string, shard: number): Promise<string> {
    const name = names.shardStream(stream, shard);
    let ready = ensured.get(name);
    if (!ready) {
      // For all who wait, so not by the deadline of the first of them.
      ready = withCall({}, () =>
        js.ensure({ name, subjects: [names.shardSubjects(stream, shard)], replicas }),
      );
      ensured.set(name, ready);
      ready.catch(() => ensured.delete(name));
    }
    await ready;
    return name;
  }

  const durations = new Map<string, ReturnType<typeof appendSeconds.labels>>();
  /** Looked up once a stream: looking labels up costs more than observing. */
  function durationOf(stream: string): ReturnType<typeof appendSeconds.labels> {
    const known = durations.get(stream) ?? appendSeconds.labels(stream);
    durations.set(stream, known);
    return known;
  }

  const recordOf = (stream: string, { subject, seq, atMs, text }: StoredMessage): JournalRecord => ({
    stream,
    subject: names.subjectOf(subject),
    seq,
    atMs,
    data: dataOf(text),
  });

  async function head(stream: string, shard: number): Promise<number> {
    const name = await shardStream(stream, shard);
    return (await js.last(name, names.shardSubjects(stream, shard)))?.seq ?? 0;
  }

  function caughtUp(stream: string, consumer: string): Promise<void> {
    const positions = positionsOf(js, names, stream, consumer);
    const progress = {
      shards: shardNumbers,
      head: (shard: number) => head(stream, shard),
      handled: async (shard: number) => (await positions.load(shard)).seq,
    };
    return waitUntilCaughtUp(progress, clock);
  }

  async function consume(options: Parameters<Journal['consume']>[0]): Promise<Consumer> {
    await Promise.all(shardNumbers.map((shard) => shardStream(options.stream, shard)));
    const deps = { js, names, shards, parking, recordOf, caughtUp, head };
    const open = options.position === 'from-now' ? openPassingConsumer : openGroupConsumer;
    const consumer = await open(deps, options);
    const tracked: Consumer = {
      caughtUp: () => consumer.caughtUp(),
      async [Symbol.asyncDispose]() {
        consumers.delete(tracked);
        await consumer[Symbol.asyncDispose]();
      },
    };
    consumers.add(tracked);
    return tracked;
  }

  return {
    async append(stream, subject, data, { expectedSeq, messageId } = {}) {
      const json = encodeRecord(data);
      const name = await shardStream(stream, names.shardOf(subject));
      const startedAtMs = performance.now();
      const seq = await js.publish(name, names.subject(stream, subject), json, {
        ...(expectedSeq !== undefined && { expectedSeq }),
        // JetStream knows message ids by stream; ours are of a subject.
        ...(messageId !== undefined && { messageId: `${encodeToken(subject)}.${encodeToken(messageId)}` }),
      });
      durationOf(stream).observe((performance.now() - startedAtMs) / 1000);
      return seq;
    },
    async read(stream, subject, afterSeq = 0, last = Number.POSITIVE_INFINITY) {
      const name = await shardStream(stream, names.shardOf(subject));
      const found = await readSubject(js, name, names.subject(stream, subject), afterSeq, last);
      return found.map((message) => recordOf(stream, message));
    },
    async lastSeq(stream, subject) {
      const name = await shardStream(stream, names.shardOf(subject));
      return (await js.last(name, names.subject(stream, subject)))?.seq ?? 0;
    },
    // What runs on must not end at the deadline of the call that has started it.
    consume: (options) => withCall({}, () => consume(options)),
    async caughtUp(stream, consumer) {
      const positions = positionsOf(js, names, stream, consumer);
      const found = await Promise.all(shardNumbers.map((shard) => positions.load(shard)));
      if (found.every(({ revision }) => revision === 0)) {
        throw unknownError(consumer);
      }
      await caughtUp(stream, consumer);
    },
    parked: (stream) => parking.list(stream),
    replayParked: (key) => parking.replay(key),
    async erase(stream, subject) {
      const name = await shardStream(stream, names.shardOf(subject));
      await js.ask(`STREAM.PURGE.${name}`, { filter: names.subject(stream, subject) });
      await parking.erase(stream, subject);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...consumers].map((consumer) => consumer[Symbol.asyncDispose]()));
    },
  };
}
