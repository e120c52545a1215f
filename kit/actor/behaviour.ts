/** What a virtual actor is: pure functions over its state. The runtime (host.ts) does the rest. */
import type { AntiphonError } from '../errors.ts';

export type Decision<Event, Reply> =
  | {
      readonly accepted: true;
      /** Journaled together as one record, then folded into the state. May be empty. */
      readonly events: readonly Event[];
      /** Folded into the state but never journaled: what a living client will report again. */
      readonly soft?: readonly Event[];
      readonly reply: Reply;
    }
  | { readonly accepted: false; readonly rejection: AntiphonError };

export interface Behaviour<State, Command, Event, Reply> {
  /** Journal stream and snapshot prefix; the subject is `<name>.<id>`. */
  readonly name: string;
  /** Raise it when the shape of State changes: older snapshots are then ignored and the journal folded. */
  readonly stateVersion: number;
  initial(id: string): State;
  decide(state: State, command: Command, nowMs: number): Decision<Event, Reply>;
  /** Total: a journaled event is a fact and cannot be refused. */
  evolve(state: State, event: Event): State;
}

export interface SendOptions {
  /** A repeat gets the first answer and changes nothing, as long as the journal remembers it. */
  readonly commandId?: string;
  /** UTC milliseconds; work that is late is refused before it is decided. */
  readonly deadlineMs?: number;
}

export interface Answer<State, Reply> {
  readonly reply: Reply;
  readonly state: State;
  /** The subject's last sequence after the command. */
  readonly seq: number;
  readonly duplicate: boolean;
}

export interface ActorHost<State, Command, Reply> extends AsyncDisposable {
  /**
   * Decides and journals one command; commands of one id run one at a time.
   *
   * @throws the rejection of `decide`; DeadlineExceededError; UnavailableError `MAILBOX_FULL` or, after
   *   ACTOR_STALE_RETRIES_MAX lost races, `ACTOR_CONTENDED`.
   */
  send(id: string, command: Command, options?: SendOptions): Promise<Answer<State, Reply>>;
  /** The state as of now, through the mailbox. */
  read(id: string): Promise<{ readonly state: State; readonly seq: number }>;
  /** Drops the activation; the next command folds the journal anew. */
  kick(id: string): Promise<void>;
  /** Activations in memory. */
  readonly residents: number;
}
