/** What a virtual actor is: pure functions over its state. The runtime (host.ts) does the rest. */
import type { AntiphonError } from '../errors.ts';

export type Decision<Event, Reply> =
  | {
      readonly accepted: true;
      /** Journaled together as one record, then folded into the state. May be empty. */
      readonly events: readonly Event[];
      /** Folded into the state after `events` but never journaled nor snapshot: a living client reports it again. */
      readonly soft?: readonly Event[];
      /** Plain JSON: it is journaled with the events when the command has a commandId. */
      readonly reply: Reply;
    }
  | { readonly accepted: false; readonly rejection: AntiphonError };

export interface Behaviour<State, Command, Event, Reply> {
  /** Journal stream; subject and snapshot key are `<name>.<id>`. */
  readonly name: string;
  /** Raise it when the shape of State changes: older snapshots are then ignored and the journal folded. */
  readonly stateVersion: number;
  /** State is plain JSON and never changed in place. */
  initial(id: string): State;
  decide(state: State, command: Command, nowMs: number): Decision<Event, Reply>;
  /** Total: a journaled event is a fact and cannot be refused. */
  evolve(state: State, event: Event): State;
}

export interface SendOptions {
  /**
   * A repeat gets the first answer and changes nothing, while it is among the last
   * ACTOR_RECENT_COMMANDS_MAX that changed the state. A refusal, and a command without events, leave
   * nothing to remember: they may turn out otherwise when the command comes again.
   */
  readonly commandId?: string;
  /** UTC milliseconds; late work is refused. Default: the deadline of the call being served. */
  readonly deadlineMs?: number;
}

export interface Answer<State, Reply> {
  readonly reply: Reply;
  readonly state: State;
  /** The subject's last sequence after the command. */
  readonly seq: number;
  readonly duplicate: boolean;
}

/** A command that was accepted, journaled and folded. */
export interface Accepted<State, Event, Reply> {
  readonly id: string;
  readonly events: readonly Event[];
  readonly soft: readonly Event[];
  readonly reply: Reply;
  readonly state: State;
  readonly seq: number;
}

/** What an operator sees of one actor, without waking it. */
export interface Inspection<State> {
  readonly resident: boolean;
  readonly waiting: number;
  readonly state?: State;
  readonly seq?: number;
  readonly usedAtMs?: number;
}

export interface ActorHost<State, Command, Reply> extends AsyncDisposable {
  /**
   * Decides and journals one command; commands of one id run one at a time.
   *
   * @throws the rejection of `decide`; DeadlineExceededError; UnavailableError `MAILBOX_FULL`,
   *   `ACTOR_CONTENDED` after ACTOR_STALE_RETRIES_MAX lost races, `HOST_CLOSED`, or `OUTCOME_UNKNOWN` when
   *   the journal failed: a retry with the same commandId finds out.
   */
  send(id: string, command: Command, options?: SendOptions): Promise<Answer<State, Reply>>;
  /**
   * The newest state, through the mailbox; while the journal does not say which that is, the state as this
   * activation knows it.
   */
  read(id: string): Promise<{ readonly state: State; readonly seq: number }>;
  /**
   * The actor as its journal tells it, without waking it. Of a resident one `inspect` may know more: what a
   * living client has reported since.
   */
  fold(id: string): Promise<{ readonly state: State; readonly seq: number }>;
  /** Drops the activation; the next command folds the journal anew. */
  kick(id: string): Promise<void>;
  /** Forgets the actor for good: its records, its snapshot and its memory. */
  erase(id: string): Promise<void>;
  inspect(id: string): Inspection<State>;
  /** Activations in memory. */
  readonly residents: number;
}
