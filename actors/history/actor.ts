/** History: a durable consumer of the players' journal writes what each event tells, `recent` reads it as entries. */
import { DAY_MS, PAGE_DEFAULT, RECENT_CONTEXTS_MAX } from '../../config/limits.ts';
import { bucketedList, type ListKey, newestFirst } from '../../kit/bucketed-list.ts';
import { Consumers } from '../../kit/consumers.ts';
import type { Handlers } from '../../kit/contract.ts';
import { createErasure } from '../../kit/erasure.ts';
import type { JournalRecord } from '../../kit/ports/journal.ts';
import { ID_LENGTH } from '../../kit/sources.ts';
import { ACCOUNTS_STREAM, deletedAccountIn } from '../accounts/contract.ts';
import { PLAYER_STREAM, userTopic } from '../player-session/contract.ts';
import type { HistoryMessage, historyContract } from './contract.ts';
import { createCounts } from './counts.ts';
import { entryOf, isNews, PARTS_MAX, type Part, type PartRow, partsIn } from './domain.ts';
import { countedIn } from './domain-counts.ts';
import type { HistoryDeps } from './ports.ts';
import { bucketTable, entryTable, erasedTable } from './tables.ts';

export interface History extends AsyncDisposable {
  readonly handlers: Handlers<typeof historyContract>;
  /** Begins to consume the journal. */
  start(): Promise<void>;
  /** Resolves when all that was journaled before the call is in the history. @throws UnavailableError before `start`. */
  caughtUp(): Promise<void>;
}

/** The durable consumer's name: who erases plays waits for it (player-session, SPEC PS46). */
const CONSUMER = 'history';
const BUCKET_MS = 30 * DAY_MS;

const timeKey = (startedAtMs: number) => ({
  bucket: newestFirst(Math.floor(startedAtMs / BUCKET_MS)),
  sort: newestFirst(startedAtMs),
});
const keyOf = ({ playId, startedAtMs, kind }: Part): ListKey => ({
  ...timeKey(startedAtMs),
  id: `${playId}.${kind}`,
});
/** Behind all parts of the play, also those still to come. */
const keyAfter = (playId: string, startedAtMs: number): ListKey => ({
  ...timeKey(startedAtMs),
  id: `${playId}~`,
});

const userOf = (subject: string): string => subject.slice(PLAYER_STREAM.length + 1);

interface Told extends Part {
  readonly userId: string;
}

export function createHistory({ tables, journal, topics, clock }: HistoryDeps): History {
  const parts = bucketedList<PartRow>({ rows: tables.open(entryTable), buckets: tables.open(bucketTable) });
  const counts = createCounts(tables);
  const consumers = new Consumers(journal);
  const erasure = createErasure({
    marks: tables.open(erasedTable),
    async forget(userId) {
      await parts.erase(userId);
      await counts.forget(userId);
    },
    deletedIn: deletedAccountIn,
  });

  async function consumeCounted(records: readonly JournalRecord[]): Promise<void> {
    const plays = records.flatMap(({ subject, data }) => countedIn(userOf(subject), data));
    await counts.take(plays);
    const userIds = plays.map(({ userId }) => userId);
    const living = await erasure.afterWriting(userIds);
    await counts.total(plays.filter(({ userId }) => living.has(userId)));
    // Who was deleted in between stands in totals by name, which nobody who erases could know.
    const still = await erasure.afterWriting(living);
    await counts.unname(plays.filter(({ userId }) => living.has(userId) && !still.has(userId)));
  }

  async function consumePlays(records: readonly JournalRecord[]): Promise<void> {
    const told: Told[] = records.flatMap(({ subject, data }) => {
      const userId = userOf(subject);
      return partsIn(data).map((part) => ({ ...part, userId }));
    });
    await Promise.all(
      told.map((part) => {
        const { userId, row, startedAtMs } = part;
        return parts.put(userId, keyOf(part), { ...row, startedAtMs });
      }),
    );
    const living = await erasure.afterWriting(told.map(({ userId }) => userId));
    for (const part of told) if (isNews(part) && living.has(part.userId)) await tell(part);
  }

  const tell = ({ userId, playId, startedAtMs, row }: Told): Promise<void> => {
    const entry = entryOf(playId, startedAtMs, [row]);
    return topics.publish(userTopic(userId), { type: 'history.entry', entry } satisfies HistoryMessage);
  };

  return {
    handlers: {
      async recent({ userId, cursor, limit = PAGE_DEFAULT }) {
        // Enough rows for one play more than the page, so that each play of the page is whole.
        const page = await parts.page(userId, {
          limit: limit * PARTS_MAX + 1,
          ...(cursor !== undefined && { cursor }),
        });
        const plays = new Map<string, PartRow[]>();
        for (const { key, row } of page.items) {
          const playId = key.id.slice(0, ID_LENGTH);
          plays.set(playId, [...(plays.get(playId) ?? []), row]);
        }
        const entries = [...plays].map(([playId, rows]) => entryOf(playId, rows[0]?.startedAtMs ?? 0, rows));
        const items = entries.slice(0, limit);
        const last = items.at(-1);
        return {
          items,
          ...(last &&
            entries.length > limit && {
              nextCursor: parts.cursorAfter(keyAfter(last.playId, last.startedAtMs)),
            }),
        };
      },
      async top({ userId, days, limit }) {
        const sinceMs = days === undefined ? undefined : clock.nowMs() - days * DAY_MS;
        const items = await counts.top(userId, {
          ...(sinceMs !== undefined && { sinceMs }),
          ...(limit !== undefined && { limit }),
        });
        return { items };
      },
      async recentContexts({ userId, limit = RECENT_CONTEXTS_MAX }) {
        return { items: (await counts.recent(userId)).slice(0, limit) };
      },
      counts: async ({ songIds }) => ({ items: await counts.of(songIds) }),
    },
    async start() {
      await consumers.open(
        { stream: PLAYER_STREAM, consumer: CONSUMER, handle: consumePlays },
        { stream: PLAYER_STREAM, consumer: `${CONSUMER}-counts`, handle: consumeCounted },
        { stream: ACCOUNTS_STREAM, consumer: `${CONSUMER}-erasure`, handle: erasure.handle },
      );
    },
    caughtUp: () => consumers.caughtUp(),
    [Symbol.asyncDispose]: () => consumers[Symbol.asyncDispose](),
  };
}
