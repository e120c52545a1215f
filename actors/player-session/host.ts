/** The session as a virtual actor, and what follows from an accepted command: metrics and the news. */

import type { ActorHost } from '../../kit/actor/behaviour.ts';
import { createActorHost } from '../../kit/actor/host.ts';
import type { SnapshotTable } from '../../kit/actor/snapshot.ts';
import { logger } from '../../kit/log.ts';
import { counter } from '../../kit/metrics.ts';
import type { Journal } from '../../kit/ports/journal.ts';
import type { Topics } from '../../kit/ports/topics.ts';
import type { Clock } from '../../kit/sources.ts';
import type { SessionCommand, SessionReply } from './commands.ts';
import { userTopic } from './contract.ts';
import { playerBehaviour } from './domain.ts';
import type { PlayRules } from './listening.ts';
import type { SessionEvent, SessionState } from './state.ts';
import { viewOf } from './view.ts';

const log = logger('player-session');

const metrics = {
  playStarted: counter('player_plays_started_total', 'Plays started'),
  streamCounted: counter('player_streams_counted_total', 'Plays that counted as a stream'),
  claimRefused: counter('player_claims_refused_total', 'Plays with a claim beyond the wall clock'),
};

export type PlayerHost = ActorHost<SessionState, SessionCommand, SessionReply>;

export interface PlayerHostDeps {
  readonly journal: Journal;
  /** The opened ACTOR_SNAPSHOTS (kit/actor). */
  readonly snapshots: SnapshotTable;
  readonly clock: Clock;
  readonly topics: Topics;
  readonly rules?: PlayRules;
}

export function openPlayerHost({ journal, snapshots, clock, topics, rules }: PlayerHostDeps): PlayerHost {
  return createActorHost({
    behaviour: playerBehaviour(rules),
    journal,
    snapshots,
    clock,
    onAccepted({ id, events, state, seq }) {
      if (events.length === 0) return;
      count(events);
      const message = { type: 'player.state', state: viewOf(state, seq, clock.nowMs()) };
      topics.publish(userTopic(id), message).catch((error: unknown) => {
        log.warn({ err: error, userId: id }, 'player state not published');
      });
    },
  });
}

function count(events: readonly SessionEvent[]): void {
  for (const { type } of events) {
    if (type === 'playStarted' || type === 'streamCounted' || type === 'claimRefused') metrics[type].inc();
  }
}
