/**
 * What a listener's sockets on this node are told: one numbered feed a user, kept for a while after the last
 * socket has gone, so that a dropped connection can go on where it was.
 */
import {
  CATALOG_NEWS_EVERY_MS,
  CATALOG_NEWS_MAX,
  SOCKET_HEARTBEAT_MS,
  SOCKET_RESUME_WITHIN_MS,
  SOCKET_RING_EVENTS_MAX,
} from '../../config/limits.ts';
import type { Topics } from '../../kit/ports/topics.ts';
import type { Sources, Timer } from '../../kit/sources.ts';
import { LIBRARY_TOPIC, type LibraryNews } from '../../media/library/contract.ts';
import { CATALOG_TOPIC } from '../catalog/contract.ts';
import { userTopic } from '../player-session/contract.ts';

interface FeedEvent {
  readonly seq: number;
  readonly atMs: number;
  readonly isPlayerState: boolean;
  /** The message as it is sent. */
  readonly text: string;
}

const PLAYER_STATE = 'player.state';
/** A connection can be dead for three heartbeats before that is noticed; whoever comes back then asks for this. */
export const EVENT_AGE_MS_MAX = 3 * SOCKET_HEARTBEAT_MS + SOCKET_RESUME_WITHIN_MS;

/** A socket that waits for news. */
export interface FeedListener {
  onNews(): void;
}

export class Feed {
  readonly id: string;
  readonly userId: string;
  readonly listeners = new Set<FeedListener>();
  /** As the last of its sockets said hello. */
  isAdmin = false;
  #events: FeedEvent[] = [];
  #lastSeq = 0;
  /** The youngest event that is no longer here though nothing newer stands for it. */
  #droppedSeq = 0;

  constructor(id: string, userId: string) {
    this.id = id;
    this.userId = userId;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Whether whoever has seen `seq` can be told all that came after it. */
  has(seq: number): boolean {
    return seq <= this.#lastSeq && seq >= this.#droppedSeq;
  }

  next(seq: number): FeedEvent | undefined {
    return this.#events.find((event) => event.seq > seq);
  }

  publish(topic: string, dataText: string, isPlayerState: boolean, nowMs: number): void {
    const seq = ++this.#lastSeq;
    this.#forget(nowMs - EVENT_AGE_MS_MAX);
    // Of player states only the newest is worth sending: it stands for those before it.
    if (isPlayerState) this.#events = this.#events.filter((event) => !event.isPlayerState);
    const text = `{"t":"event","seq":${seq},"topic":${JSON.stringify(topic)},"data":${dataText}}`;
    this.#events.push({ seq, atMs: nowMs, isPlayerState, text });
    if (this.#events.length > SOCKET_RING_EVENTS_MAX) this.#drop(1);
    for (const listener of this.listeners) listener.onNews();
  }

  #forget(beforeMs: number): void {
    const firstKept = this.#events.findIndex((event) => event.atMs >= beforeMs);
    this.#drop(firstKept < 0 ? this.#events.length : firstKept);
  }

  #drop(count: number): void {
    this.#droppedSeq = this.#events.splice(0, count).at(-1)?.seq ?? this.#droppedSeq;
  }
}

interface Entry {
  readonly feed: Feed;
  readonly subscription: Promise<AsyncDisposable>;
  forgetting?: Timer | undefined;
}

export interface Feeds {
  /**
   * Resolves once news of this user will arrive; `listener` is told of each event until `leave`. Of folders of
   * the library only administrators are told.
   */
  join(userId: string, listener: FeedListener, isAdmin: boolean): Promise<Feed>;
  leave(feed: Feed, listener: FeedListener): void;
  close(): Promise<void>;
}

export interface FeedsDeps {
  readonly topics: Topics;
  readonly sources: Pick<Sources, 'clock' | 'ids'>;
}

export function createFeeds({ topics, sources: { clock, ids } }: FeedsDeps): Feeds {
  const entries = new Map<string, Entry>();
  let catalogSubscription: Promise<AsyncDisposable> | undefined;
  let librarySubscription: Promise<AsyncDisposable> | undefined;
  let news: { events: unknown[]; more: number } | undefined;

  /** An import releases songs by the thousand; players want to know that there are some, once a second. */
  const onCatalogEvent = (event: unknown): void => {
    if (!news) {
      news = { events: [], more: 0 };
      clock.after(CATALOG_NEWS_EVERY_MS, tellCatalogNews);
    }
    if (news.events.length < CATALOG_NEWS_MAX) news.events.push(event);
    else news.more++;
  };
  const tellCatalogNews = (): void => {
    const text = JSON.stringify({ type: 'catalog.changed', ...news });
    news = undefined;
    for (const { feed } of entries.values()) feed.publish('catalog', text, false, clock.nowMs());
  };

  const open = (userId: string): Entry => {
    const feed = new Feed(ids.next(), userId);
    const subscription = topics.subscribe(userTopic(userId), (message) => {
      const { type } = message as { type: string };
      feed.publish(type.split('.')[0] ?? type, JSON.stringify(message), type === PLAYER_STATE, clock.nowMs());
    });
    const entry = { feed, subscription };
    entries.set(userId, entry);
    return entry;
  };

  const forget = async (entry: Entry): Promise<void> => {
    entries.delete(entry.feed.userId);
    await (await entry.subscription)[Symbol.asyncDispose]();
  };

  const tellAdmins = (message: unknown): void => {
    const text = JSON.stringify({ type: 'library.folder', ...(message as LibraryNews) });
    for (const { feed } of entries.values()) {
      if (feed.isAdmin) feed.publish('library', text, false, clock.nowMs());
    }
  };

  const join = async (userId: string, listener: FeedListener, isAdmin: boolean): Promise<Feed> => {
    catalogSubscription ??= topics.subscribe(CATALOG_TOPIC, onCatalogEvent);
    const entry = entries.get(userId) ?? open(userId);
    entry.forgetting?.cancel();
    entry.feed.listeners.add(listener);
    entry.feed.isAdmin = isAdmin;
    if (isAdmin) librarySubscription ??= topics.subscribe(LIBRARY_TOPIC, tellAdmins);
    try {
      await Promise.all([entry.subscription, catalogSubscription, librarySubscription]);
    } catch (error) {
      // The next socket tries anew.
      if (entries.get(userId) === entry) entries.delete(userId);
      catalogSubscription = undefined;
      librarySubscription = undefined;
      throw error;
    }
    return entry.feed;
  };

  return {
    join,
    leave(feed, listener) {
      const entry = entries.get(feed.userId);
      feed.listeners.delete(listener);
      if (entry?.feed !== feed || feed.listeners.size > 0) return;
      entry.forgetting = clock.after(SOCKET_RESUME_WITHIN_MS, () => void forget(entry));
    },
    async close() {
      const all = [...entries.values()];
      for (const { forgetting } of all) forgetting?.cancel();
      await Promise.all(all.map(forget));
      await (await catalogSubscription)?.[Symbol.asyncDispose]();
      await (await librarySubscription)?.[Symbol.asyncDispose]();
      catalogSubscription = undefined;
      librarySubscription = undefined;
    },
  };
}
