// Goal: counted streams are counted once, for their listener and for everyone, as the rules say. Method: the actor
// on the embedded engines, fed with records as player sessions write them; faults at every write.
import t from 'tap';
import { DAY_MS, RECENT_CONTEXTS_MAX } from '../../config/limits.ts';
import { type Engines, enginesOf, openEngines, rowsOf } from '../../test/doubles/engines.ts';
import { answeringUnknown, mortal, overtaken, redelivering } from '../../test/doubles/faults.ts';
import { idOf } from '../../test/doubles/releases.ts';
import { ACCOUNTS_STREAM } from '../accounts/contract.ts';
import { PLAYER_STREAM, type PlayContext, type StreamCounted } from '../player-session/contract.ts';
import { createHistory, type History } from './actor.ts';

const [ADA, BEN] = [idOf('ada'), idOf('ben')];
const [A, B, C] = [idOf('songa'), idOf('songb'), idOf('songc')];

const counted = (
  play: string,
  songId: string,
  startedAtMs: number,
  context?: PlayContext,
): StreamCounted => ({
  type: 'streamCounted',
  playId: idOf(play),
  songId,
  deviceId: idOf('phone'),
  startedAtMs,
  atMs: startedAtMs + 30_000,
  country: 'DE',
  tier: 'free',
  ...(context && { context }),
});

async function started({ teardown }: Pick<typeof t, 'teardown'>, given?: Engines) {
  const engines = given ?? (await enginesOf({ teardown }));
  const journal = redelivering(engines.journal);
  const history = createHistory({ ...engines, journal });
  await history.start();
  teardown(() => history[Symbol.asyncDispose]());
  return { ...engines, journal, history, ...asking(engines, history) };
}

function asking({ journal, clock }: Engines, history: History) {
  const { handlers } = history;
  const append = (userId: string, events: readonly unknown[]) =>
    journal.append(PLAYER_STREAM, `${PLAYER_STREAM}.${userId}`, { events });
  return {
    nowMs: clock.nowMs(),
    append,
    async played(userId: string, ...events: readonly unknown[]) {
      await append(userId, events);
      await history.caughtUp();
    },
    top: async (userId: string, options: { days?: number; limit?: number } = {}) =>
      (await handlers.top({ userId, ...options })).items.map(({ songId, plays }) => [songId, plays]),
    counts: async (...songIds: string[]) =>
      (await handlers.counts({ songIds })).items.map(({ songId, streams, listeners }) => [
        songId,
        streams,
        listeners,
      ]),
    recent: async (userId: string, limit?: number) =>
      (await handlers.recentContexts({ userId, ...(limit && { limit }) })).items,
  };
}

t.test('H6: most played first, of all time and of the last days', async (t) => {
  const { played, top, history, nowMs } = await started(t);
  await played(ADA, counted('p1', A, nowMs - 40 * DAY_MS), counted('p2', A, nowMs - 40 * DAY_MS + 1));
  await played(ADA, counted('p3', A, nowMs - 2 * DAY_MS));
  await played(ADA, counted('p4', B, nowMs - 2 * DAY_MS), counted('p5', B, nowMs - 1000));
  await played(BEN, counted('p6', C, nowMs - 1000));
  t.same(await top(ADA), [
    [A, 3],
    [B, 2],
  ]);
  t.same(await top(ADA, { days: 30 }), [
    [B, 2],
    [A, 1],
  ]);
  t.same(await top(ADA, { days: 1 }), [[B, 1]]);
  t.same(await top(ADA, { limit: 1 }), [[A, 3]]);
  const [first] = (await history.handlers.top({ userId: ADA })).items;
  t.equal(first?.lastPlayedAtMs, nowMs - 2 * DAY_MS);
  t.same(await top(idOf('nobody')), []);
});

t.test('H6: the edge of the days is that of the clock, not of the calendar', async (t) => {
  const { played, top, nowMs } = await started(t);
  await played(ADA, counted('p1', A, nowMs - DAY_MS - 1), counted('p2', B, nowMs - DAY_MS));
  t.same(await top(ADA, { days: 1 }), [[B, 1]]);
});

t.test('H6: as many songs as there are, the most played are found among them', async (t) => {
  const { played, top, nowMs } = await started(t);
  const songs = Array.from({ length: 130 }, (_, i) => idOf(`many${i}x`));
  const events = songs.flatMap((songId, i) =>
    Array.from({ length: 1 + (i % 5) }, (_, play) => counted(`p${i}x${play}x`, songId, nowMs - play)),
  );
  await played(ADA, ...events.toReversed());
  const found = await top(ADA, { limit: 100 });
  t.equal(found.length, 100);
  t.same(
    found.map(([, plays]) => plays),
    [...Array(26).fill(5), ...Array(26).fill(4), ...Array(26).fill(3), ...Array(22).fill(2)],
  );
});

t.test('H7: streams and listeners of everyone', async (t) => {
  const { played, counts, nowMs } = await started(t);
  await played(ADA, counted('p1', A, nowMs), counted('p2', A, nowMs + 1), counted('p3', B, nowMs + 2));
  await played(BEN, counted('p4', A, nowMs));
  t.same(await counts(C, B, A), [
    [B, 1, 1],
    [A, 3, 2],
  ]);
});

t.test('H7: a song of very many listeners names only few of them', async (t) => {
  const { append, counts, history, store, nowMs } = await started(t);
  const listeners = Array.from({ length: 60 }, (_, i) => idOf(`user${i}x`));
  for (const [i, userId] of listeners.entries()) {
    await append(userId, [counted(`p${i}x`, A, nowMs)]);
    await history.caughtUp();
  }
  t.same(await counts(A), [[A, 60, 60]]);
  const row = store.database('tables.rows').get(['history_song_total', A]) ?? '';
  t.ok(listeners.filter((userId) => row.includes(userId)).length <= 20, row);
});

t.test('H8: what was heard lately, each once, newest first', async (t) => {
  const { played, recent, nowMs } = await started(t);
  const album = (id: string): PlayContext => ({ type: 'album', id });
  await played(ADA, counted('p1', A, nowMs, album('x')), counted('p2', B, nowMs + 1, album('y')));
  await played(ADA, counted('p3', C, nowMs + 2, album('x')), counted('p4', C, nowMs + 3, { type: 'search' }));
  await played(ADA, counted('p5', A, nowMs - 5, { type: 'artist', id: 'z' }), counted('p6', B, nowMs + 4));
  t.same(await recent(ADA), [
    { type: 'song', id: B, playedAtMs: nowMs + 4 },
    { type: 'song', id: C, playedAtMs: nowMs + 3 },
    { type: 'album', id: 'x', playedAtMs: nowMs + 2 },
    { type: 'album', id: 'y', playedAtMs: nowMs + 1 },
    { type: 'artist', id: 'z', playedAtMs: nowMs - 5 },
  ]);
  t.equal((await recent(ADA, 2)).length, 2);
  t.same(await recent(BEN), []);
  const many = Array.from({ length: RECENT_CONTEXTS_MAX + 5 }, (_, i) =>
    counted(`q${i}x`, A, nowMs + 100 + i, album(`album${i}`)),
  );
  await played(ADA, ...many);
  t.equal((await recent(ADA)).length, RECENT_CONTEXTS_MAX);
  t.match((await recent(ADA))[0], { id: `album${RECENT_CONTEXTS_MAX + 4}` });
});

t.test('H9: a play counts once, in whatever order and however often its record comes', async (t) => {
  const { played, top, counts, recent, journal, nowMs } = await started(t);
  const context = { type: 'album', id: 'x' } as const;
  const plays = [
    counted('p1', A, nowMs, context),
    counted('p2', A, nowMs + 1, context),
    counted('p3', B, nowMs),
  ];
  for (const order of [[2], [1, 1], [0, 2], [1, 0]]) await played(ADA, ...order.map((i) => plays[i]));
  await played(BEN, counted('p4', A, nowMs));
  const expected = async () => {
    t.same(await top(ADA), [
      [A, 2],
      [B, 1],
    ]);
    t.same(await counts(A, B), [
      [A, 3, 2],
      [B, 1, 1],
    ]);
    t.same(await recent(ADA), [
      { type: 'album', id: 'x', playedAtMs: nowMs + 1 },
      { type: 'song', id: B, playedAtMs: nowMs },
    ]);
  };
  await expected();
  await journal.again('history-counts');
  await journal.again('history-counts');
  await expected();
});

t.test('H9: other events and foreign records are passed over', async (t) => {
  const { played, journal, history, top } = await started(t);
  await played(ADA, { type: 'playStarted', playId: idOf('p') }, { type: 'paused' }, null, 'x');
  for (const data of [{ snapshot: 1 }, null, { events: 'x' }]) {
    await journal.append(PLAYER_STREAM, `${PLAYER_STREAM}.${ADA}`, data);
  }
  await history.caughtUp();
  t.same(await top(ADA), []);
});

t.test('H9: a crash at any write, before or after it, counts each play once', async (t) => {
  for (const moment of ['before', 'after'] as const) {
    for (let write = 1; ; write++) {
      await using engines = await openEngines();
      const nowMs = engines.clock.nowMs();
      const dying = mortal(engines);
      await using doomed = createHistory({ ...engines, ...dying });
      await doomed.start();
      dying.dieAt(write, moment);
      const asked = asking(engines, doomed);
      await asked.append(ADA, [
        counted('p1', A, nowMs),
        counted('p2', A, nowMs + 1),
        counted('p3', B, nowMs),
      ]);
      await asked.append(BEN, [counted('p4', A, nowMs)]);
      await Promise.race([dying.death, doomed.caughtUp()]);
      await doomed[Symbol.asyncDispose]();
      await using next = createHistory(engines);
      await next.start();
      await next.caughtUp();
      const { top, counts } = asking(engines, next);
      t.same(
        [await top(ADA), await counts(A, B)],
        [
          [
            [A, 2],
            [B, 1],
          ],
          [
            [A, 3, 2],
            [B, 1, 1],
          ],
        ],
        `dead ${moment} write ${write}`,
      );
      if (!dying.isDead()) {
        t.ok(write > 8);
        break;
      }
    }
  }
});

t.test('H9: a process that comes late with what it has read counts nothing again', async (t) => {
  const engines = await enginesOf(t);
  const { journal, hand } = overtaken(engines.journal);
  const stopped = createHistory({ ...engines, journal });
  await stopped.start();
  t.teardown(() => stopped[Symbol.asyncDispose]());
  const { played, counts, top, nowMs } = await started(t, engines);
  await played(ADA, counted('p1', A, nowMs), counted('p2', A, nowMs + DAY_MS));
  const records = await engines.journal.read(PLAYER_STREAM, `${PLAYER_STREAM}.${ADA}`);
  await Promise.all([hand('history-counts', records), hand('history-counts', records)]);
  t.same([await top(ADA), await counts(A)], [[[A, 2]], [[A, 2, 1]]]);
});

t.test('H9: a write that is not known to be done is found done, or is done again', async (t) => {
  for (const fate of ['done', 'not done'] as const) {
    for (let doubted = 1; doubted <= 8; doubted++) {
      const engines = await enginesOf(t);
      const tables = answeringUnknown(engines.tables, (write) => (write === doubted ? fate : undefined));
      const { played, top, counts, nowMs } = await started(t, { ...engines, tables });
      await played(ADA, counted('p1', A, nowMs), counted('p2', A, nowMs + 1));
      t.same([await top(ADA), await counts(A)], [[[A, 2]], [[A, 2, 1]]], `write ${doubted} is ${fate}`);
    }
  }
});

const OF_LISTENER = ['history_day', 'history_listener_song', 'history_top', 'history_recent'];

t.test('H5: a deleted account leaves no counts and no name, and what everyone heard stays', async (t) => {
  const { played, top, recent, counts, journal, history, store, nowMs } = await started(t);
  await played(ADA, counted('p1', A, nowMs), counted('p2', A, nowMs + 1));
  await played(BEN, counted('p3', A, nowMs));
  await journal.append(ACCOUNTS_STREAM, `accounts.${ADA}`, { type: 'accountDeleted', userId: ADA });
  await history.caughtUp();
  await played(ADA, counted('late', A, nowMs + 2));
  await journal.again('history-counts');
  t.same([await top(ADA), await recent(ADA)], [[], []]);
  t.same(await counts(A), [[A, 3, 2]], 'neither less nor more');
  for (const table of OF_LISTENER) {
    t.same(
      rowsOf({ store }, table).filter(({ pk }) => pk === ADA),
      [],
      table,
    );
  }
  const rows = [...store.database('tables.rows').getRange()].filter(({ value }) => value.includes(ADA));
  t.same(rows, [], 'no row names the listener');
  t.same(await top(BEN), [[A, 1]]);
});
