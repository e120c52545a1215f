/** What sounds next (SPEC PS29-PS35): queued entries, then the context in order or shuffled. */
import { permutation, spreadPermutation } from './shuffle.ts';
import type { QueuedEntry, SessionState } from './state.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const INDEX_DIGITS = 3;

/** An id whose last digits are replaced by a number: one new id names many entries, and none is stored. */
export function entryIdOf(base: string, index: number): string {
  const digits: string[] = [];
  for (let rest = index, i = 0; i < INDEX_DIGITS; i++, rest = Math.floor(rest / 62)) {
    digits.unshift(ALPHABET[rest % 62] as string);
  }
  return [base.slice(0, -INDEX_DIGITS), ...digits].join('');
}

/** The index that `entryIdOf` put into an entry id of the context, or -1. */
function indexOfEntry(state: SessionState, entryId: string): number {
  const head = state.entryBase.slice(0, -INDEX_DIGITS);
  if (!head || !entryId.startsWith(head)) return -1;
  let index = 0;
  for (const digit of entryId.slice(-INDEX_DIGITS)) index = index * 62 + ALPHABET.indexOf(digit);
  return index;
}

export const baseOrder = (state: SessionState): readonly number[] => state.order ?? [...state.songIds.keys()];

/** How many songs of the context are in the sounding order. */
export const contextLength = (state: SessionState): number =>
  (state.shuffled ?? state.order ?? state.songIds).length;

const indexAt = (state: SessionState, place: number): number => {
  const order = state.shuffled ?? state.order;
  return order ? (order[place] ?? -1) : place;
};

/** An entry that may sound, with what its start would leave behind. */
export interface Candidate {
  readonly entryId: string;
  readonly songId: string;
  readonly source: 'context' | 'queued';
  readonly queuedTaken: number;
  readonly cursor: number;
  /** The context began again to get here. */
  readonly wrapped: boolean;
}

export function contextCandidate(
  state: SessionState,
  cursor: number,
  wrapped = false,
): Omit<Candidate, 'queuedTaken'> | undefined {
  const index = indexAt(state, cursor);
  const songId = state.songIds[index];
  if (songId === undefined) return undefined;
  return { entryId: entryIdOf(state.entryBase, index), songId, source: 'context', cursor, wrapped };
}

/** What is still to come before the context would have to begin again. */
export function* upcoming(state: SessionState): Generator<Candidate> {
  const { queued, cursor } = state;
  for (const [i, entry] of queued.entries()) {
    yield { ...entry, source: 'queued', queuedTaken: i + 1, cursor, wrapped: false };
  }
  const length = contextLength(state);
  for (let place = cursor + 1; place < length; place++) {
    const candidate = contextCandidate(state, place);
    if (candidate) yield { ...candidate, queuedTaken: queued.length };
  }
}

/** The context from its beginning, as repeat `all` goes on. */
export function* fromTheTop(state: SessionState): Generator<Candidate> {
  const length = contextLength(state);
  for (let place = 0; place < length; place++) {
    const candidate = contextCandidate(state, place, true);
    if (candidate) yield { ...candidate, queuedTaken: state.queued.length };
  }
}

/**
 * What may follow, best first. `ended`: the current song was heard to its end, so repeat `one` applies.
 * Without a seed nothing is foretold beyond the end of a shuffled context.
 */
export function* following(state: SessionState, ended: boolean, seed?: number): Generator<Candidate> {
  const { play, cursor } = state;
  if (ended && play && state.repeat === 'one') {
    const { entryId, songId, source } = play;
    yield { entryId, songId, source, queuedTaken: 0, cursor, wrapped: false };
  }
  yield* upcoming(state);
  if (state.repeat !== 'all') return;
  if (!state.shuffled) yield* fromTheTop(state);
  else if (seed !== undefined) yield* fromTheTop(shuffledBy(state, seed, -1));
}

/**
 * `candidates` from `entryId` on. What the listener queued and what comes before in the context is passed over,
 * but the queued songs stay when the entry is one of the context's.
 */
export function* from(candidates: Iterable<Candidate>, entryId: string): Generator<Candidate> {
  let isReached = false;
  for (const candidate of candidates) {
    isReached ||= candidate.entryId === entryId;
    if (isReached) yield candidate.source === 'context' ? { ...candidate, queuedTaken: 0 } : candidate;
  }
}

/** The songs that sounded before in the context, latest first. */
export function* backwards(state: SessionState): Generator<Candidate> {
  const fromQueue = state.play === undefined || state.play.source === 'queued';
  for (let place = fromQueue ? state.cursor : state.cursor - 1; place >= 0; place--) {
    const candidate = contextCandidate(state, place);
    if (candidate) yield { ...candidate, queuedTaken: 0 };
  }
}

export const upNextTotal = (state: SessionState): number =>
  state.queued.length + Math.max(0, contextLength(state) - state.cursor - 1);

export function isToCome(state: SessionState, entryId: string): boolean {
  if (state.queued.some((entry) => entry.entryId === entryId)) return true;
  return placeOf(state, entryId) > state.cursor;
}

/** Place in the sounding order of the context, or -1. */
function placeOf(state: SessionState, entryId: string): number {
  const index = indexOfEntry(state, entryId);
  if (index < 0 || index >= state.songIds.length) return -1;
  const order = state.shuffled ?? state.order;
  return order ? order.indexOf(index) : index;
}

/** The current song leads, the rest of the context follows in the seed's order. */
export function shuffledBy(state: SessionState, seed: number, first: number): SessionState {
  const { artists } = state;
  // A context of an earlier version is shuffled as that version did it: the journal holds the seed alone.
  const shuffled = artists
    ? spreadPermutation(baseOrder(state), artists, seed, { first, before: indexAtCursor(state) })
    : permutation(baseOrder(state), seed, first);
  return { ...state, shuffled, cursor: first >= 0 ? shuffled.indexOf(first) : -1 };
}

/** Index of the context's last song that sounded, or -1. */
export const indexAtCursor = (state: SessionState): number => indexAt(state, state.cursor);

export function unshuffled(state: SessionState): SessionState {
  const index = indexAtCursor(state);
  const plain = { ...state, shuffled: undefined };
  return { ...plain, cursor: index < 0 ? -1 : baseOrder(plain).indexOf(index) };
}

export function withoutEntry(state: SessionState, entryId: string): SessionState {
  const queued = state.queued.filter((entry) => entry.entryId !== entryId);
  if (queued.length < state.queued.length) return { ...state, queued };
  const place = placeOf(state, entryId);
  if (place < 0) return state;
  const index = indexAt(state, place);
  const others = (order: readonly number[]) => order.filter((other) => other !== index);
  return {
    ...state,
    order: others(baseOrder(state)),
    shuffled: state.shuffled && others(state.shuffled),
    cursor: place <= state.cursor ? state.cursor - 1 : state.cursor,
  };
}

const inserted = <T>(list: readonly T[], at: number, item: T): T[] => list.toSpliced(at, 0, item);

export function movedEntry(state: SessionState, entryId: string, afterEntryId?: string): SessionState {
  if (entryId === afterEntryId) return state;
  const entry = state.queued.find((queued) => queued.entryId === entryId) ?? contextEntry(state, entryId);
  if (!entry) return state;
  const wasQueued = state.queued.includes(entry);
  const rest = withoutEntry(state, entryId);
  const queuedPlace = rest.queued.findIndex((queued) => queued.entryId === afterEntryId);
  const toFront = afterEntryId === undefined;
  if (queuedPlace >= 0 || (toFront && (wasQueued || rest.queued.length > 0))) {
    return { ...rest, queued: inserted(rest.queued, queuedPlace + 1, entry) };
  }
  if (wasQueued) return { ...rest, queued: [...rest.queued, entry] };
  const place = toFront ? rest.cursor : placeOf(rest, afterEntryId);
  const index = indexOfEntry(state, entryId);
  const order = inserted(rest.shuffled ?? baseOrder(rest), place + 1, index);
  // Moved while shuffled, the entry keeps its place in the original order.
  return rest.shuffled ? { ...rest, order: state.order, shuffled: order } : { ...rest, order };
}

function contextEntry(state: SessionState, entryId: string): QueuedEntry | undefined {
  const songId = state.songIds[indexOfEntry(state, entryId)];
  return songId === undefined ? undefined : { entryId, songId };
}
