/**
 * How far a consumer has handled each shard, and which process holds it: one message each, written by
 * compare-and-set. Whoever's write is refused has lost the shard, whatever it believes.
 */
import type { JetStream, PublishOptions } from './jetstream.ts';
import type { JournalNames } from './journal-names.ts';

export interface Position {
  /** Of the message; what the next write expects. 0: this consumer has never run. */
  readonly revision: number;
  /** Up to which record of the shard all are handled. */
  readonly seq: number;
  /** The member that holds the shard, '' for none. */
  readonly holder: string;
}

export interface Positions {
  load(shard: number): Promise<Position>;
  /** Resolves with the new revision. @throws StaleWriteError when somebody else has written. */
  save(shard: number, expected: number, to: Omit<Position, 'revision'>, msMax?: number): Promise<number>;
}

export function positionsOf(js: JetStream, names: JournalNames, stream: string, consumer: string): Positions {
  const subjectOf = (shard: number): string => names.position(stream, consumer, shard);
  return {
    async load(shard) {
      const found = await js.last(names.control, subjectOf(shard));
      if (!found) return { revision: 0, seq: 0, holder: '' };
      const { seq, holder } = JSON.parse(found.text) as Omit<Position, 'revision'>;
      return { revision: found.seq, seq, holder };
    },
    save(shard, expected, { seq, holder }, msMax) {
      const options: PublishOptions = { expectedSeq: expected, ...(msMax !== undefined && { msMax }) };
      return js.publish(names.control, subjectOf(shard), JSON.stringify({ seq, holder }), options);
    },
  };
}
