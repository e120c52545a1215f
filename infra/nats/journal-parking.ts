/** Records that a consumer could not handle, kept for an operator beside the consumers' positions. */
import { ErrorCode, NatsError } from 'nats';
import { JOURNAL_RETRY_MS_MAX } from '../../config/engine-limits.ts';
import { PARKED_SHOWN_MAX } from '../../config/limits.ts';
import { NotFoundError } from '../../kit/errors.ts';
import type { JournalRecord, ParkedKey, ParkedRecord } from '../../kit/ports/journal.ts';
import { awayError, waitUntilMs } from '../journal/caught-up.ts';
import type { JetStream } from './jetstream.ts';
import type { JournalNames } from './journal-names.ts';

export interface Parking {
  park(consumer: string, record: JournalRecord, error: string): Promise<void>;
  list(stream?: string): Promise<ParkedRecord[]>;
  find(key: ParkedKey): Promise<ParkedRecord | undefined>;
  remove(key: ParkedKey): Promise<void>;
  /** Of a subject that is erased, whatever the consumer. */
  erase(stream: string, subject: string): Promise<void>;
  /** Asks the process that holds the shard. @throws NotFoundError; UnavailableError when none does. */
  replay(key: ParkedKey): Promise<void>;
}

export function parkingOf(js: JetStream, names: JournalNames): Parking {
  const { connection, clock } = js;
  const nameOf = ({ stream, consumer, subject, seq }: ParkedKey): string =>
    names.parked(stream, consumer, subject, seq);
  const purge = (filter: string): Promise<unknown> => js.ask(`STREAM.PURGE.${names.control}`, { filter });

  async function find(key: ParkedKey): Promise<ParkedRecord | undefined> {
    const found = await js.last(names.control, nameOf(key));
    return found && (JSON.parse(found.text) as ParkedRecord);
  }

  return {
    find,
    async park(consumer, record, error) {
      const parked: ParkedRecord = { ...record, consumer, parkedAtMs: clock.nowMs(), error };
      await js.publish(names.control, nameOf(parked), JSON.stringify(parked));
    },
    async list(stream) {
      const query = { subjects_filter: names.parkedOf(stream) };
      const info = await js.ask<{ state: { subjects?: Record<string, number> } }>(
        `STREAM.INFO.${names.control}`,
        query,
      );
      const subjects = Object.keys(info.state.subjects ?? {}).slice(0, PARKED_SHOWN_MAX);
      const found = await Promise.all(subjects.map((subject) => js.last(names.control, subject)));
      return found
        .flatMap((each) => (each ? [JSON.parse(each.text) as ParkedRecord] : []))
        .sort((a, b) => a.atMs - b.atMs || a.seq - b.seq);
    },
    async remove(key) {
      await purge(nameOf(key));
    },
    async erase(stream, subject) {
      await purge(names.parkedOf(stream, subject));
    },
    async replay(key) {
      if (!(await find(key))) {
        throw new NotFoundError('NOT_PARKED', `Nothing is parked of ${key.subject} at ${key.seq}.`);
      }
      const subject = names.replay(key.stream, key.consumer, names.shardOf(key.subject));
      const untilMs = waitUntilMs(clock);
      for (;;) {
        try {
          await connection.request(subject, JSON.stringify(key), {
            timeout: Math.max(1, untilMs - clock.nowMs()),
          });
          return;
        } catch (error) {
          const isBetweenHolders = error instanceof NatsError && error.code === ErrorCode.NoResponders;
          if (!isBetweenHolders || clock.nowMs() >= untilMs) throw awayError(key.consumer);
        }
        await new Promise<void>((resolve) => void clock.after(JOURNAL_RETRY_MS_MAX, resolve));
      }
    },
  };
}
