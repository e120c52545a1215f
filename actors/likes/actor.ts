/** Likes: the journal says what was saved, tables list it. */
import { LIKE_WRITE_TRIES_MAX, PAGE_DEFAULT } from '../../config/limits.ts';
import { Consumers } from '../../kit/consumers.ts';
import type { Handlers } from '../../kit/contract.ts';
import { erasePartition } from '../../kit/erase-partition.ts';
import { createErasure } from '../../kit/erasure.ts';
import { NotFoundError, UnavailableError } from '../../kit/errors.ts';
import type { JournalRecord } from '../../kit/ports/journal.ts';
import { ACCOUNTS_STREAM, deletedAccountIn } from '../accounts/contract.ts';
import { userTopic } from '../player-session/contract.ts';
import { LIKES_STREAM, type LikeChanged, type LikesMessage, type likesContract } from './contract.ts';
import { isLiked, rowAfter } from './domain.ts';
import type { LikesDeps } from './ports.ts';
import { createRoom } from './room.ts';
import { erasedTable, type LikeRow, likeCountTable, likeListTable, likeTable } from './tables.ts';

export interface Likes extends AsyncDisposable {
  readonly handlers: Handlers<typeof likesContract>;
  /** Begins to consume the journal. */
  start(): Promise<void>;
  /** Resolves when all that was journaled before the call is done. @throws UnavailableError before `start`. */
  caughtUp(): Promise<void>;
}

const subjectOf = (userId: string): string => `${LIKES_STREAM}.${userId}`;

export function createLikes({ tables, journal, topics, catalog, clock }: LikesDeps): Likes {
  const likes = tables.open(likeTable);
  const byTime = tables.open(likeListTable);
  const counts = tables.open(likeCountTable);
  const room = createRoom({ counts, byTime });
  const consumers = new Consumers(journal);
  const erasure = createErasure({ marks: tables.open(erasedTable), forget, deletedIn: deletedAccountIn });

  /**
   * The row at or after this change; a repeat writes nothing. Whoever is not sure of a write reads its own
   * sequence there the next time.
   */
  async function moved(change: LikeChanged, seq: number): Promise<LikeRow> {
    const { userId, songId } = change;
    for (let i = 0; i < LIKE_WRITE_TRIES_MAX; i++) {
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
    await room.changed(userId, type === 'liked' ? 1 : -1);
    const message: LikesMessage = { type: 'likes.changed', songId, liked: type === 'liked' };
    await topics.publish(userTopic(userId), message);
  }

  async function forget(userId: string): Promise<void> {
    await erasePartition(likes, userId);
    await erasePartition(byTime, userId);
    await counts.delete(userId, []);
    await journal.erase(LIKES_STREAM, subjectOf(userId));
  }

  async function consumeLikes(records: readonly JournalRecord[]): Promise<void> {
    const changes = records.map(({ data, seq }) => ({ change: data as LikeChanged, seq }));
    for (const { change, seq } of changes) await apply(change, seq);
    await erasure.afterWriting(changes.map(({ change: { userId } }) => userId));
  }

  return {
    handlers: {
      async like({ userId, songId }) {
        if (isLiked(await likes.get(userId, [songId]))) return {};
        const [song] = (await catalog.songs({ songIds: [songId] })).items;
        if (!song || song.unavailable === 'REMOVED') {
          throw new NotFoundError('SONG_NOT_FOUND', 'There is no such song; search for it again.');
        }
        await room.assertFree(userId);
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
      await consumers.open(
        { stream: LIKES_STREAM, consumer: 'likes', handle: consumeLikes },
        { stream: ACCOUNTS_STREAM, consumer: 'likes-erasure', handle: erasure.handle },
      );
    },
    caughtUp: () => consumers.caughtUp(),
    [Symbol.asyncDispose]: () => consumers[Symbol.asyncDispose](),
  };
}
