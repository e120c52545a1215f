/**
 * Goal: which calls are made again, by whom, and how often. Method: real brokers in one process; a node that
 * neither hears nor speaks is one whose transporter drops everything.
 */
import { type Middleware, ServiceBroker } from 'moleculer';
import t, { type Test } from 'tap';
import { Type } from 'typebox';
import {
  BUS_RETRIES_PER_SEC_MIN,
  BUS_RETRY_MEMORY_MS,
  BUS_RETRY_SHARE,
  BUS_SUSPECT_AFTER_MS,
} from '../../config/engine-limits.ts';
import { SECOND_MS } from '../../config/limits.ts';
import { rendezvousOf } from '../../kit/actor/rendezvous.ts';
import { clientOf } from '../../kit/client.ts';
import { CommandId, command, defineContract, object, query } from '../../kit/contract.ts';
import { NotFoundError, UnavailableError } from '../../kit/errors.ts';
import { serviceOf } from '../../kit/service.ts';
import { manualClock } from '../../test/contract-suites/harness.ts';
import { brokerOptions } from './broker-options.ts';
import { createRetryBudget } from './retry-budget.ts';

const key = Type.String();
const Where = object({ node: Type.String() });
const contract = defineContract({
  name: 'counted',
  key: 'key',
  actions: {
    where: query('The node that serves a key', { params: object({ key }), result: Where }),
    once: command('Not to be repeated', { params: object({ key }), result: Where }),
    named: command('Repeated by its commandId', {
      params: object({ key, commandId: Type.Optional(CommandId) }),
      result: Where,
    }),
    set: command('Idempotent', { params: object({ key }), result: Where, idempotent: true }),
  },
});
type ActionName = keyof (typeof contract)['actions'];
const outerContract = defineContract({
  name: 'outer',
  actions: { ask: query('Asks the other service', { params: object({ key }), result: Where }) },
});

const NODES = ['node-a', 'node-b'];
const keyOf = (node: string): string =>
  Array.from({ length: 100 }, (_, i) => `key-${i}`).find(
    (one) => rendezvousOf(one, NODES, (name) => name) === node,
  ) ?? '';

/** A process that is stopped: nothing reaches it, nothing comes from it. */
function muteable(): { middleware: Middleware; isMute: boolean } {
  const state = { isMute: false };
  const drop =
    (next: (...args: unknown[]) => unknown) =>
    (...args: unknown[]) =>
      state.isMute ? Promise.resolve() : next(...args);
  return Object.assign(state, {
    middleware: { name: 'Mute', transporterSend: drop, transporterReceive: drop } as unknown as Middleware,
  });
}

let namespaces = 0;

// As a socket would: no timer of the bus keeps a process alive.
const alive = setInterval(() => {}, SECOND_MS);
t.teardown(() => clearInterval(alive));

async function start(t: Test, serve: (node: string, action: ActionName) => Promise<void> = async () => {}) {
  const namespace = `retries-${process.pid}-${namespaces++}`;
  const mute = muteable();
  const served: { node: string; action: ActionName }[] = [];
  const brokerOf = (nodeId: string) => {
    const options = brokerOptions({ nodeId, namespace, transporter: 'Fake' });
    if (nodeId === 'node-b') options.middlewares?.push(mute.middleware);
    const broker = new ServiceBroker(options);
    t.teardown(() => broker.stop());
    return broker;
  };
  for (const node of NODES) {
    const broker = brokerOf(node);
    const handle = (action: ActionName) => async () => {
      served.push({ node, action });
      await serve(node, action);
      return { node };
    };
    broker.createService(
      serviceOf(contract, {
        where: handle('where'),
        once: handle('once'),
        named: handle('named'),
        set: handle('set'),
      }),
    );
    const inner = clientOf(contract, broker);
    if (node === 'node-a')
      broker.createService(serviceOf(outerContract, { ask: (given) => inner.where(given) }));
    await broker.start();
  }
  const caller = brokerOf('caller');
  await caller.start();
  await caller.waitForServices(['counted', 'outer'], undefined, 10);
  const { endpoints } = caller.registry.actions.get('counted.where') as { endpoints: unknown[] };
  while (endpoints.length < NODES.length) await new Promise((resolve) => setImmediate(resolve));
  return { mute, served, client: clientOf(contract, caller), outer: clientOf(outerContract, caller) };
}

t.test('a node that falls silent is passed over, for calls that can be repeated', async (t) => {
  const { mute, served, client } = await start(t);
  const ofB = { key: keyOf('node-b') };
  t.strictSame(await client.where(ofB), { node: 'node-b' });
  mute.isMute = true;
  const once = client.once(ofB).catch((error: Error) => error.name);
  const answers = await Promise.all([
    client.where(ofB),
    client.named({ ...ofB, commandId: 'c-1' }),
    client.set(ofB),
  ]);
  for (const answer of answers) t.strictSame(answer, { node: 'node-a' });
  t.strictSame(await client.where(ofB), { node: 'node-a' }, 'and the next call goes there at once');
  t.ok(
    ['RequestRejectedError', 'RequestTimeoutError'].includes(String(await once)),
    'its outcome is unknown',
  );
  t.notOk(served.some(({ action }) => action === 'once'));
});

t.test('a node that is slow but alive keeps its calls', async (t) => {
  const slow = Promise.withResolvers<void>();
  const { served, client } = await start(t, async (_node, action) => {
    if (action === 'set') await slow.promise;
  });
  const ofB = { key: keyOf('node-b') };
  const answer = client.set(ofB);
  const untilMs = Date.now() + 2 * BUS_SUSPECT_AFTER_MS;
  // Other keys are served meanwhile; it is the passing of time that would raise suspicion.
  while (Date.now() < untilMs) await client.where({ key: keyOf('node-a') });
  t.strictSame(await client.where(ofB), { node: 'node-b' });
  slow.resolve();
  t.strictSame(await answer, { node: 'node-b' });
  t.equal(served.filter(({ action }) => action === 'set').length, 1);
});

t.test('an actor that is away is asked again by the outermost caller alone', async (t) => {
  let failures = 2;
  const { served, outer } = await start(t, async () => {
    if (failures-- > 0) throw new UnavailableError('OUTCOME_UNKNOWN', 'Send it again.');
  });
  t.ok((await outer.ask({ key: 'k' })).node);
  t.equal(served.length, 3, 'one attempt of the inner call for each of the outer one');
});

t.test('refusals, overload and commands without a name are not sent again', async (t) => {
  let error: Error = new NotFoundError('NOTHING_HERE', 'Look elsewhere.');
  const { served, client } = await start(t, async () => {
    throw error;
  });
  await t.rejects(client.where({ key: 'k' }), { code: 'NOTHING_HERE' });
  error = new UnavailableError('FULL', 'Come back later.', { retryAfterSec: 1 });
  await t.rejects(client.where({ key: 'k' }), { code: 'FULL' });
  error = new UnavailableError('OUTCOME_UNKNOWN', 'Send it again.');
  await t.rejects(client.named({ key: 'k' }), { code: 'OUTCOME_UNKNOWN' });
  t.equal(served.length, 3);
});

t.test('retries are a share of the calls of late, with a few for a quiet node', async (t) => {
  const clock = manualClock();
  const budget = createRetryBudget(clock);
  const drain = (): number => {
    let count = 0;
    while (budget.withdraw()) count++;
    return count;
  };
  const trickle = (BUS_RETRIES_PER_SEC_MIN * BUS_RETRY_MEMORY_MS) / SECOND_MS;
  t.equal(drain(), trickle);
  t.equal(drain(), 0);
  for (let i = 0; i < 1000; i++) budget.deposit();
  t.equal(drain(), 1000 * BUS_RETRY_SHARE);
  clock.advance(10 * BUS_RETRY_MEMORY_MS);
  t.equal(Math.round((drain() / trickle) * 100), 99);
  for (let i = 0; i < 1000; i++) budget.deposit();
  budget.withdraw();
  clock.advance(20 * BUS_RETRY_MEMORY_MS);
  t.ok(drain() <= trickle, 'calls of long ago pay for nothing');
});
