/** Likes: the journal says what was saved, tables list it. */
import {
  ACTOR_STALE_RETRIES_MAX,
  ERASED_ACCOUNT_TTL_MS,
  LIKES_MAX,
  PAGE_DEFAULT,
  SECOND_MS,
} from '../../config/limits.ts';
import type { Handlers } from '../../kit/contract.ts';
import { erasePartition } from '../../kit/erase-partition.ts';
import { ConflictError, NotFoundError, UnavailableError } from '../../kit/errors.ts';
import type { JournalRecord } from '../../kit/ports/journal.ts';
import { ACCOUNTS_STREAM, type AccountEvent } from '../accounts/contract.ts';
import { userTopic } from '../player-session/contract.ts';
import { LIKES_STREAM, type LikeChanged, type LikesMessage, type likesContract } from './contract.ts';
import { isLiked, rowAfter } from './domain.ts';
import type { LikesDeps } from './ports.ts';
import { erasedTable, type LikeRow, likeListTable, likeTable } from './tables.ts';

export interface Likes extends AsyncDisposable {
  readonly handlers: Handlers<typeof likesContract>;
  /** Begins to consume the journal. */
  start(): Promise<void>;
  /** Resolves when all that was journaled before the call is done. */
  caughtUp(): Promise<void>;
}

const subjectOf = (userId: string): string => `${LIKES_STREAM}.${userId}`;

export function createLikes({ tables, journal, topics, catalog, clock }: LikesDeps): Likes {
  const likes = tables.open(likeTable);
  const byTime = tables.open(likeListTable);
  const erased = tables.open(erasedTable);
  const consumers = new AsyncDisposableStack();
  let caughtUp: () => Promise<unknown> = async () => {};

  /** The row at or after this change; a repeat writes nothing. */
  async function moved(change: LikeChanged, seq: number): Promise<LikeRow> {
    const { userId, songId } = change;
    for (let i = 0; i < ACTOR_STALE_RETRIES_MAX; i++) {
      const before = await likes.getVersioned(userId, [songId]);
      if (before && before.row.seq >= seq) return before.row;
      const row = rowAfter(before?.row, change, seq);
      const cas = before
        ? await likes.compareAndSet(userId, [songId], before.version, row)
        : await likes.insertIfAbsent(userId, [songId], row);
      if (cas.s === 'applied') return row;
    }
    throw new UnavailableError(
      'LIKES_CONTENDED',
      'This like changes too often at once; try again in a moment.',
    );
  }

  async function apply(change: LikeChanged, seq: number): Promise<void> {
    const row = await moved(change, seq);
    if (row.seq > seq) return;
    const { userId, songId } = change;
    if (row.liked) await byTime.put(userId, [row.likedAtMs, songId], {});
    else await byTime.delete(userId, [row.likedAtMs, songId]);
  }

  /** Acknowledged means journaled: the rest can be done again from there. */
  async function change(type: LikeChanged['type'], userId: string, songId: string): Promise<void> {
    const event: LikeChanged = { type, userId, songId, atMs: clock.nowMs() };
    const seq = await journal.append(LIKES_STREAM, subjectOf(userId), event);
    await apply(event, seq);
    const message: LikesMessage = { type: 'likes.changed', songId, liked: type === 'liked' };
    await topics.publish(userTopic(userId), message);
  }

  async function forget(userId: string): Promise<void> {
    await erasePartition(likes, userId);
    await erasePartition(byTime, userId);
    await journal.erase(LIKES_STREAM, subjectOf(userId));
  }

  const isErased = async (userId: string): Promise<boolean> => (await erased.get(userId, [])) !== undefined;

  async function consumeLikes(records: readonly JournalRecord[]): Promise<void> {
    for (const { data, seq } of records) {
      const event = data as LikeChanged;
      if (!(await isErased(event.userId))) await apply(event, seq);
      if (await isErased(event.userId)) await forget(event.userId);
    }
  }

  async function consumeAccounts(records: readonly JournalRecord[]): Promise<void> {
    for (const { data } of records) {
      const event = data as AccountEvent;
      if (event.type !== 'accountDeleted') continue;
      await erased.put(event.userId, [], { erased: true }, { ttlSec: ERASED_ACCOUNT_TTL_MS / SECOND_MS });
      await forget(event.userId);
    }
  }

  return {
    handlers: {
      async like({ userId, songId }) {
        if (isLiked(await likes.get(userId, [songId]))) return {};
        const [song] = (await catalog.songs({ songIds: [songId] })).items;
        if (!song || song.unavailable === 'REMOVED') {
          throw new NotFoundError('SONG_NOT_FOUND', 'There is no such song; search for it again.');
        }
        const { rows } = await byTime.scan(userId, { limit: LIKES_MAX });
        if (rows.length >= LIKES_MAX) {
          throw new ConflictError(
            'TOO_MANY_LIKES',
            `You have saved ${LIKES_MAX} songs, which is the most there is room for; take one out first.`,
          );
        }
        await change('liked', userId, songId);
        return {};
      },

      async unlike({ userId, songId }) {
        if (isLiked(await likes.get(userId, [songId]))) await change('unliked', userId, songId);
        return {};
      },

      async list({ userId, cursor, limit = PAGE_DEFAULT }) {
        const page = await byTime.scan(userId, {
          desc: true,
          limit,
          ...(cursor !== undefined && { cursor }),
        });
        const rows = await likes.getMany(page.rows.map(({ ck: [, songId] }) => [userId, [songId]] as const));
        const items = page.rows
          .map(({ ck: [likedAtMs, songId] }) => ({ songId, likedAtMs }))
          .filter(({ likedAtMs }, i) => isLiked(rows[i]) && rows[i].likedAtMs === likedAtMs);
        return { items, ...(page.cursor !== undefined && { nextCursor: page.cursor }) };
      },

      async contains({ userId, songIds }) {
        const rows = await likes.getMany(songIds.map((songId) => [userId, [songId]] as const));
        return { liked: songIds.filter((_, i) => isLiked(rows[i])) };
      },
    },
    async start() {
      const liked = consumers.use(
        await journal.consume({ stream: LIKES_STREAM, consumer: 'likes', handle: consumeLikes }),
      );
      const deleted = consumers.use(
        await journal.consume({
          stream: ACCOUNTS_STREAM,
          consumer: 'likes-erasure',
          handle: consumeAccounts,
        }),
      );
      caughtUp = () => Promise.all([liked.caughtUp(), deleted.caughtUp()]);
    },
    async caughtUp() {
      await caughtUp();
    },
    [Symbol.asyncDispose]: () => consumers.disposeAsync(),
  };
}
