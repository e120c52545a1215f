/** What a journaled change does to a like. Pure. */
import type { LikeChanged } from './contract.ts';
import type { LikeRow } from './tables.ts';

export const isLiked = (row: LikeRow | undefined): row is LikeRow => row?.liked === true;

/** A like of what is liked keeps its first time, also when two devices like at once. */
export function rowAfter(before: LikeRow | undefined, { type, atMs }: LikeChanged, seq: number): LikeRow {
  if (type === 'unliked') return { seq, liked: false, likedAtMs: before?.likedAtMs ?? atMs };
  return { seq, liked: true, likedAtMs: isLiked(before) ? before.likedAtMs : atMs };
}
