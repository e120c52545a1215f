import { Type } from 'typebox';
import {
  Cursor,
  command,
  defineContract,
  Empty,
  Id,
  object,
  pageOf,
  query,
  TimeMs,
} from '../../kit/contract.ts';

const forSong = object({ userId: Id, songId: Id });

export const likesContract = defineContract({
  name: 'likes',
  key: 'userId',
  actions: {
    like: command('Save a song', { params: forSong, result: Empty, idempotent: true }),
    unlike: command('Take a saved song out', { params: forSong, result: Empty, idempotent: true }),
    list: query('Saved songs, newest first', {
      params: object({
        userId: Id,
        cursor: Type.Optional(Cursor),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
      }),
      result: pageOf(object({ songId: Id, likedAtMs: TimeMs })),
    }),
    contains: query('Which of these songs are saved', {
      params: object({ userId: Id, songIds: Type.Array(Id, { maxItems: 100 }) }),
      result: object({ liked: Type.Array(Id) }),
    }),
  },
});

/** Journal stream `likes`, subject `likes.<userId>`. */
export const LIKES_STREAM = 'likes';
export interface LikeChanged {
  readonly type: 'liked' | 'unliked';
  readonly userId: string;
  readonly songId: string;
  readonly atMs: number;
}
/** Published on the listener's topic, so that the heart changes on every device. */
export interface LikesMessage {
  readonly type: 'likes.changed';
  readonly songId: string;
  readonly liked: boolean;
}
