import t from 'tap';
import { tempFolder } from '../../test/contract-suites/harness.ts';
import { topicsSuite } from '../../test/contract-suites/topics.ts';
import { startNats } from '../local/nats.ts';
import { openNats } from './connection.ts';
import { openNatsTopics } from './topics.ts';

const PASSWORD = 'secret of this test';

const folder = await tempFolder();
const nats = await startNats({
  count: 1,
  folder: folder.path,
  config: `authorization { user: antiphon, password: ${JSON.stringify(PASSWORD)} }\nmax_payload: 1024`,
});
const options = { servers: nats.urls, user: 'antiphon', password: PASSWORD, name: 'test' };
const connection = await openNats(options);
t.teardown(async () => {
  await connection.drain();
  await nats[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

let opened = 0;
topicsSuite('nats', async () => ({
  engine: openNatsTopics({ connection, namespace: `test${++opened}` }),
  async advance() {},
  async [Symbol.asyncDispose]() {},
}));

void t.test('nats: topics of any text reach other processes', async (t) => {
  const other = await openNats(options);
  t.teardown(() => other.drain());
  const topics = openNatsTopics({ connection, namespace: 'shared' });
  for (const topic of ['', 'user.1', 'a.*', '>', 'zwei Wörter']) {
    const heard = Promise.withResolvers<unknown>();
    await using _subscription = await openNatsTopics({ connection: other, namespace: 'shared' }).subscribe(
      topic,
      heard.resolve,
    );
    await topics.publish(topic, { topic });
    t.strictSame(await heard.promise, { topic });
  }
});

void t.test('nats: a message that the servers would not take is refused', async (t) => {
  const topics = openNatsTopics({ connection, namespace: 'large' });
  await t.rejects(topics.publish('t', 'x'.repeat(1025)), { name: 'TooLargeError', data: { bytesMax: 1024 } });
});

void t.test('nats: who gives a wrong password is told so at once', async (t) => {
  await t.rejects(openNats({ ...options, password: 'wrong' }), { code: 'NATS_REFUSED' });
});
