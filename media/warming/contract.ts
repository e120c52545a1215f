/** What operators ask of edge warming. No route of the gateway leads here. */
import { type Static, Type } from 'typebox';
import { Rung } from '../../actors/catalog/contract.ts';
import { WARM_SHOWN_MAX } from '../../config/limits.ts';
import { defineContract, Empty, Id, literals, object, query, TimeMs } from '../../kit/contract.ts';

/** `release`: before its hour; `next`: follows in somebody's list; `rising`; `taste`: liked in this region. */
export const REASONS = ['release', 'next', 'rising', 'taste'] as const;
export const Reason = literals(...REASONS);
export type Reason = Static<typeof Reason>;

const Count = Type.Integer({ minimum: 0 });

export const WarmedSong = object({
  songId: Id,
  region: Type.String(),
  reason: Reason,
  rungs: Type.Array(Rung),
  /** From the first on; absent: the whole song. */
  firstSegments: Type.Optional(Count),
  /** In the ten minutes after. */
  expectedPlays: Type.Number({ minimum: 0 }),
  atMs: TimeMs,
});
export type WarmedSong = Static<typeof WarmedSong>;

export const EdgeStatus = object({
  region: Type.String(),
  url: Type.String(),
  /** No fetches until then: the edge or what is behind it was busy or away. */
  pausedUntilMs: Type.Optional(TimeMs),
  /** How long the edge is taken to keep what nobody asks for. */
  residentMs: Count,
  /** Songs planned that are not fetched yet. */
  waiting: Count,
  bytes: Count,
  /** By what the edge said of its cache; `failed` ones made nothing warm. */
  requests: object({ hit: Count, miss: Count, unknown: Count, failed: Count }),
  reasons: Type.Array(
    object({
      reason: Reason,
      warmed: Count,
      /** Of the songs warmed, those that were played in the region within the memory of this process. */
      played: Count,
    }),
  ),
});
export type EdgeStatus = Static<typeof EdgeStatus>;

export const warmingContract = defineContract({
  name: 'warming',
  actions: {
    status: query('What was fetched through each edge since the start, and how much of it was of use', {
      params: Empty,
      result: object({ edges: Type.Array(EdgeStatus) }),
    }),
    planned: query('The songs warmed last, newest first, and why', {
      params: object({ region: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })) }),
      result: object({ items: Type.Array(WarmedSong, { maxItems: WARM_SHOWN_MAX }) }),
    }),
  },
});
