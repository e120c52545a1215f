/** The simulated journal's content: what is true whatever the nodes believe. Synchronous and without faults. */
import { StaleWriteError } from '../errors.ts';
import type { AppendOptions, JournalRecord } from '../ports/journal.ts';

export interface Records {
  /** @throws StaleWriteError as the port says. */
  append(stream: string, subject: string, data: unknown, options?: AppendOptions): number;
  read(stream: string, subject: string, afterSeq?: number, last?: number): JournalRecord[];
  lastSeq(stream: string, subject: string): number;
  erase(stream: string, subject: string): void;
  /** Up to `countMax` records of a stream after `afterSeq`, oldest first. */
  after(stream: string, afterSeq: number, countMax: number): JournalRecord[];
}

/** What crosses a boundary is cloned, as an encoder would: later changes in memory are not seen. */
export const clone = <T>(value: T): T =>
  value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);

export function createRecords(nowMs: () => number): Records {
  const streams = new Map<string, JournalRecord[]>();
  const subjects = new Map<string, JournalRecord[]>();
  const seqs = new Map<string, number>();
  const messages = new Map<string, number>();
  const keyOf = (stream: string, subject: string) => `${stream}/${subject}`;
  const ofSubject = (stream: string, subject: string) => subjects.get(keyOf(stream, subject)) ?? [];

  const records: Records = {
    append(stream, subject, data, { expectedSeq, messageId } = {}) {
      const message = messageId && `${stream}/${messageId}`;
      const first = message && messages.get(message);
      if (first) return first;
      const lastSeq = records.lastSeq(stream, subject);
      if (expectedSeq !== undefined && expectedSeq !== lastSeq) {
        throw new StaleWriteError('STALE_WRITE', `${subject} has gone on; reload it.`, { lastSeq });
      }
      const seq = (seqs.get(stream) ?? 0) + 1;
      const record = { stream, subject, seq, atMs: nowMs(), data: clone(data) };
      seqs.set(stream, seq);
      streams.set(stream, [...(streams.get(stream) ?? []), record]);
      subjects.set(keyOf(stream, subject), [...ofSubject(stream, subject), record]);
      if (message) messages.set(message, seq);
      return seq;
    },
    read(stream, subject, afterSeq = 0, last = Number.POSITIVE_INFINITY) {
      const found = ofSubject(stream, subject).filter((record) => record.seq > afterSeq);
      return clone(found.slice(Math.max(0, found.length - last)));
    },
    lastSeq: (stream, subject) => ofSubject(stream, subject).at(-1)?.seq ?? 0,
    erase(stream, subject) {
      subjects.delete(keyOf(stream, subject));
      streams.set(
        stream,
        (streams.get(stream) ?? []).filter((record) => record.subject !== subject),
      );
    },
    after: (stream, afterSeq, countMax) =>
      clone((streams.get(stream) ?? []).filter((record) => record.seq > afterSeq).slice(0, countMax)),
  };
  return records;
}
