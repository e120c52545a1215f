/**
 * Rendezvous hashing (highest random weight, Thaler and Ravishankar 1998): every caller that knows the same
 * nodes picks the same one for a key, and when a node leaves or joins only its own keys move.
 */
import { hash32 } from './hash.ts';

/** The node that `key` belongs to. Ties go to the smaller name, so that the order of `nodes` does not matter. */
export function rendezvousOf<T>(
  key: string,
  nodes: readonly T[],
  nameOf: (node: T) => string,
): T | undefined {
  const seed = hash32(key);
  let best: T | undefined;
  let bestWeight = -1;
  for (const node of nodes) {
    const weight = hash32(nameOf(node), seed);
    const wins = weight > bestWeight || (weight === bestWeight && nameOf(node) < nameOf(best as T));
    if (wins) [best, bestWeight] = [node, weight];
  }
  return best;
}
