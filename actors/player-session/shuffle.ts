/** Orders by chance that a seed repeats (SPEC PS33, PS34). */

/** Mulberry32: a small generator whose whole state is the seed. */
function randomFrom(seed: number): () => number {
  let a = seed | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Fisher-Yates; `first`, when it is among them, leads. */
export function permutation(indexes: readonly number[], seed: number, first: number): number[] {
  const next = randomFrom(seed);
  const out = indexes.filter((index) => index !== first);
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    const held = out[i] as number;
    out[i] = out[j] as number;
    out[j] = held;
  }
  return out.length < indexes.length ? [first, ...out] : out;
}

/**
 * A permutation that does not feel like one of chance's bad ones: the songs of each artist lie about equally far
 * apart, and `before`, the song just heard, is not the first again.
 *
 * @param artists by index; what has no artist there counts as one of its own.
 */
export function spreadPermutation(
  indexes: readonly number[],
  artists: readonly number[],
  seed: number,
  { first, before }: { readonly first: number; readonly before: number },
): number[] {
  const next = randomFrom(seed ^ SPREAD_SEED);
  const [lead, ...rest] = permutation(indexes, seed, first);
  if (lead === undefined) return [];
  const spread = first === lead ? rest : [lead, ...rest];
  const artistOf = (index: number): number => artists[index] ?? -1 - index;
  const groups = Map.groupBy(spread, artistOf);
  const places = [...groups.values()].flatMap((group) => {
    const offset = next() / group.length;
    return group.map((index, i) => ({ index, place: offset + i / group.length }));
  });
  const ordered = places.sort((a, b) => a.place - b.place).map(({ index }) => index);
  const heard = first === lead ? lead : before;
  const apart = withoutNeighbours(heard < 0 ? ordered : [heard, ...ordered], artistOf);
  const order = heard < 0 ? apart : apart.slice(1);
  // In a round of one artist's songs neighbours cannot be helped, but the same song twice can.
  if (order.length > 1 && order[0] === before) order.push(order.shift() as number);
  return first === lead ? [lead, ...order] : order;
}

const SPREAD_SEED = 0x5bd1e995;

/** Brings the next song of another artist forward wherever two of one artist meet; the first stays. */
function withoutNeighbours(order: readonly number[], artistOf: (index: number) => number): number[] {
  const out = [...order];
  const differs = (a: number | undefined, b: number | undefined): boolean =>
    a === undefined || b === undefined || artistOf(a) !== artistOf(b);
  for (let i = 1; i < out.length; i++) {
    if (differs(out[i - 1], out[i])) continue;
    const later = out.findIndex((index, j) => j > i && differs(out[i - 1], index));
    if (later > 0) out.splice(i, 0, ...out.splice(later, 1));
    else {
      // Only this artist is left: its songs go where two others stand side by side.
      const song = out[i] as number;
      const gap = out.findIndex(
        (index, j) => j > 0 && j < i && differs(out[j - 1], song) && differs(index, song),
      );
      if (gap > 0) out.splice(gap, 0, ...out.splice(i, 1));
    }
  }
  return out;
}
