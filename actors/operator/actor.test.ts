/**
 * Goal: what an operator sees and does, as SPEC.md says. Method: the handlers over a real actor host, accounts
 * on the embedded engines and their journal; the routing over real brokers in one process.
 */
import { ServiceBroker } from 'moleculer';
import t, { type Test } from 'tap';
import {
  OPERATOR_RECORDS_BYTES_MAX,
  OPERATOR_RECORDS_DEFAULT,
  OPERATOR_USERS_SHOWN_MAX,
} from '../../config/limits.ts';
import { brokerOptions } from '../../infra/bus/broker-options.ts';
import type { Behaviour } from '../../kit/actor/behaviour.ts';
import { createActorHost } from '../../kit/actor/host.ts';
import { ACTOR_SNAPSHOTS } from '../../kit/actor/snapshot.ts';
import { clientOf } from '../../kit/client.ts';
import { serviceOf } from '../../kit/service.ts';
import { idFrom } from '../../kit/sources.ts';
import { assertValid } from '../../kit/validate.ts';
import { parkedKeyOf, parkedText } from '../../scripts/repl/format.ts';
import { world } from '../../test/accounts/world.ts';
import { ROUTES } from '../gateway/routes.ts';
import { playerContract } from '../player-session/contract.ts';
import { createOperator } from './actor.ts';
import { operatorContract } from './contract.ts';
import { operatorService } from './operator.service.ts';

interface Heard {
  readonly journaledMs: number;
  readonly reportedMs: number;
}
type Hear = { readonly ms: number; readonly soft?: boolean };

/** Something that is journaled and something that is only reported, under the name of the player's sessions. */
const hearing: Behaviour<Heard, Hear, Hear, null> = {
  name: 'player',
  stateVersion: 1,
  initial: () => ({ journaledMs: 0, reportedMs: 0 }),
  decide: (_state, { ms, soft }) =>
    soft
      ? { accepted: true, events: [], soft: [{ ms, soft }], reply: null }
      : { accepted: true, events: [{ ms }], reply: null },
  evolve: ({ journaledMs, reportedMs }, { ms, soft }) =>
    soft ? { journaledMs, reportedMs: ms } : { journaledMs: journaledMs + ms, reportedMs },
};

/** As the bus calls it: a result that breaks the contract fails the test. */
function checked(operator: ReturnType<typeof createOperator>): typeof operator {
  const methods = Object.entries(operatorContract.actions).map(([name, { result }]) => [
    name,
    async (given: never) => {
      const answer: unknown = await operator[name as keyof typeof operator](given);
      assertValid(result, answer, `result of ${name}`);
      return answer;
    },
  ]);
  return Object.fromEntries(methods);
}

async function setUp(t: Test) {
  const { deps, call, clock, signUp } = await world(t);
  const { journal, tables } = deps;
  const host = createActorHost({
    behaviour: hearing,
    journal,
    snapshots: tables.open(ACTOR_SNAPSHOTS),
    clock,
  });
  t.teardown(() => host[Symbol.asyncDispose]());
  const operator = checked(createOperator({ sessions: host, journal, accounts: call, nodeId: 'node-a' }));
  const { userId } = await signUp('Ada');
  return { host, journal, operator, clock, signUp, userId, subject: `player.${userId}` };
}

t.test('O1 a user is found by username in any case or by id, the username first', async (t) => {
  const { operator, signUp, userId } = await setUp(t);
  await signUp('ada-2');
  for (const user of ['ada', 'ADA', userId])
    t.match(await operator.user({ user }), { userId, username: 'ada' });
  const namesake = await signUp(userId.toLowerCase());
  t.match(await operator.user({ user: userId }), { userId: namesake.userId });
  const { userId: other } = namesake;
  t.match(await operator.user({ user: other }), { userId: other });
  for (const user of ['ad', 'adalovelace', idFrom(1, new Uint8Array(10)), 'no name at all', '']) {
    await t.rejects(operator.user({ user }), { name: 'NotFoundError', code: 'USER_NOT_FOUND' }, user);
  }
});

t.test('O2 users are listed by the beginning of the name', async (t) => {
  const { operator, signUp } = await setUp(t);
  for (const name of ['adam', 'bob']) await signUp(name);
  const named = async (params: { prefix?: string }) =>
    (await operator.users(params)).items.map(({ username }) => username);
  t.strictSame(await named({ prefix: 'AD' }), ['ada', 'adam']);
  t.strictSame(await named({}), ['ada', 'adam', 'bob']);
  t.equal((await operator.users({})).more, false);
  for (let i = 0; i < OPERATOR_USERS_SHOWN_MAX; i++) await signUp(`many-${i}`);
  t.match(await operator.users({ prefix: 'many' }), {
    items: { length: OPERATOR_USERS_SHOWN_MAX },
    more: false,
  });
  t.match(await operator.users({}), { items: { length: OPERATOR_USERS_SHOWN_MAX }, more: true });
  await t.rejects(operator.users({ prefix: '%' }), { code: 'BAD_PREFIX' });
});

t.test(
  'O4 a session is shown as it is in memory, or as its journal tells it, and is not woken',
  async (t) => {
    const { operator, host, userId } = await setUp(t);
    t.match(await operator.session({ userId }), { resident: false, seq: 0, state: { journaledMs: 0 } });
    const { seq } = await host.send(userId, { ms: 2000 });
    await host.send(userId, { ms: 9000, soft: true });
    const inMemory = { node: 'node-a', resident: true, waiting: 0, seq };
    t.match(await operator.session({ userId }), {
      ...inMemory,
      state: { journaledMs: 2000, reportedMs: 9000 },
    });
    await host.kick(userId);
    t.match(await operator.session({ userId }), {
      resident: false,
      seq,
      state: { journaledMs: 2000, reportedMs: 0 },
    });
    t.equal(host.residents, 0);
  },
);

t.test('O5 after a kick the journal is folded anew', async (t) => {
  const { operator, host, userId } = await setUp(t);
  t.strictSame(await operator.kick({ userId }), { node: 'node-a', wasResident: false });
  await host.send(userId, { ms: 2000 });
  await host.send(userId, { ms: 9000, soft: true });
  t.strictSame(await operator.kick({ userId }), { node: 'node-a', wasResident: true });
  t.equal(host.inspect(userId).resident, false);
  t.match(await host.send(userId, { ms: 1000 }), { state: { journaledMs: 3000, reportedMs: 0 } });
});

t.test('O6 a journal is shown from its newest end, bounded in records and bytes', async (t) => {
  const { operator, journal, subject } = await setUp(t);
  t.strictSame(await operator.journal({ subject }), { records: [], more: false });
  for (let n = 1; n <= OPERATOR_RECORDS_DEFAULT + 2; n++) await journal.append('player', subject, n);
  const shown = async (last?: number) => {
    const { records, more } = await operator.journal({ subject, ...(last && { last }) });
    return [records.map(({ data }) => data), more];
  };
  t.strictSame(await shown(2), [[21, 22], true]);
  t.strictSame(await shown(22), [Array.from({ length: 22 }, (_, i) => i + 1), false]);
  t.match(await shown(), { 0: { length: OPERATOR_RECORDS_DEFAULT }, 1: true });

  const half = 'x'.repeat(OPERATOR_RECORDS_BYTES_MAX / 2 - 100);
  for (let n = 0; n < 3; n++) await journal.append('player', subject, half);
  t.strictSame(await shown(5), [[half, half], true]);
  const larger = 'x'.repeat(OPERATOR_RECORDS_BYTES_MAX + 1);
  await journal.append('player', subject, larger);
  t.strictSame(await shown(5), [[larger], true]);
});

t.test('O7 what would let its reader act as somebody else is hidden', async (t) => {
  const { operator, journal, subject } = await setUp(t);
  await journal.append('player', subject, {
    events: [
      { type: 'told', refreshToken: 'r', Password: 'p', setupCode: 'c', deep: { clientSecret: ['s'] } },
    ],
    reply: {
      hlsUrl: '/m/1.abc.def.mac/song/master.m3u8',
      list: ['Bearer eyJhbGciOi.eyJzdWIiOi.c2ln', 'kept'],
    },
    songId: 'kept',
    countryCode: 'SE',
    takenCount: 3,
    nothing: null,
  });
  const [record] = (await operator.journal({ subject })).records;
  const hidden = '[hidden]';
  t.strictSame(record?.data, {
    events: [
      {
        type: 'told',
        refreshToken: hidden,
        Password: hidden,
        setupCode: hidden,
        deep: { clientSecret: hidden },
      },
    ],
    reply: { hlsUrl: hidden, list: [hidden, 'kept'] },
    songId: 'kept',
    countryCode: 'SE',
    takenCount: 3,
    nothing: null,
  });
});

t.test('O3 the operator reaches the node to which the player commands of a user go', async (t) => {
  const namespace = `operator-${process.pid}`;
  const names = ['node-a', 'node-b', 'caller'];
  const brokers = names.map(
    (nodeId) => new ServiceBroker(brokerOptions({ nodeId, namespace, transporter: 'Fake' })),
  );
  t.teardown(() => Promise.all(brokers.map((broker) => broker.stop())));
  const probe = { ...playerContract, actions: { kick: operatorContract.actions.kick } };
  for (const [i, nodeId] of names.slice(0, -1).entries()) {
    const kick = async () => ({ node: nodeId, wasResident: false });
    const sessions = {
      inspect: () => ({ resident: false, waiting: 0 }),
      fold: async () => ({ state: {}, seq: 0 }),
      kick: async () => {},
    };
    const accounts = { user: async () => t.fail() as never, list: async () => ({ items: [] }) };
    const journal = { read: async () => [], parked: async () => [], replayParked: async () => {} };
    brokers[i]?.createService(serviceOf(probe, { kick }));
    brokers[i]?.createService(operatorService({ sessions, journal, accounts, nodeId }));
  }
  await Promise.all(brokers.map((broker) => broker.start()));
  const caller = brokers.at(-1) as ServiceBroker;
  const endpointsOf = (action: string) =>
    (caller.registry.actions.get(action) as { endpoints: unknown[] } | null)?.endpoints.length;
  while (endpointsOf('operator.kick') !== 2 || endpointsOf('player-session.kick') !== 2) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const [player, operator] = [clientOf(probe, caller), clientOf(operatorContract, caller)];
  const seen = new Set<string>();
  for (let i = 0; i < 50; i++) {
    const userId = idFrom(i, new Uint8Array(10).fill(i));
    const { node } = await player.kick({ userId });
    seen.add(node);
    t.equal((await operator.kick({ userId })).node, node);
    t.equal((await operator.session({ userId })).node, node);
  }
  t.equal(seen.size, 2);
  t.strictSame(
    await operator.users({}),
    { items: [], more: false },
    'an action without a user goes anywhere',
  );
});

t.test('O9 O10 what a consumer gave up on is shown, and tried again when asked', async (t) => {
  const { operator, journal, clock } = await setUp(t);
  let isIll = true;
  await journal.append('plays', 'plays.a/b', { n: 1, token: 'x' });
  const consumer = await journal.consume({
    stream: 'plays',
    consumer: 'royalty',
    async handle() {
      if (isIll) throw new RangeError('no such rate');
    },
  });
  t.teardown(() => consumer[Symbol.asyncDispose]());
  /** Lets pauses between attempts pass while `done` is waited for. */
  const passing = async <T>(done: Promise<T>): Promise<T> => {
    const timer = setInterval(() => clock.advance(50), 1);
    return done.finally(() => clearInterval(timer));
  };
  await passing(consumer.caughtUp());
  const { records, more } = await operator.parked({});
  const key = { stream: 'plays', consumer: 'royalty', subject: 'plays.a/b', seq: 1 };
  t.match(records, [{ ...key, error: /no such rate/, data: { n: 1, token: '[hidden]' } }]);
  t.equal(more, false);
  t.strictSame((await operator.parked({ stream: 'other' })).records, []);
  const shown = parkedText(records, more);
  t.strictSame(parkedKeyOf(shown.split('  ')[0] ?? ''), key, 'the key that is printed is the one to give');

  t.match(await passing(operator.replayParked(key)), { error: /no such rate/ });
  isIll = false;
  t.strictSame(await passing(operator.replayParked(key)), {});
  t.strictSame((await operator.parked({})).records, []);
  await t.rejects(operator.replayParked(key), { code: 'NOT_PARKED' });
});

t.test('O8 no route of the gateway leads to an operator', (t) => {
  t.notOk(ROUTES.some(({ service }) => service === operatorContract.name));
  t.end();
});
