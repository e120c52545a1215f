import { table } from '../../kit/ports/tables.ts';

/** Where one song stands with one listener; the truth. */
export interface LikeRow {
  /** Journal sequence of the change this row stands at. */
  readonly seq: number;
  readonly liked: boolean;
  /** Of the last like, also after it was taken out. */
  readonly likedAtMs: number;
}

export const likeTable = table<[string], LikeRow>({
  name: 'likes_song',
  partition: 'user_id',
  clustering: [['song_id', 'text']],
  conditional: true,
});
/** By time; a row that the song's own row does not agree with is not shown. */
export const likeListTable = table<[number, string], Record<string, never>>({
  name: 'likes_list',
  partition: 'user_id',
  clustering: [
    ['liked_at_ms', 'number'],
    ['song_id', 'text'],
  ],
});
/** Accounts deleted lately. */
export const erasedTable = table<[], { erased: true }>({
  name: 'likes_erased',
  partition: 'user_id',
  clustering: [],
});

/** About how many a listener has saved: see room.ts. */
export interface LikeCount {
  readonly count: number;
}
export const likeCountTable = table<[], LikeCount>({
  name: 'likes_count',
  partition: 'user_id',
  clustering: [],
});
