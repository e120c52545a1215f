/** An actor in memory, and how it is folded from its snapshot and the tail of its journal subject. */
import type { Journal } from '../ports/journal.ts';
import type { Behaviour } from './behaviour.ts';
import { NO_COMMANDS, rememberCommand } from './recent-commands.ts';
import type { ActorSnapshot, SnapshotTable } from './snapshot.ts';

/** The data of one journal record: one accepted command. */
export interface ActorRecord {
  readonly commandId?: string;
  /** There when `commandId` is. */
  readonly reply?: unknown;
  readonly events: readonly unknown[];
}

/** A hundred thousand of these stay in memory: plain values, no closure, no promise. */
export interface Activation<State> {
  state: State;
  seq: number;
  recent: readonly number[];
  /** Records folded since the snapshot that is stored. */
  unsaved: number;
  /** The state holds soft events, so it is more than a fold of the journal. */
  softened: boolean;
  usedAtMs: number;
}

export interface LoaderDeps<State, Command, Event, Reply> {
  readonly behaviour: Behaviour<State, Command, Event, Reply>;
  readonly journal: Pick<Journal, 'read'>;
  readonly snapshots: Pick<SnapshotTable, 'get'>;
  readonly recentCommandsMax: number;
}

/** The actor as its journal tells it. */
export async function loadActivation<State, Command, Event, Reply>(
  id: string,
  { behaviour, journal, snapshots, recentCommandsMax }: LoaderDeps<State, Command, Event, Reply>,
): Promise<Activation<State>> {
  const subject = `${behaviour.name}.${id}`;
  const fold = (start: Activation<State>, records: readonly { seq: number; data: unknown }[]) => {
    for (const { seq, data } of records) {
      const { commandId, events } = data as ActorRecord;
      for (const event of events) start.state = behaviour.evolve(start.state, event as Event);
      if (commandId) start.recent = rememberCommand(start.recent, commandId, seq, recentCommandsMax);
      start.seq = seq;
    }
    start.unsaved = records.length;
    return start;
  };

  const snapshot = await snapshots.get(subject, []);
  if (snapshot && snapshot.stateVersion === behaviour.stateVersion) {
    // Reading from the snapshot's own record on proves that it belongs to this history: after an erasure it
    // is not there, and a snapshot that a late node wrote back must not bring the erased state to life.
    const [own, ...tail] = await journal.read(behaviour.name, subject, snapshot.seq - 1);
    if (own?.seq === snapshot.seq) return fold(activationOf(snapshot), tail);
  }
  const empty = { seq: 0, recent: NO_COMMANDS, unsaved: 0, softened: false, usedAtMs: 0 };
  return fold({ ...empty, state: behaviour.initial(id) }, await journal.read(behaviour.name, subject));
}

const activationOf = <State>(snapshot: ActorSnapshot): Activation<State> => ({
  state: snapshot.state as State,
  seq: snapshot.seq,
  recent: snapshot.recent,
  unsaved: 0,
  softened: false,
  usedAtMs: 0,
});
