/**
 * The processes that run one consumer, as they tell each other once a second: who lives and which shards each
 * holds. A hint only: what decides is the compare-and-set on each shard's position.
 */
import { type NatsConnection, nuid } from 'nats';
import { CONSUMER_BEAT_MS, CONSUMER_GONE_MS } from '../../config/engine-limits.ts';
import { rendezvousOf } from '../../kit/actor/rendezvous.ts';
import type { Clock, Timer } from '../../kit/sources.ts';

/** A shard and the revision of the position by which it is held. */
export type Holding = readonly [shard: number, revision: number];

interface Beat {
  readonly id: string;
  readonly holds: readonly Holding[];
  /** Has just begun: asks the others to tell of themselves at once. */
  readonly hello?: true;
  readonly gone?: true;
}

export interface Members {
  readonly ownId: string;
  /** Whether `id` lives, or may live for all that we have heard so far. */
  mayLive(id: string): boolean;
  /** Whether the shard belongs to this process, by rendezvous hashing over those that live. */
  isOurs(shard: number): boolean;
  /** The newest revision by which another process says that it holds the shard. */
  heldElsewhere(shard: number): number;
  /** Whether the others can hear us, as far as we can tell. */
  areHeard(): boolean;
  /** Tells the others now. */
  beat(): void;
  leave(): void;
}

export interface MembersDeps {
  readonly connection: NatsConnection;
  readonly clock: Clock;
  readonly subject: string;
  readonly holds: () => readonly Holding[];
  /** Called once a second, and when another process comes, goes, or holds something else. */
  readonly onChange: () => void;
}

interface Other {
  heardMs: number;
  holds: readonly Holding[];
}

export function joinMembers({ connection, clock, subject, holds, onChange }: MembersDeps): Members {
  const ownId = nuid.next();
  const beganMs = clock.nowMs();
  const others = new Map<string, Other>();
  /** We hear our own beats as the others do; without them nothing can be said of the others. */
  let echoMs = beganMs;
  let timer: Timer | undefined;
  let left = false;

  const send = (beat: Omit<Beat, 'id' | 'holds'> = {}): void => {
    if (connection.isClosed()) return;
    connection.publish(subject, JSON.stringify({ id: ownId, holds: holds(), ...beat } satisfies Beat));
  };

  function hearEcho(nowMs: number): void {
    if (nowMs - echoMs > 2 * CONSUMER_BEAT_MS) for (const other of others.values()) other.heardMs = nowMs;
    echoMs = nowMs;
  }

  function hear({ id, holds, hello, gone }: Beat): void {
    const nowMs = clock.nowMs();
    if (id === ownId) {
      hearEcho(nowMs);
      return;
    }
    if (gone) {
      if (others.delete(id)) onChange();
      return;
    }
    const known = others.get(id);
    others.set(id, { heardMs: nowMs, holds });
    if (hello) send();
    if (!known || JSON.stringify(known.holds) !== JSON.stringify(holds)) onChange();
  }

  const subscription = connection.subscribe(subject, {
    callback: (error, message) => {
      if (!error && !left) hear(message.json<Beat>());
    },
  });

  function tick(): void {
    const nowMs = clock.nowMs();
    // The beats of the others may wait behind this timer, so silence counts only while we hear ourselves.
    if (nowMs - echoMs <= 2 * CONSUMER_BEAT_MS) {
      for (const [id, { heardMs }] of others) if (nowMs - heardMs > CONSUMER_GONE_MS) others.delete(id);
    }
    send();
    onChange();
    timer = clock.after(CONSUMER_BEAT_MS, tick);
  }
  send({ hello: true });
  timer = clock.after(CONSUMER_BEAT_MS, tick);

  return {
    ownId,
    mayLive: (id) => others.has(id) || clock.nowMs() - beganMs < CONSUMER_GONE_MS,
    isOurs: (shard) => rendezvousOf(`${shard}`, [ownId, ...others.keys()], (id) => id) === ownId,
    heldElsewhere(shard) {
      const revisions = [...others.values()].flatMap((other) =>
        other.holds.flatMap(([held, revision]) => (held === shard ? [revision] : [])),
      );
      return Math.max(0, ...revisions);
    },
    areHeard: () => clock.nowMs() - echoMs <= CONSUMER_GONE_MS,
    beat: send,
    leave() {
      left = true;
      timer?.cancel();
      send({ gone: true });
      subscription.unsubscribe();
    },
  };
}
