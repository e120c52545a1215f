/** Why something is refused, and which songs of a list may sound. */
import { type AntiphonError, ConflictError, ForbiddenError, NotFoundError } from '../../kit/errors.ts';
import type { Surroundings } from './commands.ts';
import type { Reason } from './contract.ts';
import type { Draft } from './draft.ts';

export const nothingToPlay = () =>
  new ConflictError('NOTHING_TO_PLAY', 'Nothing is there to play: choose a song, an album or a list first.');

export const noneMaySound = (draft: Draft) =>
  new ForbiddenError('NOTHING_TO_PLAY', 'None of these songs can be played here now: choose others.', {
    skipped: draft.skipped,
  });

export function refusalOfNamed(around: Surroundings, songId: string | undefined): AntiphonError | undefined {
  const against = songId === undefined ? undefined : around.songs.get(songId)?.against;
  return against && refusalOf(songId as string, against);
}

const REFUSALS: Partial<Record<Reason, string>> = {
  NOT_IN_REGION: 'This song may not be played in your country: choose another.',
  NOT_RELEASED: 'This song is not released yet: come back on its release date.',
  NOT_LICENSED: 'The licence of this song does not cover playing it now: choose another.',
  NOT_READY: 'This song is still being prepared: try again in a moment.',
  REMOVED: 'This song was taken out of the catalogue: choose another.',
  EXPLICIT_FILTERED: 'Explicit songs are switched off in your preferences: change that to play it.',
};

export const refusalOf = (songId: string, against: Reason | 'unknown'): AntiphonError =>
  against === 'unknown'
    ? new NotFoundError('SONG_NOT_FOUND', 'There is no such song: check its id.', { songId })
    : new ForbiddenError(against, REFUSALS[against] ?? 'This song cannot be played: choose another.', {
        songId,
      });

/** The songs that may sound; the others are noted as skipped. */
export function playableOf(draft: Draft, songIds: readonly string[], around: Surroundings): string[] {
  return songIds.filter((songId) => {
    const against = around.songs.get(songId)?.against ?? (around.songs.has(songId) ? undefined : 'unknown');
    if (against) skip(draft, songId, against);
    return !against;
  });
}

export const skip = (draft: Draft, songId: string, against: Reason | 'unknown') =>
  draft.skipped.push({ songId, reason: against === 'unknown' ? 'REMOVED' : against });

/** Not a refusal: the decision waits until these songs have been looked up. */
export class MissingFacts {
  readonly songIds: readonly string[];

  constructor(songIds: readonly string[]) {
    this.songIds = songIds;
  }
}

/** Why a command is not accepted, or not yet. */
export type Objection = AntiphonError | MissingFacts;
