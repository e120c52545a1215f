import { type Static, Type } from 'typebox';
import { RECENT_CONTEXTS_MAX, SONG_COUNTS_ASKED_MAX, TOP_DAYS_MAX } from '../../config/limits.ts';
import {
  Cursor,
  DurationMs,
  defineContract,
  Id,
  literals,
  object,
  pageOf,
  query,
  TimeMs,
} from '../../kit/contract.ts';
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

export const TopSong = object({
  songId: Id,
  plays: Type.Integer({ minimum: 1 }),
  lastPlayedAtMs: TimeMs,
});
export type TopSong = Static<typeof TopSong>;

/** What was played: an album, artist or playlist, or a song by itself. */
export const RecentItem = object({
  type: literals('album', 'artist', 'playlist', 'song'),
  id: Type.String({ maxLength: 64 }),
  playedAtMs: TimeMs,
});
export type RecentItem = Static<typeof RecentItem>;

export const SongCounts = object({
  songId: Id,
  streams: Type.Integer({ minimum: 0 }),
  listeners: Type.Integer({ minimum: 0 }),
});
export type SongCounts = Static<typeof SongCounts>;

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
    top: query('Songs that a listener played most, by counted streams', {
      params: object({
        userId: Id,
        days: Type.Optional(
          Type.Integer({ minimum: 1, maximum: TOP_DAYS_MAX, description: 'Left out: of all time' }),
        ),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
      }),
      result: object({ items: Type.Array(TopSong) }),
    }),
    recentContexts: query('What a listener heard lately, each once, newest first', {
      params: object({
        userId: Id,
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: RECENT_CONTEXTS_MAX })),
      }),
      result: object({ items: Type.Array(RecentItem) }),
    }),
    counts: query('How often songs were streamed by everyone; those never streamed are left out', {
      params: object({ songIds: Type.Array(Id, { maxItems: SONG_COUNTS_ASKED_MAX }) }),
      result: object({ items: Type.Array(SongCounts) }),
    }),
  },
});

/** Published on the listener's topic (player-session contract) when an entry appears or is counted. */
export interface HistoryMessage {
  readonly type: 'history.entry';
  readonly entry: HistoryEntry;
}
