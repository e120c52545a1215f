/**
 * Goal: what sounds next, as SPEC.md PS29-PS36 say.
 * Method: the pure domain over an array as journal; the order is read by going through it.
 */
import fc from 'fast-check';
import t from 'tap';
import { id, TestSession } from '../../test/doubles/player-session.ts';
import { upcoming } from './queue.ts';

const NAMES = ['A', 'B', 'C', 'D', 'E'];
const ALL = Object.fromEntries([...NAMES, 'X', 'Y', 'Z'].map((name) => [name, {}]));

const playing = (...names: string[]) => {
  const session = new TestSession(ALL);
  session.play(...(names.length > 0 ? names : NAMES));
  return session;
};
const nameOf = (songId: string) => songId.replace(/^0+/, '');
const toCome = (session: TestSession) => [...upcoming(session.state)].map((c) => nameOf(c.songId)).join('');
const orderOf = (session: TestSession): string[] => [
  session.song ?? '',
  ...[...upcoming(session.state)].map((c) => nameOf(c.songId)),
];
const entryOf = (session: TestSession, name: string) =>
  [...upcoming(session.state)].find((c) => c.songId === id(name))?.entryId ?? 'none';
const add = (session: TestSession, op: 'add' | 'playNext', ...names: string[]) =>
  session.do({ type: 'queue', op, songIds: names.map(id) });

t.test('PS29 queued songs sound first, then the context goes on', async (t) => {
  const session = playing('A', 'B');
  add(session, 'add', 'X', 'Y');
  const heard = [];
  for (let i = 0; i < 4; i++) {
    heard.push(session.song);
    session.do({ type: 'next' });
  }
  t.same(heard, ['A', 'X', 'Y', 'B']);
  t.equal(session.state.play, undefined);
});

t.test('PS29 previous goes from a queued song back to the context', async (t) => {
  const session = playing();
  add(session, 'add', 'X');
  session.do({ type: 'next' });
  session.do({ type: 'previous' });
  t.equal(session.song, 'A');
});

t.test('PS30 add, playNext, remove and clear', async (t) => {
  const session = playing('A', 'B', 'C');
  add(session, 'add', 'X', 'Y');
  add(session, 'playNext', 'Z');
  t.equal(toCome(session), 'ZXYBC');
  session.do({ type: 'queue', op: 'remove', entryId: entryOf(session, 'X') });
  session.do({ type: 'queue', op: 'remove', entryId: entryOf(session, 'B') });
  t.equal(toCome(session), 'ZYC');
  session.do({ type: 'queue', op: 'clear' });
  session.do({ type: 'queue', op: 'clear' });
  t.equal(toCome(session), 'C');
  t.equal(session.events('queueCleared').length, 1);
});

t.test('PS30 only what is to come can be removed or moved', async (t) => {
  const session = playing();
  const gone = { name: 'NotFoundError', code: 'ENTRY_NOT_FOUND' };
  const entryId = session.state.play?.entryId ?? '';
  t.throws(() => session.do({ type: 'queue', op: 'remove', entryId }), gone);
  t.throws(() => session.do({ type: 'queue', op: 'move', entryId: id('none') }), gone);
  t.throws(() => session.do({ type: 'queue', op: 'remove' }), { code: 'ENTRY_REQUIRED' });
  t.throws(() => session.do({ type: 'queue', op: 'add' }), { code: 'SONGS_REQUIRED' });
});

t.test('PS31 move', async (t) => {
  const session = playing();
  const move = (name: string, after?: string) => {
    const afterEntryId = after === 'current' ? session.state.play?.entryId : entryOf(session, after ?? '');
    session.do({
      type: 'queue',
      op: 'move',
      entryId: entryOf(session, name),
      ...(after && { afterEntryId: afterEntryId as string }),
    });
    return toCome(session);
  };
  t.equal(move('B', 'D'), 'CDBE', 'within the context');
  t.equal(move('E'), 'ECDB', 'to the front of the context');
  t.equal(move('B', 'current'), 'BECD', 'behind the current song');
  add(session, 'add', 'X', 'Y');
  t.equal(move('X', 'Y'), 'YXBECD', 'within the queued ones');
  t.equal(move('C', 'Y'), 'YCXBED', 'from the context to the queued ones');
  t.equal(move('Y', 'E'), 'CXYBED', 'a queued one behind a context one goes behind the queued ones');
  t.equal(move('D'), 'DCXYBE', 'to the front of the queued ones');
  t.equal(session.state.queued.length, 4);
});

t.test('PS32 the queue is bounded', async (t) => {
  const session = playing();
  for (let i = 0; i < 10; i++) add(session, 'add', ...Array(100).fill('X'));
  t.throws(() => add(session, 'add', 'Y'), { name: 'ConflictError', code: 'QUEUE_FULL' });
});

t.test('PS33 shuffle plays each song once, the asked-for one first', async () => {
  const run = (seed: number, first: number): boolean => {
    const session = new TestSession(ALL);
    session.seed = seed;
    session.do({ type: 'play', songIds: NAMES.map(id), songId: id(NAMES[first] as string), shuffle: true });
    const order = session.song + toCome(session);
    return order[0] === NAMES[first] && [...order].sort().join('') === 'ABCDE';
  };
  fc.assert(fc.property(fc.integer(), fc.integer({ min: 0, max: 4 }), run), { numRuns: 100 });
});

t.test('PS33 shuffle gives each order its chance', async (t) => {
  const orders = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    const session = new TestSession(ALL);
    session.seed = seed;
    session.do({ type: 'play', songIds: ['A', 'B', 'C'].map(id), shuffle: true });
    orders.add(session.song + toCome(session));
  }
  t.equal(orders.size, 6);
});

t.test('PS33 switched on, the current song leads; off, the original order goes on after it', async (t) => {
  const session = playing();
  session.do({ type: 'next' });
  session.seed = 7;
  session.do({ type: 'mode', shuffle: true });
  t.equal(session.song, 'B');
  t.equal([...toCome(session)].sort().join(''), 'ACDE');
  while (session.song !== 'C') session.do({ type: 'next' });
  session.do({ type: 'mode', shuffle: false });
  t.equal(session.song, 'C');
  t.equal(toCome(session), 'DE');
});

t.test('PS33 shuffle stays on for what is played next, until told otherwise', async (t) => {
  const session = playing();
  session.do({ type: 'mode', shuffle: true });
  session.play('A', 'B');
  t.ok(session.state.shuffled);
  session.do({ type: 'play', songIds: [id('A'), id('B')], shuffle: false });
  t.notOk(session.state.shuffled);
});

t.test('PS33 what is removed while shuffled stays removed in the original order', async (t) => {
  const session = playing();
  session.do({ type: 'mode', shuffle: true });
  session.do({ type: 'queue', op: 'remove', entryId: entryOf(session, 'C') });
  session.do({ type: 'queue', op: 'move', entryId: entryOf(session, 'E') });
  session.do({ type: 'mode', shuffle: false });
  t.equal(toCome(session), 'BDE');
});

t.test('PS34 repeat all begins again, shuffled anew when shuffled', async (t) => {
  const session = playing('A', 'B');
  session.do({ type: 'mode', repeat: 'all' });
  session.do({ type: 'next' });
  session.do({ type: 'next', reason: 'ended' });
  t.equal(session.song, 'A');
  session.do({ type: 'mode', shuffle: true });
  session.do({ type: 'next' });
  session.seed = 5;
  session.do({ type: 'next' });
  t.match(session.events('shuffled').at(-1), { seed: 5, first: -1 });
  t.equal([session.song, toCome(session)].sort().join(''), 'AB');
});

t.test('PS34 repeat one: a skip or a failure moves on', async (t) => {
  const session = playing();
  session.do({ type: 'mode', repeat: 'one' });
  session.do({ type: 'next', reason: 'ended' });
  t.equal(session.song, 'A');
  session.do({ type: 'next', reason: 'skip' });
  t.equal(session.song, 'B');
  session.do({ type: 'next', reason: 'failed' });
  t.equal(session.song, 'C');
  t.match(session.events('playEnded').at(-1), { why: 'failed' });
});

t.test('PS35 after the last song: resume starts again, previous plays the last one', async (t) => {
  const session = playing('A', 'B');
  session.do({ type: 'next' });
  session.do({ type: 'next', reason: 'ended' });
  t.equal(session.state.play, undefined);
  session.do({ type: 'previous' });
  t.equal(session.song, 'B');
  session.do({ type: 'next', reason: 'ended' });
  session.do({ type: 'resume' });
  t.equal(session.song, 'A');
  t.equal(toCome(session), 'B');
});

t.test('PS35 what was queued alone starts with resume', async (t) => {
  const session = new TestSession(ALL);
  add(session, 'add', 'X');
  session.do({ type: 'resume' });
  t.equal(session.song, 'X');
});

t.test('PS33 the songs of one artist are spread over the round', async (t) => {
  const artists = ['Ada', 'Bo', 'Cy', 'Di'];
  const names = Array.from({ length: 24 }, (_, i) => `S${i}`);
  const artistOf = (name: string) => artists[(Number(name.slice(1)) % 8) % artists.length] as string;
  const songs = Object.fromEntries(names.map((name) => [name, { artistId: artistOf(name) }]));
  const run = (seed: number, first: number): boolean => {
    const session = new TestSession(songs);
    session.seed = seed;
    session.do({ type: 'play', songIds: names.map(id), songId: id(names[first] as string), shuffle: true });
    const order = orderOf(session);
    const isWhole = new Set(order).size === names.length && order[0] === names[first];
    return (
      isWhole && order.every((name, i) => i === 0 || artistOf(name) !== artistOf(order[i - 1] as string))
    );
  };
  fc.assert(fc.property(fc.integer(), fc.integer({ min: 0, max: 23 }), run), { numRuns: 300 });
  t.pass();
});

t.test('PS33 one artist beside many others lies as far apart as it goes', async (t) => {
  const names = Array.from({ length: 12 }, (_, i) => `S${i}`);
  const songs = Object.fromEntries(names.map((name, i) => [name, { artistId: i < 6 ? 'Ada' : name }]));
  for (let seed = 0; seed < 200; seed++) {
    const session = new TestSession(songs);
    session.seed = seed;
    session.do({ type: 'play', songIds: names.map(id), shuffle: true });
    const order = orderOf(session);
    const isAda = order.map((name) => Number(name.slice(1)) < 6);
    t.notOk(
      isAda.some((ada, i) => ada && isAda[i - 1]),
      `seed ${seed}: ${order}`,
    );
  }
});

t.test('PS34 a new round does not begin with the song just heard', async (t) => {
  for (let seed = 0; seed < 100; seed++) {
    const session = new TestSession(ALL);
    session.seed = seed;
    session.do({ type: 'play', songIds: ['A', 'B', 'C'].map(id), shuffle: true });
    session.do({ type: 'mode', repeat: 'all' });
    for (let i = 0; i < 2; i++) session.do({ type: 'next', reason: 'ended' });
    const last = session.song;
    session.seed = 1000 + seed;
    session.do({ type: 'next', reason: 'ended' });
    t.not(session.song, last, `seed ${seed}`);
    t.equal([session.song, ...toCome(session)].sort().join(''), 'ABC');
  }
});

t.test('PS33 a context that an earlier version journaled keeps its order', async (t) => {
  const session = playing();
  session.state = { ...session.state, artists: undefined };
  session.seed = 7;
  session.do({ type: 'mode', shuffle: true });
  t.equal(session.song + toCome(session), 'ADCEB');
});

t.test('PS47 next goes to an entry; what the listener queued stays unless it is passed', async (t) => {
  const session = playing();
  add(session, 'add', 'X', 'Y', 'Z');
  session.do({ type: 'next', entryId: entryOf(session, 'Y') });
  t.equal(session.song, 'Y');
  t.equal(toCome(session), 'ZBCDE');
  session.do({ type: 'next', entryId: entryOf(session, 'D') });
  t.equal(session.song, 'D');
  t.equal(toCome(session), 'ZE');
  t.throws(() => session.do({ type: 'next', entryId: entryOf(session, 'B') }), { code: 'ENTRY_NOT_FOUND' });
});
