/** History: a durable consumer of the players' journal writes entries, `recent` pages through them. */
import {
  DAY_MS,
  ERASED_ACCOUNT_TTL_MS,
  HISTORY_OPEN_PLAY_TTL_MS,
  PAGE_DEFAULT,
  SECOND_MS,
} from '../../config/limits.ts';
import { bucketedList, newestFirst } from '../../kit/bucketed-list.ts';
import type { Handlers } from '../../kit/contract.ts';
import { erasePartition } from '../../kit/erase-partition.ts';
import { UnavailableError } from '../../kit/errors.ts';
import type { JournalRecord } from '../../kit/ports/journal.ts';
import { ACCOUNTS_STREAM, type AccountEvent } from '../accounts/contract.ts';
import { PLAYER_STREAM, userTopic } from '../player-session/contract.ts';
import type { HistoryEntry, HistoryMessage, historyContract } from './contract.ts';
import { entryOf, eventsIn, isNews, type Play, playAfter } from './domain.ts';
import type { HistoryDeps } from './ports.ts';
import { bucketTable, entryTable, erasedTable, playTable } from './tables.ts';

export interface History extends AsyncDisposable {
  readonly handlers: Handlers<typeof historyContract>;
  /** Begins to consume the journal. */
  start(): Promise<void>;
  /**
   * Resolves when all that was journaled before the call is in the history.
   *
   * @throws UnavailableError `HISTORY_NOT_READING` before `start`: nobody may erase what was not read.
   */
  caughtUp(): Promise<void>;
}

const BUCKET_MS = 30 * DAY_MS;
const OPEN_PLAY = { ttlSec: HISTORY_OPEN_PLAY_TTL_MS / SECOND_MS };

const keyOf = ({ playId, startedAtMs }: HistoryEntry) => ({
  bucket: newestFirst(Math.floor(startedAtMs / BUCKET_MS)),
  sort: newestFirst(startedAtMs),
  id: playId,
});

interface Change {
  readonly userId: string;
  readonly playId: string;
  readonly before: Play | undefined;
  after: Play;
}

export function createHistory({ tables, journal, topics }: HistoryDeps): History {
  const entries = bucketedList({ rows: tables.open(entryTable), buckets: tables.open(bucketTable) });
  const plays = tables.open(playTable);
  const erased = tables.open(erasedTable);
  const consumers = new AsyncDisposableStack();
  let caughtUp = async (): Promise<unknown> => {
    throw new UnavailableError('HISTORY_NOT_READING', 'The history does not read yet; try again.');
  };

  const erasedAmong = async (userIds: readonly string[]): Promise<Set<string>> => {
    const marks = await erased.getMany(userIds.map((userId) => [userId, []] as const));
    return new Set(userIds.filter((_, i) => marks[i]));
  };

  async function forget(userId: string): Promise<void> {
    await entries.erase(userId);
    await erasePartition(plays, userId);
  }

  async function changesOf(records: readonly JournalRecord[]): Promise<Change[]> {
    const events = records.flatMap(({ subject, data }) => {
      const userId = subject.slice(PLAYER_STREAM.length + 1);
      return eventsIn(data).map((event) => ({ userId, event }));
    });
    const keys = new Map(
      events.map(({ userId, event: { playId } }) => [`${userId}/${playId}`, [userId, [playId]] as const]),
    );
    const stored = await plays.getMany([...keys.values()] as [string, [string]][]);
    const before = new Map([...keys.keys()].map((key, i) => [key, stored[i]]));
    const changes = new Map<string, Change>();
    for (const { userId, event } of events) {
      const key = `${userId}/${event.playId}`;
      const change = changes.get(key);
      if (change) change.after = playAfter(change.after, event);
      else {
        const play = before.get(key);
        changes.set(key, { userId, playId: event.playId, before: play, after: playAfter(play, event) });
      }
    }
    return [...changes.values()];
  }

  /** The entry first: after a crash in between, the play's row still shows that the entry is due. */
  async function write({ userId, playId, before, after }: Change): Promise<void> {
    const entry = entryOf(playId, after);
    if (entry) await entries.put(userId, keyOf(entry), entry);
    await plays.put(userId, [playId], after, OPEN_PLAY);
    if (entry && isNews(entryOf(playId, before), entry)) {
      await topics.publish(userTopic(userId), { type: 'history.entry', entry } satisfies HistoryMessage);
    }
  }

  async function consumePlays(records: readonly JournalRecord[]): Promise<void> {
    const changes = await changesOf(records);
    const userIds = [...new Set(changes.map(({ userId }) => userId))];
    const gone = await erasedAmong(userIds);
    await Promise.all(changes.filter(({ userId }) => !gone.has(userId)).map(write));
    // An account may have been deleted while this batch was being written.
    for (const userId of await erasedAmong(userIds.filter((id) => !gone.has(id)))) await forget(userId);
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
      async recent({ userId, cursor, limit = PAGE_DEFAULT }) {
        const page = await entries.page(userId, { limit, ...(cursor !== undefined && { cursor }) });
        return {
          items: page.items.map(({ row }) => row),
          ...(page.nextCursor !== undefined && { nextCursor: page.nextCursor }),
        };
      },
    },
    async start() {
      const played = consumers.use(
        await journal.consume({ stream: PLAYER_STREAM, consumer: 'history', handle: consumePlays }),
      );
      const deleted = consumers.use(
        await journal.consume({
          stream: ACCOUNTS_STREAM,
          consumer: 'history-erasure',
          handle: consumeAccounts,
        }),
      );
      caughtUp = () => Promise.all([played.caughtUp(), deleted.caughtUp()]);
    },
    async caughtUp() {
      await caughtUp();
    },
    [Symbol.asyncDispose]: () => consumers.disposeAsync(),
  };
}
