/**
 * Goal: the rules of the virtual-actor runtime, one by one; kit/sim proves them together under faults.
 * Method: a counter actor on a journal in memory, whose faults each test switches on by hand.
 */
import t from 'tap';
import { ConflictError, DeadlineExceededError, StaleWriteError, UnavailableError } from '../errors.ts';
import { createRecords, type Records } from '../sim/records.ts';
import type { Clock } from '../sources.ts';
import type { Behaviour } from './behaviour.ts';
import { type ActorHostDeps, createActorHost } from './host.ts';
import { ACTOR_LIMITS } from './limits.ts';
import type { ActorSnapshot } from './snapshot.ts';

interface Count {
  readonly total: number;
  readonly heard: number;
}
type CountEvent = { readonly add: number } | { readonly heard: number };
type CountCommand = CountEvent | { readonly nothing: true } | { readonly breakOn: 'decide' | 'evolve' };

const counting: Behaviour<Count, CountCommand, CountEvent, { total: number }> = {
  name: 'count',
  stateVersion: 1,
  initial: () => ({ total: 0, heard: 0 }),
  decide(state, command) {
    if ('nothing' in command) return { accepted: true, events: [], reply: { total: state.total } };
    if ('heard' in command)
      return { accepted: true, events: [], soft: [command], reply: { total: state.total } };
    if ('breakOn' in command) {
      if (command.breakOn === 'decide') throw new Error('broken invariant');
      return { accepted: true, events: [{ add: Number.NaN }], reply: { total: 0 } };
    }
    const total = state.total + command.add;
    if (total < 0) return { accepted: false, rejection: new ConflictError('BELOW_ZERO', 'Take less.') };
    return { accepted: true, events: [command], reply: { total } };
  },
  evolve(state, event) {
    if ('heard' in event) return { ...state, heard: event.heard };
    if (Number.isNaN(event.add)) throw new Error('cannot be folded');
    return { ...state, total: state.total + event.add };
  },
};

/** A world of one journal that any number of hosts share, with a clock moved by hand. */
function setUp() {
  let nowMs = 1_000_000;
  const timers: { atMs: number; fn: () => void }[] = [];
  const clock: Clock = {
    nowMs: () => nowMs,
    after(delayMs, fn) {
      const timer = { atMs: nowMs + delayMs, fn };
      timers.push(timer);
      return { cancel: () => timers.splice(timers.indexOf(timer), 1) };
    },
  };
  const records = createRecords(clock.nowMs);
  const rows = new Map<string, ActorSnapshot>();
  const calls = { appends: 0, reads: 0 };
  const journal = {
    async append(...args: Parameters<Records['append']>) {
      calls.appends += 1;
      return records.append(...args);
    },
    async read(...args: Parameters<Records['read']>) {
      calls.reads += 1;
      return records.read(...args);
    },
    lastSeq: async (...args: Parameters<Records['lastSeq']>) => records.lastSeq(...args),
    erase: async (...args: Parameters<Records['erase']>) => records.erase(...args),
  };
  const snapshots = {
    get: async (pk: string) => rows.get(pk),
    async put(pk: string, _ck: readonly [], row: ActorSnapshot) {
      rows.set(pk, structuredClone(row));
    },
    async delete(pk: string) {
      rows.delete(pk);
    },
  };
  type Deps = ActorHostDeps<Count, CountCommand, CountEvent, { total: number }>;
  const host = (over: Partial<Deps> = {}) =>
    createActorHost({ behaviour: counting, journal, snapshots, clock, ...over });
  const passTime = (ms: number) => {
    nowMs += ms;
    for (const timer of timers.filter((each) => each.atMs <= nowMs)) {
      timers.splice(timers.indexOf(timer), 1);
      timer.fn();
    }
  };
  const journaled = (id: string) => records.read('count', `count.${id}`).map((record) => record.data);
  return { host, journal, records, rows, calls, timers, passTime, journaled, clock };
}

const limits = (over: Partial<typeof ACTOR_LIMITS>) => ({ ...ACTOR_LIMITS, ...over });

t.test('an accepted command is journaled as one record, then folded and answered', async (t) => {
  const { host, journaled } = setUp();
  const answer = await host().send('a', { add: 2 }, { commandId: 'c1' });
  t.strictSame(answer, { reply: { total: 2 }, state: { total: 2, heard: 0 }, seq: 1, duplicate: false });
  t.strictSame(journaled('a'), [{ commandId: 'c1', reply: { total: 2 }, events: [{ add: 2 }] }]);
});

t.test('a rejection is thrown and changes nothing', async (t) => {
  const { host, journaled } = setUp();
  const counts = host();
  await t.rejects(counts.send('a', { add: -1 }), { code: 'BELOW_ZERO' });
  t.strictSame(journaled('a'), []);
  t.equal(counts.residents, 1);
});

t.test('commands of one id run one at a time, in order of arrival', async (t) => {
  const { host, journaled } = setUp();
  const counts = host();
  const adds = [1, 2, 3, 4];
  const answers = await Promise.all(adds.map((add) => counts.send('a', { add })));
  t.strictSame(
    answers.map((answer) => answer.reply.total),
    [1, 3, 6, 10],
  );
  t.strictSame(
    journaled('a'),
    adds.map((add) => ({ events: [{ add }] })),
  );
});

t.test('a full mailbox refuses, and takes again once it is empty', async (t) => {
  const { host } = setUp();
  const counts = host({ limits: limits({ mailboxMax: 2 }) });
  const sent = [1, 2, 3, 4].map((add) => counts.send('a', { add }));
  const settled = await Promise.allSettled(sent);
  t.strictSame(
    settled.map((each) => each.status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected'],
  );
  t.match(settled[3], { reason: { code: 'MAILBOX_FULL' } });
  t.equal((await counts.send('a', { add: 1 })).reply.total, 7);
});

t.test('a repeated commandId gets the first answer, on another node too', async (t) => {
  const { host, calls } = setUp();
  const here = host();
  await here.send('a', { add: 2 }, { commandId: 'c1' });
  await here.send('a', { add: 5 }, { commandId: 'c2' });
  for (const counts of [here, host()]) {
    const again = await counts.send('a', { add: 2 }, { commandId: 'c1' });
    t.match(again, { reply: { total: 2 }, state: { total: 7 }, duplicate: true });
  }
  t.equal(calls.appends, 2);
});

t.test('as many commands are remembered as the limit says, through snapshots too', async (t) => {
  const { host } = setUp();
  const few = { limits: limits({ recentCommandsMax: 2, snapshotEvery: 1 }) };
  await using counts = host(few);
  for (const commandId of ['c1', 'c2', 'c3']) await counts.send('a', { add: 1 }, { commandId });
  t.equal((await host(few).send('a', { add: 1 }, { commandId: 'c2' })).duplicate, true);
  t.equal((await host(few).send('a', { add: 1 }, { commandId: 'c1' })).duplicate, false);
});

t.test('a stale activation drops its memory, reloads and decides again', async (t) => {
  const { host, journaled } = setUp();
  const [here, there] = [host(), host()];
  await here.send('a', { add: 1 });
  await there.send('a', { add: 10 });
  t.equal((await here.send('a', { add: 100 })).reply.total, 111);
  t.equal(journaled('a').length, 3);
});

t.test('a stale activation does not refuse what the journal would accept', async (t) => {
  const { host } = setUp();
  const [here, there] = [host(), host()];
  await here.read('a');
  await there.send('a', { add: 10 });
  t.equal((await here.send('a', { add: -5 })).reply.total, 5);
});

t.test('a reader is told the newest state, also by a stale activation', async (t) => {
  const { host } = setUp();
  const [here, there] = [host(), host()];
  await here.send('a', { add: 1 });
  await there.send('a', { add: 10 });
  t.match(await here.read('a'), { state: { total: 11 }, seq: 2 });
});

t.test('while the journal does not answer, a reader is told what is in memory', async (t) => {
  const { host, journal, passTime } = setUp();
  const hung = Promise.withResolvers<number>();
  const asked = Promise.withResolvers<void>();
  const hanging = {
    ...journal,
    lastSeq() {
      asked.resolve();
      return hung.promise;
    },
  };
  const counts = host({ journal: hanging });
  await counts.send('a', { add: 3 });
  const reading = counts.read('a');
  await asked.promise;
  passTime(ACTOR_LIMITS.readCheckMsMax);
  t.match(await reading, { state: { total: 3 }, seq: 1 });
});

t.test('a race lost too often is given up', async (t) => {
  const { host, journal } = setUp();
  const stale = {
    ...journal,
    append: async () => {
      throw new StaleWriteError('STALE_WRITE', 'Somebody was faster.');
    },
  };
  await t.rejects(host({ journal: stale }).send('a', { add: 1 }), { code: 'ACTOR_CONTENDED' });
});

t.test('an append with unknown outcome is found by its commandId', async (t) => {
  const { host, journal, journaled } = setUp();
  let broken = true;
  const flaky = {
    ...journal,
    async append(...args: Parameters<typeof journal.append>) {
      const seq = await journal.append(...args);
      if (broken) throw new Error('connection lost');
      return seq;
    },
  };
  const counts = host({ journal: flaky });
  await t.rejects(counts.send('a', { add: 3 }, { commandId: 'c1' }), { code: 'OUTCOME_UNKNOWN' });
  t.equal(counts.residents, 0);
  broken = false;
  const retried = await counts.send('a', { add: 3 }, { commandId: 'c1' });
  t.match(retried, { reply: { total: 3 }, duplicate: true });
  t.equal(journaled('a').length, 1);
});

t.test('late work is refused before it is decided, and also after waiting for the journal', async (t) => {
  const { host, journal, clock, passTime, journaled } = setUp();
  const deadlineMs = clock.nowMs() + 10;
  const slow = {
    ...journal,
    async read(...args: Parameters<typeof journal.read>) {
      passTime(20);
      return journal.read(...args);
    },
  };
  await t.rejects(host({ journal: slow }).send('a', { add: 1 }, { deadlineMs }), DeadlineExceededError);
  await t.rejects(host().send('a', { add: 1 }, { deadlineMs }), DeadlineExceededError);
  t.strictSame(journaled('a'), []);
});

t.test('soft events live in memory and in no record and no snapshot', async (t) => {
  const { host, rows, journaled } = setUp();
  {
    await using counts = host({ limits: limits({ snapshotEvery: 2 }) });
    await counts.send('a', { add: 1 });
    t.equal((await counts.send('a', { heard: 7 })).state.heard, 7);
    t.equal((await counts.send('a', { add: 1 })).state.heard, 7);
  }
  t.strictSame(rows.get('count.a')?.state, { total: 2, heard: 0 });
  t.equal(journaled('a').length, 2);
});

t.test('an activation starts from the snapshot and reads only the tail', async (t) => {
  const { host, rows, records } = setUp();
  {
    await using counts = host({ limits: limits({ snapshotEvery: 4 }) });
    for (let i = 0; i < 6; i++) await counts.send('a', { add: 1 });
  }
  t.match(rows.get('count.a'), { seq: 4, state: { total: 4 } });
  const asked: (number | undefined)[] = [];
  const { journal } = setUp();
  const spying = {
    ...journal,
    read: async (stream: string, subject: string, afterSeq?: number) => {
      asked.push(afterSeq);
      return records.read(stream, subject, afterSeq);
    },
  };
  t.match(await host({ journal: spying }).read('a'), { state: { total: 6 }, seq: 6 });
  t.strictSame(asked, [3]);
});

t.test('a snapshot of another state version is passed over', async (t) => {
  const { host } = setUp();
  {
    await using counts = host({ limits: limits({ snapshotEvery: 1 }) });
    await counts.send('a', { add: 1 });
  }
  const doubled = {
    ...counting,
    stateVersion: 2,
    evolve: (state: Count, event: CountEvent) => ({
      ...state,
      total: state.total + 2 * ('add' in event ? event.add : 0),
    }),
  };
  t.equal((await host({ behaviour: doubled }).read('a')).state.total, 2);
});

t.test('what is idle is passivated, and worthwhile folds are saved', async (t) => {
  const { host, rows, passTime, timers } = setUp();
  await using counts = host({ limits: limits({ passivationSnapshotRecordsMin: 2 }) });
  for (const id of ['a', 'a', 'b']) await counts.send(id, { add: 1 });
  passTime(ACTOR_LIMITS.idleMs / 2);
  await counts.send('c', { add: 1 });
  passTime(ACTOR_LIMITS.idleMs / 2);
  t.equal(counts.residents, 1);
  t.equal(counts.inspect('c').resident, true);
  passTime(ACTOR_LIMITS.idleMs);
  t.equal(counts.residents, 0);
  t.equal(timers.length, 0, 'no timer runs while nobody is resident');
  t.equal((await counts.send('a', { add: 1 })).reply.total, 3);
  t.strictSame([...rows.keys()], ['count.a']);
});

t.test('residents are bounded: the least recently used one goes', async (t) => {
  const { host } = setUp();
  const counts = host({ limits: limits({ residentsMax: 2 }) });
  for (const id of ['a', 'b', 'a', 'c']) await counts.send(id, { add: 1 });
  t.equal(counts.residents, 2);
  t.equal(counts.inspect('b').resident, false);
});

t.test('a broken invariant fails its call only and journals nothing', async (t) => {
  const { host, journaled } = setUp();
  const counts = host();
  await counts.send('a', { add: 1 });
  for (const breakOn of ['decide', 'evolve'] as const) {
    await t.rejects(counts.send('a', { breakOn }));
    t.equal(counts.inspect('a').resident, false);
    t.equal((await counts.send('a', { nothing: true })).reply.total, 1);
  }
  t.equal(journaled('a').length, 1);
});

t.test('effects run once per accepted command, and a failing one fails no command', async (t) => {
  const { host } = setUp();
  const seen: string[] = [];
  const counts = host({
    onAccepted: ({ id, events, seq }) => {
      seen.push(`${id} ${JSON.stringify(events)} ${seq}`);
      throw new Error('no listener');
    },
  });
  await counts.send('a', { add: 1 }, { commandId: 'c1' });
  await counts.send('a', { add: 1 }, { commandId: 'c1' });
  t.strictSame(seen, ['a [{"add":1}] 1']);
});

t.test('a fold tells what the journal holds and wakes nobody', async (t) => {
  const { host } = setUp();
  const counts = host();
  t.strictSame(await counts.fold('a'), { state: { total: 0, heard: 0 }, seq: 0 });
  await counts.send('a', { add: 2 });
  const elsewhere = host();
  t.strictSame(await elsewhere.fold('a'), { state: { total: 2, heard: 0 }, seq: 1 });
  t.equal(elsewhere.residents, 0);
});

t.test('an erased actor begins anew, even when a late snapshot comes back', async (t) => {
  const { host, rows, journaled } = setUp();
  const counts = host({ limits: limits({ snapshotEvery: 1 }) });
  await counts.send('a', { add: 5 });
  await counts.kick('a');
  const snapshot = rows.get('count.a') as ActorSnapshot;
  await counts.erase('a');
  t.strictSame(journaled('a'), []);
  t.equal(rows.size, 0);
  rows.set('count.a', snapshot);
  t.equal((await counts.send('a', { add: 1 })).reply.total, 1);
});

t.test('a closed host finishes what it took and refuses the rest', async (t) => {
  const { host, journaled } = setUp();
  const counts = host();
  const sent = counts.send('a', { add: 1 });
  await counts[Symbol.asyncDispose]();
  t.equal((await sent).reply.total, 1);
  await t.rejects(counts.send('a', { add: 1 }), UnavailableError);
  t.equal(journaled('a').length, 1);
});
