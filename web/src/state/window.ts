/** A list that is longer than a session holds is played from where the listener is in it. */
import { PLAYER_CONTEXT_MAX } from '../../../config/limits.ts';

/** Of the songs before the chosen one so many stay, for `previous`. */
const BEFORE = 100;

/**
 * @param random from 0 to 1
 * @returns at most PLAYER_CONTEXT_MAX of the songs, the chosen one among them: those around it, or, to be shuffled,
 * as many from anywhere in the list.
 */
export function windowOf(
  songIds: readonly string[],
  chosen: string | undefined,
  shuffle: boolean,
  random: () => number = Math.random,
): readonly string[] {
  if (songIds.length <= PLAYER_CONTEXT_MAX) return songIds;
  const at = chosen === undefined ? 0 : Math.max(0, songIds.indexOf(chosen));
  if (shuffle) return sampleOf(songIds, at, random);
  const start = Math.min(Math.max(0, at - BEFORE), songIds.length - PLAYER_CONTEXT_MAX);
  return songIds.slice(start, start + PLAYER_CONTEXT_MAX);
}

function sampleOf(songIds: readonly string[], at: number, random: () => number): string[] {
  const left = [...songIds];
  const taken = left.splice(at, 1);
  while (taken.length < PLAYER_CONTEXT_MAX) {
    const last = left.pop() as string;
    const i = Math.floor(random() * (left.length + 1));
    if (i === left.length) taken.push(last);
    else {
      taken.push(left[i] as string);
      left[i] = last;
    }
  }
  return taken;
}
