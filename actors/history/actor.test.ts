// Goal: history follows the players' journal as its rules say. Method: the actor on in-memory engines, fed
// with records as player sessions write them.
import t from 'tap';
import { memoryEngines } from '../../test/doubles/memory-engines.ts';
import { idOf } from '../../test/doubles/releases.ts';
import { ACCOUNTS_STREAM } from '../accounts/contract.ts';
import { PLAYER_STREAM, type PlayerPublicEvent, userTopic } from '../player-session/contract.ts';
import { createHistory } from './actor.ts';

const USER = idOf('user');
const DAY_MS = 86_400_000;
const START_MS = 1_700_000_000_000;

const startOf = (name: string, atMs = START_MS): PlayerPublicEvent => ({
  type: 'playStarted',
  playId: idOf(name),
  songId: idOf('song'),
  deviceId: idOf('phone'),
  atMs,
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
  atMs: START_MS + listenedMs,
  listenedMs,
  positionMs: listenedMs,
  why: 'skip',
});

async function started({ teardown }: Pick<typeof t, 'teardown'>) {
  const engines = memoryEngines();
  const history = createHistory(engines);
  await history.start();
  teardown(() => history[Symbol.asyncDispose]());
  const played = async (events: readonly unknown[], userId = USER) => {
    await engines.journal.append(PLAYER_STREAM, `${PLAYER_STREAM}.${userId}`, { events });
    await history.caughtUp();
  };
  const recent = async (userId = USER) => (await history.handlers.recent({ userId })).items;
  return { ...engines, history, played, recent };
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
    const { played, recent, journal, history } = await started(t);
    for (const i of order) await played([events[i]]);
    t.same(await recent(), expected, `order ${order}`);
    journal.rewind(PLAYER_STREAM, 'history');
    await history.caughtUp();
    t.same(await recent(), expected, `order ${order}, all again`);
  }
});

t.test('H2: an end alone shows nothing; other events and foreign records are passed over', async (t) => {
  const { played, recent, journal, history } = await started(t);
  await played([endOf('p', 45_000), { type: 'paused' }, null, 'x']);
  await journal.append(PLAYER_STREAM, `${PLAYER_STREAM}.${USER}`, { snapshot: 1 });
  await journal.append(PLAYER_STREAM, `${PLAYER_STREAM}.${USER}`, null);
  await history.caughtUp();
  t.same(await recent(), []);
});

t.test('H2: a crash at any write leads to the same entry', async (t) => {
  const events = [startOf('p'), countOf('p'), endOf('p', 45_000)];
  const whole = await started(t);
  await whole.played(events);
  for (let writes = 0; ; writes++) {
    const { disk, journal, history, recent } = await started(t);
    await journal.append(PLAYER_STREAM, `${PLAYER_STREAM}.${USER}`, { events });
    disk.dieAfterWrites(writes);
    const crashed = await history.caughtUp().then(
      () => false,
      () => true,
    );
    disk.revive();
    await history.caughtUp();
    t.same(await recent(), await whole.recent(), `dead after ${writes} writes`);
    if (!crashed) {
      t.ok(writes > 0);
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

t.test('H4: players are told once when an entry appears and once when it is counted', async (t) => {
  const { played, topics, journal, history } = await started(t);
  await played([startOf('p')]);
  await played([countOf('p')]);
  await played([endOf('p', 45_000)]);
  journal.rewind(PLAYER_STREAM, 'history');
  await history.caughtUp();
  t.same(
    topics.published.map(({ topic, message }) => [
      topic,
      (message as { entry: { counted: boolean } }).entry.counted,
    ]),
    [
      [userTopic(USER), false],
      [userTopic(USER), true],
    ],
  );
});

t.test('H5: a deleted account leaves nothing, also when its player says more later', async (t) => {
  const { played, recent, journal, history, tables } = await started(t);
  await played([startOf('p')]);
  await played([startOf('q')], idOf('stranger'));
  await journal.append(ACCOUNTS_STREAM, `accounts.${USER}`, { type: 'accountDeleted', userId: USER });
  await history.caughtUp();
  await played([endOf('p', 45_000), startOf('late')]);
  t.same(await recent(), []);
  for (const table of ['history_entry', 'history_play', 'history_bucket']) {
    t.same(
      tables.rowsOf(table).filter(({ pk }) => pk.startsWith(USER)),
      [],
      table,
    );
  }
  t.equal((await recent(idOf('stranger'))).length, 1);
});

t.test('PS46: what has not begun to read does not say that it has caught up', async (t) => {
  const history = createHistory(memoryEngines());
  t.teardown(() => history[Symbol.asyncDispose]());
  await t.rejects(history.caughtUp(), { code: 'HISTORY_NOT_READING' });
  await history.start();
  await t.resolves(history.caughtUp());
});
