/** The session's decisions: pure, from a state, a command and the time to events or a rejection. SPEC.md. */
import type { Behaviour } from '../../kit/actor/behaviour.ts';
import type { SessionCommand, SessionReply } from './commands.ts';
import { PLAYER_STREAM } from './contract.ts';
import { Draft } from './draft.ts';
import { evolve } from './evolve.ts';
import { PLAY_RULES, type PlayRules } from './listening.ts';
import { next, previous } from './moving-on.ts';
import { mode, queue } from './ordering.ts';
import { pause, play, resume, transfer } from './playing.ts';
import { MissingFacts, type Objection } from './refusals.ts';
import { progress } from './reporting.ts';
import { initialState, type SessionEvent, type SessionState } from './state.ts';
import { endPlay, seekTo } from './transitions.ts';

export type SessionBehaviour = Behaviour<SessionState, SessionCommand, SessionEvent, SessionReply>;

export function playerBehaviour(rules: PlayRules = PLAY_RULES): SessionBehaviour {
  return {
    name: PLAYER_STREAM,
    stateVersion: 1,
    initial: initialState,
    decide(state, command, nowMs) {
      const draft = new Draft(state, nowMs, rules);
      const objection = decideOn(draft, command);
      if (!objection) return draft.decision();
      if (!(objection instanceof MissingFacts)) return { accepted: false, rejection: objection };
      return { accepted: true, events: [], reply: { skipped: [], missingSongIds: objection.songIds } };
    },
    evolve: (state, event) => evolve(state, event, rules),
  };
}

/** Undefined when accepted. */
function decideOn(draft: Draft, command: SessionCommand): Objection | undefined {
  switch (command.type) {
    case 'play':
      return play(draft, command);
    case 'pause':
      return pause(draft);
    case 'resume':
      return resume(draft, command);
    case 'seek':
      return seekTo(draft, command.positionMs);
    case 'next':
      return next(draft, command);
    case 'previous':
      return previous(draft, command);
    case 'queue':
      return queue(draft, command);
    case 'mode':
      return mode(draft, command);
    case 'transfer':
      return transfer(draft, command.toDeviceId, command.around);
    case 'progress':
      return progress(draft, command);
    case 'deviceRemoved':
      return draft.state.play?.deviceId === command.deviceId ? pause(draft) : undefined;
    case 'close':
      return endPlay(draft, 'replaced');
  }
}
