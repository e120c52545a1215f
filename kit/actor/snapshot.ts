/** Where an activation may start instead of at the first record of its journal subject. */
import { type Table, table } from '../ports/tables.ts';

export interface ActorSnapshot {
  readonly stateVersion: number;
  /** The record that the state includes as its last. */
  readonly seq: number;
  readonly state: unknown;
  /** Pairs of command fingerprint and `seq`, oldest first (recent-commands.ts). */
  readonly recent: readonly number[];
}

/** Partition: `<behaviour name>.<id>`. */
export const ACTOR_SNAPSHOTS = table<readonly [], ActorSnapshot>({
  name: 'actor_snapshot',
  partition: 'actor',
  clustering: [],
});

export type SnapshotTable = Pick<Table<readonly [], ActorSnapshot>, 'get' | 'put' | 'delete'>;
