/**
 * What the edge writes to the journal: which segments each play fetched. Fraud detection compares it with
 * what the play claims to have listened to. Whose play it was is told by the player's journal alone, and gone
 * from there with the account: no record here names a listener.
 *
 * Stream `edge`, subject `edge.<playId>`. Records of one play add up as sets: the same one may come twice.
 */
import type { Rung } from '../../actors/catalog/contract.ts';

export const EDGE_STREAM = 'edge';
export const edgeSubject = (playId: string): string => `edge.${playId}`;

/**
 * Play and user of a grant that is nobody's: what an edge fetches ahead (media/warming) is no play and no
 * listening. As an id it would be of the year 1970, so no play ever has it.
 */
export const NOBODY = '0'.repeat(22);

export interface SegmentsServed {
  readonly type: 'segmentsServed';
  readonly playId: string;
  readonly songId: string;
  /** When the record was made; its segments were served before. */
  readonly atMs: number;
  /** Segment numbers from 0, ascending; those of a progressive file count as well. */
  readonly rungs: readonly { readonly rung: Rung; readonly segments: readonly number[] }[];
}
