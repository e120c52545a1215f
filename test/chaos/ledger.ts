/** What one listener did and was told: the side of the books that the service has no hand in. */
import type { PlayerState } from '../../actors/player-session/contract.ts';

/** A command to the player, done or in doubt. */
export interface ToldCommand {
  readonly commandId: string;
  readonly name: string;
  /** Whether it was answered with success; otherwise it may have been done or not. */
  readonly acknowledged: boolean;
  /** Whether it cannot have been answered without a change: a `pause` can, an `add` cannot. */
  readonly alwaysChanges: boolean;
  /** The newest version known when it was sent, and the one that its answer carried. */
  readonly versionBefore: number;
  readonly versionAfter?: number;
  /** Whether a command sent before it was in doubt and may have been done at any time since. */
  readonly afterDoubt: boolean;
}

/** A value that a listener has set: what was acknowledged last, and whether a later write is in doubt. */
export interface Kept<T> {
  readonly value: T;
  readonly inDoubt: boolean;
}

export interface Ledger {
  readonly username: string;
  readonly userId: string;
  readonly commands: ToldCommand[];
  /** Of each answer of the player, in the order in which they came; one at a time was asked. */
  readonly versions: number[];
  /** By play: how long it sounded on the listener's device. */
  readonly heardMsByPlay: ReadonlyMap<string, number>;
  /** Plays of which an answer said that they count. */
  readonly toldCounted: Set<string>;
  /** Plays of which a report of 30 s or more was answered with success. */
  readonly reportedWhole: Set<string>;
  readonly likes: Map<string, Kept<boolean>>;
  displayName: Kept<string>;
  /** Whether the session was served once all faults were over. */
  servedInTheEnd: boolean;
  /** The state and the device's own position in the end, paused. */
  end?: { readonly state: PlayerState; readonly devicePositionMs: number };
}

export const openLedger = (
  who: Pick<Ledger, 'username' | 'userId' | 'heardMsByPlay'>,
  displayName: string,
): Ledger => ({
  ...who,
  commands: [],
  versions: [],
  toldCounted: new Set(),
  reportedWhole: new Set(),
  likes: new Map(),
  displayName: { value: displayName, inDoubt: false },
  servedInTheEnd: false,
});

/** After a write that was answered with success, or not. */
export function keptAfter<T>(before: Kept<T> | undefined, value: T, done: boolean, unset: T): Kept<T> {
  return done ? { value, inDoubt: false } : { value: before?.value ?? unset, inDoubt: true };
}
