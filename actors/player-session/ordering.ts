/** The queue, shuffle and repeat (SPEC PS29-PS34). */
import { PLAYER_QUEUE_MAX } from '../../config/limits.ts';
import { type AntiphonError, BadRequestError, ConflictError, NotFoundError } from '../../kit/errors.ts';
import type { CommandOf, Surroundings } from './commands.ts';
import type { Draft } from './draft.ts';
import { entryIdOf, indexAtCursor, isToCome } from './queue.ts';
import { noneMaySound, playableOf, refusalOfNamed } from './refusals.ts';
import type { SessionState } from './state.ts';

export function queue(draft: Draft, command: CommandOf<'queue'>): AntiphonError | undefined {
  const { op, entryId, songIds } = command;
  switch (op) {
    case 'add':
    case 'playNext':
      return enqueue(draft, songIds ?? [], op === 'add' ? 'end' : 'front', command.around);
    case 'clear':
      if (draft.state.queued.length > 0) draft.emit({ type: 'queueCleared' });
      return undefined;
    case 'remove':
    case 'move': {
      const refusal = refusalOfEntry(draft.state, entryId);
      if (refusal) return refusal;
      if (op === 'remove') draft.emit({ type: 'entryRemoved', entryId: entryId as string });
      else return move(draft, entryId as string, command.afterEntryId);
    }
  }
  return undefined;
}

export function refusalOfEntry(state: SessionState, entryId: string | undefined): AntiphonError | undefined {
  if (entryId === undefined) {
    return new BadRequestError('ENTRY_REQUIRED', 'Say which entry of the queue: entryId is missing.');
  }
  if (isToCome(state, entryId)) return undefined;
  return new NotFoundError('ENTRY_NOT_FOUND', 'This entry is not to come any more: load the queue again.', {
    entryId,
  });
}

function move(draft: Draft, entryId: string, afterEntryId: string | undefined): AntiphonError | undefined {
  const after = afterEntryId === draft.state.play?.entryId ? undefined : afterEntryId;
  const refusal = after === undefined ? undefined : refusalOfEntry(draft.state, after);
  if (refusal) return refusal;
  draft.emit({
    type: 'entryMoved',
    entryId,
    ...(after !== undefined && { afterEntryId: after }),
  });
  return undefined;
}

function enqueue(
  draft: Draft,
  songIds: readonly string[],
  at: 'front' | 'end',
  around: Surroundings,
): AntiphonError | undefined {
  if (songIds.length === 0) {
    return new BadRequestError('SONGS_REQUIRED', 'Say which songs to queue: songIds is missing.');
  }
  const refusal = songIds.length === 1 ? refusalOfNamed(around, songIds[0]) : undefined;
  if (refusal) return refusal;
  const playableIds = playableOf(draft, songIds, around);
  if (playableIds.length === 0) return noneMaySound(draft);
  if (draft.state.queued.length + playableIds.length > PLAYER_QUEUE_MAX) {
    return new ConflictError(
      'QUEUE_FULL',
      `The queue holds ${PLAYER_QUEUE_MAX} songs at most: take some out first.`,
    );
  }
  const entries = playableIds.map((songId, i) => ({ entryId: entryIdOf(around.entryBase, i), songId }));
  draft.emit({ type: 'queued', entries, at });
  return undefined;
}

export function mode(draft: Draft, { shuffle, repeat, seed }: CommandOf<'mode'>): undefined {
  const { state } = draft;
  if (repeat !== undefined && repeat !== state.repeat) draft.emit({ type: 'repeatSet', repeat });
  if (shuffle === undefined || shuffle === (state.shuffled !== undefined)) return;
  if (shuffle) draft.emit({ type: 'shuffled', seed, first: indexAtCursor(state) });
  else draft.emit({ type: 'unshuffled' });
}
