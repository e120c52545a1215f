/** One shard while this process holds it for a consumer: its records, its position, and the right to both. */
import type { Msg } from 'nats';
import { JOURNAL_RETRY_MS_MAX, JOURNAL_TRY_MS } from '../../config/engine-limits.ts';
import { StaleWriteError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { ParkedKey } from '../../kit/ports/journal.ts';
import type { JetStream } from './jetstream.ts';
import type { JournalNames } from './journal-names.ts';
import type { Position, Positions } from './journal-positions.ts';
import { openShardReader, type ShardReader } from './journal-reader.ts';

const log = logger('journal');

export interface Replay {
  readonly key: ParkedKey;
  readonly done: () => void;
}

export interface HeldShard {
  readonly shard: number;
  readonly reader: ShardReader;
  /** Of the position by which it is held. */
  revision(): number;
  /** False once it is to be given away, or another process has taken it. */
  isOurs(): boolean;
  /** No record of it is handed over any more; `release` gives it away. */
  leave(): void;
  /** Somebody else has it: nothing is written any more. */
  lose(): void;
  /** Moves the position, however long that takes, unless the shard is lost or `given up`. */
  moveTo(seq: number, givenUp: () => boolean): Promise<void>;
  /** Gives the shard away if it still is ours. Never rejects. */
  release(): Promise<void>;
  /** Parked records that an operator wants to be tried again. */
  takeReplays(): Replay[];
}

export interface HeldShardDeps {
  readonly js: JetStream;
  readonly names: JournalNames;
  readonly positions: Positions;
  readonly stream: string;
  readonly consumer: string;
  readonly ownId: string;
  readonly wake: () => void;
}

/** Takes the shard at the position that was read. @throws StaleWriteError when another process was first. */
export async function takeShard(deps: HeldShardDeps, shard: number, from: Position): Promise<HeldShard> {
  const { js, names, positions, stream, consumer, ownId, wake } = deps;
  const { connection, clock } = js;
  let state: 'ours' | 'leaving' | 'lost' = 'ours';
  let { seq } = from;
  let revision = await positions.save(shard, from.revision, { seq, holder: ownId });
  let replays: Replay[] = [];

  const reader = openShardReader({ js, stream: names.shardStream(stream, shard), afterSeq: seq, wake });
  const requests = connection.subscribe(names.replay(stream, consumer, shard), {
    callback: (error, message: Msg) => {
      if (error) return;
      replays.push({ key: message.json<ParkedKey>(), done: () => void message.respond() });
      wake();
    },
  });

  function end(): void {
    reader.close();
    requests.unsubscribe();
  }
  function lose(): void {
    if (state === 'lost') return;
    state = 'lost';
    end();
  }

  return {
    shard,
    reader,
    revision: () => revision,
    isOurs: () => state === 'ours',
    leave() {
      if (state === 'ours') state = 'leaving';
    },
    lose,
    async moveTo(toSeq, givenUp) {
      while (state !== 'lost' && toSeq > seq) {
        try {
          revision = await positions.save(shard, revision, { seq: toSeq, holder: ownId });
          seq = toSeq;
          return;
        } catch (error) {
          if (error instanceof StaleWriteError) {
            log.info({ stream, consumer, shard }, 'shard taken over by another process');
            return lose();
          }
          log.warn({ err: error, stream, consumer, shard }, 'position not saved, trying again');
        }
        if (givenUp()) return;
        await new Promise<void>((resolve) => void clock.after(JOURNAL_RETRY_MS_MAX, resolve));
      }
    },
    async release() {
      end();
      if (state === 'lost') return;
      state = 'lost';
      // A shard that is not given away is taken once this process is silent.
      await positions.save(shard, revision, { seq, holder: '' }, JOURNAL_TRY_MS).catch(() => undefined);
    },
    takeReplays() {
      const taken = replays;
      replays = [];
      return taken;
    },
  };
}
