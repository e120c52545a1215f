import type { Decision } from '../../kit/actor/behaviour.ts';
import type { SessionReply, Skipped } from './commands.ts';
import { evolve } from './evolve.ts';
import type { PlayRules } from './listening.ts';
import type { SessionEvent, SessionState } from './state.ts';

/** A decision being made: the events so far and the state that they lead to. */
export class Draft {
  state: SessionState;
  readonly nowMs: number;
  readonly rules: PlayRules;
  readonly skipped: Skipped[] = [];
  report: SessionReply['report'];
  private readonly events: SessionEvent[] = [];
  private readonly soft: SessionEvent[] = [];

  constructor(state: SessionState, nowMs: number, rules: PlayRules) {
    this.state = state;
    this.nowMs = nowMs;
    this.rules = rules;
  }

  emit(event: SessionEvent): void {
    this.events.push(event);
    this.state = evolve(this.state, event, this.rules);
  }

  emitSoft(event: SessionEvent): void {
    this.soft.push(event);
    this.state = evolve(this.state, event, this.rules);
  }

  decision(): Decision<SessionEvent, SessionReply> {
    const { events, soft, skipped, report } = this;
    return { accepted: true, events, soft, reply: { skipped, ...(report && { report }) } };
  }
}
