/**
 * How journal streams, subjects and consumers are called in JetStream.
 *
 * `<ns>-journal-<stream>-<shard>`, a JetStream stream each, hold `<ns>.journal.<stream>.<shard>.<subject>`.
 * `<ns>-journal` holds what belongs to consumers: `<ns>.consumers.<stream>.<consumer>.<shard>`, a position
 * each, and `<ns>.parked.<stream>.<consumer>.<shard>.<subject>.<seq>`, a record that was set aside.
 */
import { NATS_SUBJECT_CHARS_MAX } from '../../config/engine-limits.ts';
import { hash32 } from '../../kit/actor/hash.ts';
import { TooLargeError } from '../../kit/errors.ts';

/** One token of a subject, and a part of a stream's name: what NATS cannot take there is written as `=2E`. */
export function encodeToken(text: string): string {
  if (/^[\w-]+$/.test(text)) return text;
  if (text === '') return '=';
  return text.replace(/[^\w-]/gu, (char) =>
    [...Buffer.from(char)].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

export function decodeToken(token: string): string {
  if (token === '=') return '';
  return decodeURIComponent(token.replaceAll('=', '%'));
}

export interface JournalNames {
  /** Of a subject; what is stored depends on it. */
  shardOf(subject: string): number;
  /** The JetStream stream of one shard. */
  shardStream(stream: string, shard: number): string;
  /** All subjects of one shard. */
  shardSubjects(stream: string, shard: number): string;
  /** @throws TooLargeError when NATS could not take it. */
  subject(stream: string, subject: string): string;
  /** The journal subject that a NATS subject stands for. */
  subjectOf(natsSubject: string): string;
  /** The JetStream stream of positions and parked records, and all that it holds. */
  readonly control: string;
  readonly controlSubjects: readonly string[];
  position(stream: string, consumer: string, shard: number): string;
  parked(stream: string, consumer: string, subject: string, seq: number): string;
  /** Every parked record, or those of a stream, or of a subject whatever the consumer. */
  parkedOf(stream?: string, subject?: string): string;
  /** Where the processes of a consumer tell each other that they live. */
  members(stream: string, consumer: string): string;
  /** Where the process that holds a shard is asked to try a parked record again. */
  replay(stream: string, consumer: string, shard: number): string;
}

export function journalNames(namespace: string, shards: number): JournalNames {
  const shardOf = (subject: string): number => hash32(subject) % shards;
  const of = (kind: string, ...tokens: (string | number)[]): string => {
    const name = [namespace, kind, ...tokens.map((token) => encodeToken(String(token)))].join('.');
    if (name.length > NATS_SUBJECT_CHARS_MAX) {
      throw new TooLargeError('KEY_TOO_LARGE', 'A journal subject is too long; use a shorter one.', {
        chars: name.length,
        charsMax: NATS_SUBJECT_CHARS_MAX,
      });
    }
    return name;
  };
  return {
    shardOf,
    shardStream: (stream, shard) => `${namespace}-journal-${encodeToken(stream)}-${shard}`,
    shardSubjects: (stream, shard) => `${of('journal', stream, shard)}.*`,
    subject: (stream, subject) => of('journal', stream, shardOf(subject), subject),
    subjectOf: (natsSubject) => decodeToken(natsSubject.slice(natsSubject.lastIndexOf('.') + 1)),
    control: `${namespace}-journal`,
    controlSubjects: [`${namespace}.consumers.>`, `${namespace}.parked.>`],
    position: (stream, consumer, shard) => of('consumers', stream, consumer, shard),
    parked: (stream, consumer, subject, seq) =>
      of('parked', stream, consumer, shardOf(subject), subject, seq),
    parkedOf(stream, subject) {
      if (stream === undefined) return `${namespace}.parked.>`;
      if (subject === undefined) return `${of('parked', stream)}.>`;
      return `${of('parked', stream)}.*.${shardOf(subject)}.${encodeToken(subject)}.*`;
    },
    members: (stream, consumer) => of('members', stream, consumer),
    replay: (stream, consumer, shard) => of('replay', stream, consumer, shard),
  };
}
