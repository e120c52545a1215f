/** From one song to another (SPEC PS3, PS6, PS7, PS33-PS35). */
import { PREVIOUS_RESTARTS_AFTER_MS } from '../../config/limits.ts';
import type { CommandOf, Surroundings, With } from './commands.ts';
import type { PlayEnded } from './contract.ts';
import type { Draft } from './draft.ts';
import { positionAt } from './listening.ts';
import { refusalOfEntry } from './ordering.ts';
import { backwards, type Candidate, following, from } from './queue.ts';
import { MissingFacts, noneMaySound, nothingToPlay, type Objection, skip } from './refusals.ts';
import { report } from './reporting.ts';
import { endPlay, idOfNext, seekTo, start } from './transitions.ts';

export function next(draft: Draft, command: CommandOf<'next'>): Objection | undefined {
  const { play } = draft.state;
  const { playId, listenedMs: claimedMs, deviceId, reason = 'skip', around } = command;
  if (playId !== undefined && playId !== play?.playId) {
    if (claimedMs !== undefined) report(draft, { playId, deviceId, listenedMs: claimedMs });
    return undefined;
  }
  if (play && claimedMs !== undefined) {
    report(draft, { playId: play.playId, deviceId, listenedMs: claimedMs });
  }
  const all = following(draft.state, reason === 'ended', around.seed);
  const { entryId } = command;
  const refusal = entryId === undefined ? undefined : refusalOfEntry(draft.state, entryId);
  if (refusal) return refusal;
  const candidates = entryId === undefined ? all : from(all, entryId);
  return startFollowing(draft, candidates, command, reason);
}

/** Ends the current play, if any, and starts the first candidate that may sound. */
export function startFollowing(
  draft: Draft,
  candidates: Iterator<Candidate>,
  { deviceId, around }: With,
  why: PlayEnded['why'] = 'skip',
): Objection | undefined {
  const current = draft.state.play;
  const found = firstThatMaySound(draft, candidates, around);
  if (found instanceof MissingFacts) return found;
  if (!found && !current) return draft.skipped.length > 0 ? noneMaySound(draft) : nothingToPlay();
  const playId = idOfNext(draft, around);
  endPlay(draft, why);
  if (!found) return undefined;
  if (found.wrapped && draft.state.shuffled) draft.emit({ type: 'shuffled', seed: around.seed, first: -1 });
  start(draft, found, { playId, deviceId: current?.deviceId ?? deviceId, around });
  return undefined;
}

/** Asked for at first; more with each song passed over, so that a long unavailable stretch takes few rounds. */
const FACTS_ASKED_MIN = 4;
const FACTS_ASKED_MAX = 100;

function firstThatMaySound(
  draft: Draft,
  candidates: Iterator<Candidate>,
  around: Surroundings,
): Candidate | MissingFacts | undefined {
  for (let step = candidates.next(); !step.done; step = candidates.next()) {
    const { songId } = step.value;
    const facts = around.songs.get(songId);
    if (!facts) {
      const asked = Math.min(FACTS_ASKED_MAX, FACTS_ASKED_MIN + 2 * draft.skipped.length);
      return new MissingFacts(songsWithoutFacts(songId, candidates, around, asked));
    }
    if (!facts.against) return step.value;
    skip(draft, songId, facts.against);
  }
  return undefined;
}

function songsWithoutFacts(
  songId: string,
  candidates: Iterator<Candidate>,
  around: Surroundings,
  countMax: number,
): string[] {
  const missing = new Set([songId]);
  for (let step = candidates.next(); !step.done && missing.size < countMax; step = candidates.next()) {
    if (!around.songs.has(step.value.songId)) missing.add(step.value.songId);
  }
  return [...missing];
}

export function previous(draft: Draft, command: CommandOf<'previous'>): Objection | undefined {
  const { state, nowMs, rules } = draft;
  if (state.play && positionAt(state.play, nowMs, rules) > PREVIOUS_RESTARTS_AFTER_MS)
    return seekTo(draft, 0);
  const found = firstThatMaySound(draft, backwards(state), command.around);
  if (found instanceof MissingFacts) return found;
  if (!found) return seekTo(draft, 0);
  return startFollowing(draft, [found].values(), command);
}
