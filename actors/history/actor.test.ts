// Goal: history follows the players' journal as its rules say. Method: the actor on the embedded
// engines, fed with records as player sessions write them.
import t from 'tap';
import { DAY_MS } from '../../config/limits.ts';
import { bucketedList, newestFirst } from '../../kit/bucketed-list.ts';
import type { Journal } from '../../kit/ports/journal.ts';
import { enginesOf, heard, openEngines, rowsOf } from '../../test/doubles/engines.ts';
import { mortal, overtaken, redelivering, slowAt } from '../../test/doubles/faults.ts';
import { idOf } from '../../test/doubles/releases.ts';
import { ACCOUNTS_STREAM } from '../accounts/contract.ts';
import { PLAYER_STREAM, type PlayerPublicEvent, userTopic } from '../player-session/contract.ts';
import { createHistory, type History } from './actor.ts';
import { bucketTable, entryTable } from './tables.ts';

const USER = idOf('user');

const START_MS = 1_700_000_000_000;

const startOf = (name: string, atMs = START_MS): PlayerPublicEvent => ({
  type: 'playStarted',
  playId: idOf(name),
  songId: idOf('song'),
  deviceId: idOf('phone'),
  atMs,
  country: 'DE',
  context: { type: 'album', id: idOf('album') },
});
const countOf = (name: string, startedAtMs = START_MS): PlayerPublicEvent => ({
  type: 'streamCounted',
  playId: idOf(name),
  songId: idOf('song'),
  deviceId: idOf('phone'),
  startedAtMs,
  atMs: startedAtMs + 30_000,
  country: 'DE',
  tier: 'free',
});
const endOf = (name: string, listenedMs: number): PlayerPublicEvent => ({
  type: 'playEnded',
  playId: idOf(name),
  songId: idOf('song'),
  startedAtMs: START_MS,
  atMs: START_MS + listenedMs,
  listenedMs,
  positionMs: listenedMs,
  why: 'skip',
});

async function started({ teardown }: Pick<typeof t, 'teardown'>) {
  const engines = await enginesOf({ teardown });
  const journal = redelivering(engines.journal);
  const history = createHistory({ ...engines, journal });
  await history.start();
  teardown(() => history[Symbol.asyncDispose]());
  return { ...engines, journal, history, ...playing(engines.journal, history) };
}

function playing(journal: Journal, history: History) {
  const played = async (events: readonly unknown[], userId = USER) => {
    await journal.append(PLAYER_STREAM, `${PLAYER_STREAM}.${userId}`, { events });
    await history.caughtUp();
  };
  const recent = async (userId = USER) => (await history.handlers.recent({ userId })).items;
  return { played, recent };
}

t.test('H1: a play appears, is counted, and ends with what was heard', async (t) => {
  const { played, recent } = await started(t);
  const entry = {
    playId: idOf('p'),
    songId: idOf('song'),
    startedAtMs: START_MS,
    listenedMs: 0,
    counted: false,
    context: { type: 'album', id: idOf('album') },
  };
  await played([startOf('p')]);
  t.same(await recent(), [entry]);
  await played([countOf('p')]);
  t.same(await recent(), [{ ...entry, counted: true }]);
  await played([endOf('p', 45_000)]);
  t.same(await recent(), [{ ...entry, counted: true, listenedMs: 45_000 }]);
});

t.test('H2: any order and any repetition lead to the same entry', async (t) => {
  const whole = await started(t);
  await whole.played([startOf('p'), countOf('p'), endOf('p', 45_000)]);
  const expected = await whole.recent();
  t.equal(expected.length, 1);
  const events = [startOf('p'), countOf('p'), endOf('p', 45_000)];
  for (const order of [
    [2, 0, 1],
    [1, 2, 0],
    [2, 1, 0],
    [0, 1, 1, 2, 0, 2],
  ]) {
    const { played, recent, journal } = await started(t);
    for (const i of order) await played([events[i]]);
    t.same(await recent(), expected, `order ${order}`);
    await journal.again('history');
    t.same(await recent(), expected, `order ${order}, all again`);
  }
});

t.test('H2: other events and foreign records are passed over', async (t) => {
  const { played, recent, journal, history } = await started(t);
  const { startedAtMs: _, ...endOfEarlierVersion } = endOf('p', 45_000) as { startedAtMs?: number };
  await played([{ type: 'paused' }, null, 'x', endOfEarlierVersion]);
  await journal.append(PLAYER_STREAM, `${PLAYER_STREAM}.${USER}`, { snapshot: 1 });
  await journal.append(PLAYER_STREAM, `${PLAYER_STREAM}.${USER}`, null);
  await history.caughtUp();
  t.same(await recent(), []);
});

t.test('H2: an entry as earlier versions wrote it is shown, and goes on', async (t) => {
  const { played, recent, tables } = await started(t);
  const entry = {
    playId: idOf('p'),
    songId: idOf('song'),
    startedAtMs: START_MS,
    listenedMs: 0,
    counted: true,
  };
  const rows = bucketedList({ rows: tables.open(entryTable), buckets: tables.open(bucketTable) });
  const bucket = newestFirst(Math.floor(START_MS / (30 * DAY_MS)));
  await rows.put(USER, { bucket, sort: newestFirst(START_MS), id: idOf('p') }, entry);
  t.same(await recent(), [entry]);
  await played([endOf('p', 45_000)]);
  t.same(await recent(), [{ ...entry, listenedMs: 45_000 }]);
});

t.test('H2: a process that comes late with what it has read takes nothing back', async (t) => {
  const engines = await enginesOf(t);
  const { tables, reached, pass } = slowAt(engines.tables, 'history_entry', 'put');
  const { journal, hand } = overtaken(engines.journal);
  const stopped = createHistory({ ...engines, tables, journal });
  await stopped.start();
  const subject = `${PLAYER_STREAM}.${USER}`;
  await engines.journal.append(PLAYER_STREAM, subject, { events: [startOf('p')] });
  const late = hand('history', await engines.journal.read(PLAYER_STREAM, subject));
  await reached;
  const history = createHistory(engines);
  t.teardown(() => history[Symbol.asyncDispose]());
  await history.start();
  const { played, recent } = playing(engines.journal, history);
  await played([countOf('p'), endOf('p', 45_000)]);
  const whole = await recent();
  pass();
  await late;
  t.same(await recent(), whole);
  t.match(whole, [{ counted: true, listenedMs: 45_000 }]);
});

t.test('H2: a crash at any write leads to the same entry', async (t) => {
  const events = [startOf('p'), countOf('p'), endOf('p', 45_000)];
  const whole = await started(t);
  await whole.played(events);
  for (let write = 1; ; write++) {
    await using engines = await openEngines();
    const dying = mortal(engines);
    await using doomed = createHistory({ ...engines, ...dying });
    await doomed.start();
    dying.dieAt(write, 'before');
    await engines.journal.append(PLAYER_STREAM, `${PLAYER_STREAM}.${USER}`, { events });
    await Promise.race([dying.death, doomed.caughtUp()]);
    await doomed[Symbol.asyncDispose]();
    await using next = createHistory(engines);
    await next.start();
    await next.caughtUp();
    t.same((await next.handlers.recent({ userId: USER })).items, await whole.recent(), `dead at ${write}`);
    if (!dying.isDead()) {
      t.ok(write > 3);
      break;
    }
  }
});

t.test('H3: pages are newest first over many months and hold only one’s own', async (t) => {
  const { played, history } = await started(t);
  const times = Array.from({ length: 25 }, (_, i) => START_MS + i * 11 * DAY_MS);
  for (const [i, atMs] of times.entries()) await played([startOf(`p${i}x`, atMs)]);
  await played([startOf('other')], idOf('stranger'));
  const seen: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await history.handlers.recent({ userId: USER, limit: 4, ...(cursor && { cursor }) });
    seen.push(...page.items.map(({ startedAtMs }) => startedAtMs));
    cursor = page.nextCursor;
  } while (cursor);
  t.same(seen, times.toReversed());
  await t.rejects(history.handlers.recent({ userId: USER, cursor: 'x' }), { code: 'BAD_CURSOR' });
});

t.test('H3: a page never shows a play in part, nor twice', async (t) => {
  const { played, history } = await started(t);
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  for (const [i, name] of names.entries()) {
    const startedAtMs = START_MS + (i >> 1);
    const end = { ...endOf(name, 45_000), startedAtMs };
    await played(
      i % 3 === 0
        ? [startOf(name, startedAtMs)]
        : [startOf(name, startedAtMs), countOf(name, startedAtMs), end],
    );
  }
  for (const limit of [1, 2, 3, 6, 7, 8]) {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await history.handlers.recent({ userId: USER, limit, ...(cursor && { cursor }) });
      t.ok(page.items.length <= limit && page.items.length > 0);
      for (const { playId, counted, listenedMs } of page.items) {
        const i = names.findIndex((name) => idOf(name) === playId);
        t.same([counted, listenedMs], i % 3 === 0 ? [false, 0] : [true, 45_000]);
        seen.push(playId);
      }
      cursor = page.nextCursor;
    } while (cursor);
    t.same(seen, ['g', 'e', 'f', 'c', 'd', 'a', 'b'].map(idOf), `pages of ${limit}`);
  }
});

t.test('H4: players are told when an entry appears and when it is counted', async (t) => {
  const { played, topics } = await started(t);
  const news = await heard(topics, userTopic(USER));
  await played([startOf('p')]);
  await played([countOf('p')]);
  await played([endOf('p', 45_000)]);
  t.match(news, [
    { type: 'history.entry', entry: { playId: idOf('p'), counted: false } },
    { type: 'history.entry', entry: { playId: idOf('p'), counted: true } },
  ]);
  t.equal(news.length, 2);
});

t.test('H5: a deleted account leaves nothing, also when its player says more later', async (t) => {
  const { played, recent, journal, history, store } = await started(t);
  await played([startOf('p')]);
  await played([startOf('q')], idOf('stranger'));
  await journal.append(ACCOUNTS_STREAM, `accounts.${USER}`, { type: 'accountDeleted', userId: USER });
  await history.caughtUp();
  await played([endOf('p', 45_000), startOf('late')]);
  t.same(await recent(), []);
  for (const table of ['history_entry', 'history_bucket']) {
    t.same(
      rowsOf({ store }, table).filter(({ pk }) => pk.startsWith(USER)),
      [],
      table,
    );
  }
  t.equal((await recent(idOf('stranger'))).length, 1);
});

t.test('H5: what a process writes for an account that another one has erased goes as well', async (t) => {
  const engines = await enginesOf(t);
  const here = createHistory(engines);
  await here.start();
  const { played } = playing(engines.journal, here);
  await played([startOf('p')]);
  await here[Symbol.asyncDispose]();
  const there = createHistory(engines);
  await there.start();
  await engines.journal.append(ACCOUNTS_STREAM, `accounts.${USER}`, { type: 'accountDeleted', userId: USER });
  await there.caughtUp();
  await there[Symbol.asyncDispose]();
  // It believes that the bucket is announced.
  await here.start();
  await played([startOf('late')]);
  await here[Symbol.asyncDispose]();
  for (const table of ['history_entry', 'history_bucket']) t.same(rowsOf(engines, table), [], table);
});

t.test('PS46: what has not begun to read does not say that it has caught up', async (t) => {
  const history = createHistory(await enginesOf(t));
  t.teardown(() => history[Symbol.asyncDispose]());
  await t.rejects(history.caughtUp(), { code: 'NOT_READING' });
  await history.start();
  await t.resolves(history.caughtUp());
});
