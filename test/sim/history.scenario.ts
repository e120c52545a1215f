/**
 * Histories written by three nodes that all handle the same players' records, with stops, deaths, failing
 * writes and redelivery: what was counted is in the history, once and whole, however late a node writes.
 */
import { createHistory, type History } from '../../actors/history/actor.ts';
import type { HistoryEntry, SongCounts, TopSong } from '../../actors/history/contract.ts';
import { PLAYER_STREAM, type PlayerPublicEvent } from '../../actors/player-session/contract.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import type { NodeEnv } from '../../kit/sim/node.ts';
import type { Scenario } from '../../kit/sim/simulate.ts';
import type { World } from '../../kit/sim/world.ts';
import { idOf } from '../doubles/releases.ts';

const NODES = ['n1', 'n2', 'n3'];
const LISTENERS = ['ada', 'ben'].map(idOf);
const PLAYS_EACH = 4;
const SONG = idOf('song');
const DEVICE = idOf('phone');
const PAGE = 3;
const OPEN_AGAIN_AFTER_MS = 200;
/** For what stopped nodes still have to write once all is calm. */
const SETTLES_WITHIN_MS = 60_000;

type Message =
  | { readonly type: 'append'; readonly events: readonly PlayerPublicEvent[] }
  | { readonly type: 'caughtUp' }
  | { readonly type: 'recent'; readonly cursor?: string }
  | { readonly type: 'top' }
  | { readonly type: 'counts' };

/** How the storing of entries is broken: the test shows that it is noticed. */
export type Mutation = (tables: Tables) => Tables;

const nobodyListens = {
  publish: async () => {},
  subscribe: async () => ({ [Symbol.asyncDispose]: async () => {} }),
};

/** A node's history, opened as often as its stores are away. */
async function opened({ tables, journal, clock }: NodeEnv, mutate: Mutation): Promise<History> {
  for (;;) {
    const history = createHistory({ tables: mutate(tables), journal, topics: nobodyListens, clock });
    try {
      await history.start();
      return history;
    } catch {
      await history[Symbol.asyncDispose]();
      await new Promise<void>((resolve) => void clock.after(OPEN_AGAIN_AFTER_MS, resolve));
    }
  }
}

/** One play after another; what is not acknowledged may have been journaled or not, or twice. */
async function listen(world: World, userId: string): Promise<void> {
  const tell = (event: PlayerPublicEvent) => world.insist(userId, { type: 'append', events: [event] });
  for (let i = 0; i < PLAYS_EACH; i++) {
    const play = { playId: idOf(`${userId.slice(0, 3)}${i}play`), songId: SONG };
    const startedAtMs = world.clock.nowMs();
    const at = { deviceId: DEVICE, country: 'SE' };
    await tell({ type: 'playStarted', ...play, ...at, atMs: startedAtMs });
    await world.sleep(world.random.next() * 3000);
    const atMs = world.clock.nowMs();
    const counts = world.random.chance(0.7);
    if (counts) await tell({ type: 'streamCounted', ...play, ...at, startedAtMs, atMs, tier: 'free' });
    await world.sleep(world.random.next() * 3000);
    const end = { startedAtMs, atMs, listenedMs: counts ? 40_000 : 9000, positionMs: 0 };
    await tell({ type: 'playEnded', ...play, ...end, why: 'skip' });
  }
}

async function historyOf(world: World, userId: string): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  let cursor: string | undefined;
  do {
    const ask: Message = { type: 'recent', ...(cursor && { cursor }) };
    const page = await world.insist<{ items: HistoryEntry[]; nextCursor?: string }>(userId, ask);
    world.check(page !== undefined, 'the history does not answer once all is calm');
    entries.push(...(page?.items ?? []));
    cursor = page?.nextCursor;
  } while (cursor);
  return entries;
}

/** What the journal says, folded without any haste. */
function expectedOf(world: World, userId: string): Map<string, { counted: boolean; listenedMs: number }> {
  const plays = new Map<string, { counted: boolean; listenedMs: number }>();
  for (const { data } of world.records.read(PLAYER_STREAM, `${PLAYER_STREAM}.${userId}`)) {
    for (const event of (data as { events: PlayerPublicEvent[] }).events) {
      const play = plays.get(event.playId) ?? { counted: false, listenedMs: 0 };
      if (event.type === 'streamCounted') play.counted = true;
      if (event.type === 'playEnded') play.listenedMs = event.listenedMs;
      plays.set(event.playId, play);
    }
  }
  return plays;
}

/** Each counted play once: for its listener and for everyone. */
async function checkCounts(world: World): Promise<void> {
  const plays = LISTENERS.map((userId) =>
    [...expectedOf(world, userId).values()].reduce((sum, { counted }) => sum + (counted ? 1 : 0), 0),
  );
  for (const [i, userId] of LISTENERS.entries()) {
    const top = await world.insist<{ items: TopSong[] }>(userId, { type: 'top' });
    const found = top?.items[0]?.plays ?? 0;
    world.check(
      found === plays[i],
      `a listener is said to have played the song ${found} times, not ${plays[i]}`,
    );
  }
  const everyone = await world.insist<{ items: SongCounts[] }>(LISTENERS[0] ?? '', { type: 'counts' });
  const { streams = 0, listeners = 0 } = everyone?.items[0] ?? {};
  const expected = [plays.reduce((sum, one) => sum + one, 0), plays.filter((one) => one > 0).length];
  world.check(streams === expected[0], `the song is said to have ${streams} streams, not ${expected[0]}`);
  world.check(
    listeners === expected[1],
    `the song is said to have ${listeners} listeners, not ${expected[1]}`,
  );
}

export const historyScenario = (name: string, mutate: Mutation): Scenario => ({
  name,
  async run(world) {
    for (const node of NODES) {
      world.node(node, (env) => {
        const history = opened(env, mutate);
        return async (userId, message: Message) => {
          if (message.type === 'append') {
            const { events } = message;
            return env.journal.append(PLAYER_STREAM, `${PLAYER_STREAM}.${userId}`, { events });
          }
          if (message.type === 'caughtUp') return (await history).caughtUp();
          const { handlers } = await history;
          if (message.type === 'top') return handlers.top({ userId });
          if (message.type === 'counts') return handlers.counts({ songIds: [SONG] });
          const { cursor } = message;
          return handlers.recent({ userId, limit: PAGE, ...(cursor && { cursor }) });
        };
      });
    }
    world.unleash();
    await Promise.all(LISTENERS.map((userId) => listen(world, userId)));
    world.calm();
    await world.sleep(SETTLES_WITHIN_MS);
    for (const userId of LISTENERS) {
      await world.insist(userId, { type: 'caughtUp' });
      const expected = expectedOf(world, userId);
      const entries = await historyOf(world, userId);
      const ids = entries.map(({ playId }) => playId);
      world.check(new Set(ids).size === ids.length, `a play is listed twice: ${ids}`);
      world.check(ids.length === expected.size, `${ids} are listed of ${[...expected.keys()]}`);
      for (const { playId, counted, listenedMs } of entries) {
        const play = expected.get(playId);
        world.check(counted === play?.counted, `${playId} is listed as counted: ${counted}`);
        world.check(listenedMs === play?.listenedMs, `${playId} is listed with ${listenedMs} ms heard`);
      }
    }
    await checkCounts(world);
  },
});

export default historyScenario('history', (tables) => tables);
