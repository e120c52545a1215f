/**
 * Goal: several nodes behave as one bus. Method: real brokers in one process over Moleculer's Fake
 * transporter, with everything that crosses it encoded as JSON.
 */
import { type Service, ServiceBroker } from 'moleculer';
import t, { type Test } from 'tap';
import { Type } from 'typebox';
import { CALL_DEADLINE_MS } from '../../config/limits.ts';
import { currentCall, withCall } from '../../kit/call-context.ts';
import { clientOf } from '../../kit/client.ts';
import { command, defineContract, Empty, object, query } from '../../kit/contract.ts';
import * as errors from '../../kit/errors.ts';
import { registry } from '../../kit/metrics.ts';
import { serviceOf } from '../../kit/service.ts';
import { brokerOptions } from './broker-options.ts';

const sessionContract = defineContract({
  name: 'session',
  key: 'userId',
  actions: {
    where: query('The node that serves a user', {
      params: object({ userId: Type.String() }),
      result: object({ node: Type.String() }),
    }),
  },
});

const failingContract = defineContract({
  name: 'failing',
  actions: {
    fail: command('Fails as told', { params: object({ as: Type.String() }), result: Empty }),
    deadline: query('The deadline of this call', {
      params: Empty,
      result: object({ deadlineMs: Type.Number() }),
    }),
  },
});

let namespaces = 0;

/** Brokers that see each other and nobody else; the last one hosts nothing. */
async function startNodes(t: Test, names: readonly string[]): Promise<ServiceBroker[]> {
  const namespace = `test-${process.pid}-${namespaces++}`;
  const brokers = [...names, 'caller'].map(
    (nodeId) => new ServiceBroker(brokerOptions({ nodeId, namespace, transporter: 'Fake' })),
  );
  t.teardown(() => Promise.all(brokers.map((broker) => broker.stop())));
  for (const [i, node] of names.entries()) {
    brokers[i]?.createService(serviceOf(sessionContract, { where: async () => ({ node }) }));
  }
  await Promise.all(brokers.map((broker) => broker.start()));
  for (const broker of brokers) {
    await until(() => {
      const endpoints = broker.registry.actions.get('session.where') as { endpoints: unknown[] } | null;
      return names.length === (endpoints?.endpoints.length ?? 0);
    });
  }
  return brokers;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

const users = Array.from({ length: 200 }, (_, i) => `user-${i}`);
const placesFrom = (broker: ServiceBroker) =>
  Promise.all(users.map(async (userId) => (await clientOf(sessionContract, broker).where({ userId })).node));

t.test('a call by user id reaches the same node from wherever it is made', async (t) => {
  const brokers = await startNodes(t, ['node-a', 'node-b']);
  const [first = [], ...others] = await Promise.all(brokers.map(placesFrom));
  t.strictSame(new Set(first), new Set(['node-a', 'node-b']));
  for (const other of others) t.strictSame(other, first);
});

t.test('when a node leaves only its users move', async (t) => {
  const [a, , c] = await startNodes(t, ['node-a', 'node-b', 'node-c']);
  const before = await placesFrom(a as ServiceBroker);
  await c?.stop();
  const after = await placesFrom(a as ServiceBroker);
  for (const [i, place] of before.entries()) {
    if (place === 'node-c') t.not(after[i], 'node-c');
    else t.equal(after[i], place);
  }
});

const classes = Object.entries(errors).filter(
  ([name, value]) => typeof value === 'function' && name.endsWith('Error') && name !== 'AntiphonError',
) as unknown as [string, new (code: string, message: string, data: object) => errors.AntiphonError][];

/** A caller of the failing service, which another node hosts. */
async function callerOfFailing(t: Test): Promise<ServiceBroker> {
  const [far, near] = await startNodes(t, ['node-a']);
  far?.createService(
    serviceOf(failingContract, {
      async fail({ as }) {
        const Class = classes.find(([name]) => name === as)?.[1];
        throw Class
          ? new Class('SOME_CODE', 'Do something else.', { reason: 'WHY', deep: [1] })
          : new Error(as);
      },
      deadline: async () => ({ deadlineMs: currentCall().deadlineMs ?? 0 }),
    }),
  );
  await near?.waitForServices('failing', undefined, 10);
  return near as ServiceBroker;
}
/** Made once: a broker takes half a second to start. */
const near = await callerOfFailing(t);

t.test('our errors keep their class, code and data across nodes', async (t) => {
  t.ok(classes.length >= 11);
  for (const [name, Class] of classes) {
    const error = await clientOf(failingContract, near)
      .fail({ as: name })
      .catch((caught: unknown) => caught);
    t.ok(error instanceof Class, name);
    const { code, message, data, status, retryable } = new Class('SOME_CODE', 'Do something else.', {
      reason: 'WHY',
      deep: [1],
    });
    t.match(error, { name, code, message, data, status, retryable });
  }
});

t.test('another error stays an error and is none of ours', async (t) => {
  const error = await clientOf(failingContract, near)
    .fail({ as: 'broken' })
    .catch((caught: unknown) => caught);
  t.ok(error instanceof Error && !(error instanceof errors.AntiphonError));
});

t.test('a call carries a deadline, its own or the one of the call being served', async (t) => {
  const client = clientOf(failingContract, near);
  const startedAtMs = Date.now();
  t.ok((await client.deadline({})).deadlineMs >= startedAtMs + CALL_DEADLINE_MS);
  const deadlineMs = startedAtMs + 60_000;
  t.equal((await withCall({ deadlineMs }, () => client.deadline({}))).deadlineMs, deadlineMs);
  await t.rejects(
    withCall({ deadlineMs: startedAtMs - 1 }, () => client.deadline({})),
    errors.DeadlineExceededError,
  );
});

t.test('a call that is not answered in time fails, here and from afar', async (t) => {
  const [far, caller] = await startNodes(t, ['node-a']);
  const never = { name: 'never', actions: { answer: () => new Promise(() => {}) } };
  far?.createService(never);
  await caller?.waitForServices('never', undefined, 10);
  // No timer of the bus keeps a process alive; a socket would.
  const alive = setInterval(() => {}, CALL_DEADLINE_MS);
  for (const broker of [far, caller] as ServiceBroker[]) {
    const answer = broker.call('never.answer', {}, { meta: { deadlineMs: Date.now() + 50 } });
    await t.rejects(answer, { name: 'RequestTimeoutError' });
  }
  clearInterval(alive);
});

t.test('calls are counted by action and outcome', async (t) => {
  await clientOf(failingContract, near).deadline({});
  await t.rejects(clientOf(failingContract, near).fail({ as: 'NotFoundError' }));
  const text = await registry.metrics();
  t.match(text, /antiphon_action_calls_total\{action="failing.deadline",outcome="OK"\} \d/);
  t.match(text, /antiphon_action_calls_total\{action="failing.fail",outcome="SOME_CODE"\} \d/);
  t.match(text, /antiphon_action_duration_seconds_count\{action="failing.fail"\} \d/);
});

t.test('a node that stops answers what it has taken', async (t) => {
  const [far, caller] = await startNodes(t, ['node-a']);
  const started = Promise.withResolvers<void>();
  const mayEnd = Promise.withResolvers<void>();
  far?.createService({
    name: 'slow',
    actions: {
      async work(this: Service) {
        started.resolve();
        await mayEnd.promise;
        return 'done';
      },
    },
  });
  await caller?.waitForServices('slow', undefined, 10);
  const answer = caller?.call('slow.work');
  await started.promise;
  const stopped = far?.stop();
  mayEnd.resolve();
  t.equal(await answer, 'done');
  await stopped;
});
