import { type Static, Type } from 'typebox';
import { Cursor, DurationMs, defineContract, Id, object, pageOf, query, TimeMs } from '../../kit/contract.ts';
import { PlayContext } from '../player-session/contract.ts';

export const HistoryEntry = object({
  playId: Id,
  songId: Id,
  startedAtMs: TimeMs,
  /** How much was heard; 0 while the play has only begun. */
  listenedMs: DurationMs,
  counted: Type.Boolean({ description: 'Heard for 30 s: it counts as a stream' }),
  context: Type.Optional(PlayContext),
});
export type HistoryEntry = Static<typeof HistoryEntry>;

export const historyContract = defineContract({
  name: 'history',
  actions: {
    recent: query('Plays, newest first', {
      params: object({
        userId: Id,
        cursor: Type.Optional(Cursor),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
      }),
      result: pageOf(HistoryEntry),
    }),
  },
});

/** Published on the listener's topic (player-session contract) when an entry appears or is counted. */
export interface HistoryMessage {
  readonly type: 'history.entry';
  readonly entry: HistoryEntry;
}
