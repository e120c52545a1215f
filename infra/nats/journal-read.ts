/**
 * Reads of one subject. Any server of a stream answers batches, which is quick, but it may be behind; the
 * newest record is asked of the leader, and what the batches lack up to it as well.
 */
import { createInbox, type Msg } from 'nats';
import {
  JOURNAL_LAST_SPREAD,
  JOURNAL_READ_BATCH_BYTES_MAX,
  JOURNAL_READ_BATCH_MAX,
  JOURNAL_TRY_MS,
} from '../../config/engine-limits.ts';
import type { JetStream, StoredMessage } from './jetstream.ts';

const END_OF_BATCH = 204;

/** Some messages of a subject from `fromSeq` on, oldest first; none when no server answers. */
function quickBatch(
  js: JetStream,
  stream: string,
  subject: string,
  fromSeq: number,
): Promise<StoredMessage[]> {
  const { connection, clock } = js;
  const inbox = createInbox();
  return new Promise((resolve) => {
    const found: StoredMessage[] = [];
    const end = (): void => {
      timer.cancel();
      subscription.unsubscribe();
      resolve(found);
    };
    const timer = clock.after(JOURNAL_TRY_MS, end);
    const subscription = connection.subscribe(inbox, {
      callback: (error, message) => {
        const status = message.headers?.code ?? 0;
        if (error || status >= 200) {
          if (status !== END_OF_BATCH) found.length = 0;
          return end();
        }
        // Lost on the way, as while a server is changed: what follows the gap is read again.
        if (Number(message.headers?.get('Nats-Last-Sequence')) !== (found.at(-1)?.seq ?? 0)) return end();
        found.push(messageOf(message));
      },
    });
    const query = {
      seq: fromSeq,
      next_by_subj: subject,
      batch: JOURNAL_READ_BATCH_MAX,
      max_bytes: JOURNAL_READ_BATCH_BYTES_MAX,
    };
    connection.publish(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(query), { reply: inbox });
  });
}

function messageOf({ headers, data }: Msg): StoredMessage {
  return {
    subject: headers?.get('Nats-Subject') ?? '',
    seq: Number(headers?.get('Nats-Sequence')),
    atMs: Date.parse(headers?.get('Nats-Time-Stamp') ?? ''),
    text: Buffer.from(data).toString(),
  };
}

async function readAll(
  js: JetStream,
  stream: string,
  subject: string,
  afterSeq: number,
): Promise<StoredMessage[]> {
  const [newest, found] = await Promise.all([
    js.last(stream, subject),
    quickBatch(js, stream, subject, afterSeq + 1),
  ]);
  if (!newest || newest.seq <= afterSeq) return [];
  const reached = (): number => found.at(-1)?.seq ?? afterSeq;
  for (let more = found; more.length > 0 && reached() < newest.seq; ) {
    more = await quickBatch(js, stream, subject, reached() + 1);
    found.push(...more);
  }
  while (reached() < newest.seq) {
    const next = await js.next(stream, subject, reached() + 1);
    // Erased meanwhile.
    if (!next) break;
    found.push(next);
  }
  return found;
}

/** With `last`, looks back in ever wider spans of the stream until so many are found. */
export async function readSubject(
  js: JetStream,
  stream: string,
  subject: string,
  afterSeq: number,
  last: number,
): Promise<StoredMessage[]> {
  if (last <= 0) return [];
  if (last === Number.POSITIVE_INFINITY) return readAll(js, stream, subject, afterSeq);
  const newest = await js.last(stream, subject);
  if (!newest || newest.seq <= afterSeq) return [];
  if (last === 1) return [newest];
  for (let span = last * JOURNAL_LAST_SPREAD; ; span *= JOURNAL_LAST_SPREAD) {
    const fromSeq = Math.max(afterSeq, newest.seq - span);
    const found = await readAll(js, stream, subject, fromSeq);
    if (found.length >= last || fromSeq === afterSeq) return found.slice(-last);
  }
}
