// Goal: events reach a listener's sockets, in bounds. Method: real sockets; time moves by hand where it counts.
import { once } from 'node:events';
import t from 'tap';
import { type ClientOptions, WebSocket } from 'ws';
import {
  CATALOG_NEWS_EVERY_MS,
  SOCKET_FULL_MS_MAX,
  SOCKET_HEARTBEAT_MS,
  SOCKET_HELLO_WITHIN_MS,
  SOCKET_MESSAGE_BYTES_MAX,
  SOCKET_RESUME_WITHIN_MS,
  SOCKET_RING_EVENTS_MAX,
  SOCKETS_PER_USER_MAX,
} from '../../config/limits.ts';
import { ForbiddenError } from '../../kit/errors.ts';
import { LIBRARY_TOPIC } from '../../media/library/contract.ts';
import {
  aliceId,
  deviceId,
  idOf,
  ManualClock,
  memoryTopics,
  NO_LIMITS,
  startGateway,
  tokenOf,
} from '../../test/gateway/doubles.ts';
import { CATALOG_TOPIC } from '../catalog/contract.ts';
import { userTopic } from '../player-session/contract.ts';
import { EVENT_AGE_MS_MAX, Feed } from './feeds.ts';

type Message = Record<string, unknown> & { t: string };

/** A client that keeps what it was told. */
class Client {
  readonly ws: WebSocket;
  readonly got: Message[] = [];
  readonly closed: Promise<number>;
  #waiting: (() => void)[] = [];

  constructor(url: string, options: ClientOptions = {}) {
    this.ws = new WebSocket(`${url.replace('http', 'ws')}/api/ws`, options);
    this.closed = new Promise((resolve) => this.ws.once('close', resolve));
    this.ws.on('error', () => {});
    this.ws.on('message', (data) => {
      this.got.push(JSON.parse(String(data)));
      for (const look of this.#waiting) look();
    });
  }

  send(message: unknown): void {
    this.ws.send(JSON.stringify(message));
  }

  /** The first message of this kind, now or later; it is taken out. */
  take(kind: string): Promise<Message> {
    return new Promise((resolve) => {
      const look = () => {
        const at = this.got.findIndex((message) => message.t === kind);
        if (at < 0) return;
        this.#waiting = this.#waiting.filter((other) => other !== look);
        resolve(this.got.splice(at, 1)[0] as Message);
      };
      this.#waiting.push(look);
      look();
    });
  }

  async hello(more: object = {}): Promise<Message> {
    if (this.ws.readyState !== WebSocket.OPEN) await once(this.ws, 'open');
    this.send({ t: 'hello', token: tokenOf(), ...more });
    return this.take('welcome');
  }
}

const state = (version: number) => ({ type: 'player.state', state: { version } });

void t.test("hello is welcomed and the user's events follow, those of others do not", async (t) => {
  await using g = await startGateway();
  const client = new Client(g.url);
  t.match(await client.hello(), { heartbeatMs: SOCKET_HEARTBEAT_MS, resumed: false });
  await g.topics.publish(userTopic(idOf(2)), state(1));
  await g.topics.publish(userTopic(aliceId), state(2));
  await g.topics.publish(userTopic(aliceId), { type: 'likes.changed', songId: idOf(5), liked: true });
  t.same(await client.take('event'), { t: 'event', seq: 1, topic: 'player', data: state(2) });
  t.match(await client.take('event'), { seq: 2, topic: 'likes', data: { liked: true } });
  client.send({ t: 'ping' });
  t.same(await client.take('pong'), { t: 'pong' });
  t.same(client.got, []);
});

void t.test('catalogue news come together, at most once a second', async (t) => {
  const clock = new ManualClock();
  await using g = await startGateway({ clock });
  const client = new Client(g.url);
  await client.hello();
  for (let n = 0; n < 60; n++)
    await g.topics.publish(CATALOG_TOPIC, { type: 'songReleased', songId: idOf(n) });
  clock.advance(CATALOG_NEWS_EVERY_MS);
  const event = await client.take('event');
  t.match(event, { topic: 'catalog', data: { type: 'catalog.changed', more: 10 } });
});

void t.test('of folders of the library only administrators are told', async (t) => {
  await using g = await startGateway();
  const [listener, admin] = [new Client(g.url), new Client(g.url)];
  await listener.hello();
  await admin.hello({ token: tokenOf({ sub: idOf(2), roles: ['admin'] }) });
  await g.topics.publish(LIBRARY_TOPIC, { folderId: idOf(9) });
  t.match(await admin.take('event'), {
    topic: 'library',
    data: { type: 'library.folder', folderId: idOf(9) },
  });
  listener.send({ t: 'ping' });
  await listener.take('pong');
  t.same(listener.got, []);
});

void t.test('a dropped socket goes on where it was', async (t) => {
  await using g = await startGateway();
  const first = new Client(g.url);
  const { connectionId } = await first.hello();
  await g.topics.publish(userTopic(aliceId), state(1));
  await first.take('event');
  first.ws.terminate();
  await first.closed;
  await g.topics.publish(userTopic(aliceId), { type: 'history.entry', entry: {} });
  await g.topics.publish(userTopic(aliceId), state(2));
  await g.topics.publish(userTopic(aliceId), state(3));

  const second = new Client(g.url);
  t.match(await second.hello({ resume: { connectionId, lastSeq: 1 } }), { resumed: true, connectionId });
  t.match(await second.take('event'), { seq: 2, topic: 'history' });
  t.match(await second.take('event'), { seq: 4, data: state(3) }, 'of player states only the newest');

  const elsewhere = new Client(g.url);
  const token = tokenOf({ sub: idOf(2) });
  t.match(await elsewhere.hello({ token, resume: { connectionId, lastSeq: 1 } }), { resumed: false });
  const tooOld = new Client(g.url);
  t.match(await tooOld.hello({ resume: { connectionId, lastSeq: 99 } }), { resumed: false });
});

void t.test('a feed is forgotten, with its subscription, when nobody comes back', async (t) => {
  const clock = new ManualClock();
  await using g = await startGateway({ clock });
  const client = new Client(g.url);
  const { connectionId } = await client.hello();
  const before = g.topics.subscriptions();
  client.ws.terminate();
  await client.closed;
  const other = new Client(g.url);
  await other.hello({ token: tokenOf({ sub: idOf(2) }) });
  clock.advance(SOCKET_RESUME_WITHIN_MS);
  const late = new Client(g.url);
  t.match(await late.hello({ resume: { connectionId, lastSeq: 0 } }), { resumed: false });
  t.equal(g.topics.subscriptions(), before + 1);
});

void t.test('player commands take the same path as REST', async (t) => {
  const limits = { ...NO_LIMITS, stream: { name: 'stream', max: 1, windowMs: 60_000 } };
  await using g = await startGateway({
    options: { limits },
    overrides: {
      'player-session.resume': async () => {
        throw new ForbiddenError('PREMIUM', 'Not on this tier.', { reason: 'PREMIUM_REQUIRED' });
      },
    },
  });
  const client = new Client(g.url);
  await client.hello();
  const answerTo = (route: string, params?: object) => {
    client.send({ t: 'call', id: 'c1', route, ...(params && { params }) });
    return client.take('answer');
  };
  t.match(await answerTo('POST /me/player/seek', { positionMs: 3 }), { id: 'c1', status: 200 });
  t.match(g.calls.at(-1), { params: { userId: aliceId, deviceId, positionMs: 3 }, requestId: /^\w{22}$/ });
  t.match(await answerTo('POST /me/player/seek', { positionMs: 3, userId: idOf(2) }), {
    status: 400,
    body: { code: 'INVALID_PARAMS', problems: ['userId: is not known here'] },
  });
  t.match(await answerTo('POST /me/player/resume'), { status: 403, body: { reason: 'PREMIUM_REQUIRED' } });
  await answerTo('POST /me/player/next');
  t.match(await answerTo('POST /me/player/next'), { status: 429, body: { retryAfterSec: Number } });
  for (const route of ['DELETE /me', 'POST /login', 'GET /admin/users', 'nonsense', '']) {
    t.match(await answerTo(route, {}), { status: 404, body: { code: 'NO_SUCH_ROUTE' } }, route);
  }
});

void t.test('what is out of place closes the socket with a code', async (t) => {
  await using g = await startGateway();
  const closeCodeOf = async (act: (client: Client) => unknown) => {
    const client = new Client(g.url);
    await once(client.ws, 'open');
    await act(client);
    return client.closed;
  };
  t.equal(await closeCodeOf((c) => c.ws.send('{')), 4400);
  t.equal(await closeCodeOf((c) => c.ws.send('null')), 4400);
  t.equal(await closeCodeOf((c) => c.ws.send(Buffer.from([1]))), 4400);
  t.equal(await closeCodeOf((c) => c.send({ t: 'ping' })), 4400);
  t.equal(await closeCodeOf((c) => c.send({ t: '__proto__' })), 4400);
  t.equal(await closeCodeOf((c) => c.send({ t: 'hello', token: 'nonsense' })), 4401);
  t.equal(await closeCodeOf((c) => c.send({ t: 'hello', token: tokenOf({ exp: 1 }) })), 4401);
  t.equal(await closeCodeOf((c) => c.hello().then(() => c.send({ t: 'hello', token: tokenOf() }))), 4400);
  const huge = 'x'.repeat(SOCKET_MESSAGE_BYTES_MAX + 1);
  t.equal(await closeCodeOf((c) => c.ws.send(huge)), 1009);
  t.equal(
    await closeCodeOf(async (c) => {
      await c.hello();
      for (let i = 0; i < 700; i++) c.send({ t: 'ping' });
    }),
    4429,
  );
});

void t.test('a socket that never says hello is closed', async (t) => {
  const clock = new ManualClock();
  await using g = await startGateway({ clock });
  const client = new Client(g.url);
  await once(client.ws, 'open');
  clock.advance(SOCKET_HELLO_WITHIN_MS);
  t.equal(await client.closed, 4408);
});

void t.test('a token that runs out closes with 4401 unless a newer one came', async (t) => {
  const clock = new ManualClock();
  const lateSec = Math.floor(clock.nowMs() / 1000);
  await using g = await startGateway({ clock });
  const expiring = new Client(g.url);
  await expiring.hello({ token: tokenOf({ exp: lateSec + 10 }) });
  const renewed = new Client(g.url);
  await renewed.hello({ token: tokenOf({ exp: lateSec + 10 }) });
  renewed.send({ t: 'token', token: tokenOf({ exp: lateSec + 1000 }) });
  renewed.send({ t: 'ping' });
  await renewed.take('pong');
  clock.advance(10_000);
  t.equal(await expiring.closed, 4401);
  renewed.send({ t: 'ping' });
  await renewed.take('pong');
  renewed.send({ t: 'token', token: tokenOf({ sub: idOf(2), exp: lateSec + 1000 }) });
  t.equal(await renewed.closed, 4401, 'a socket stays with its user');
});

void t.test('heartbeats find out who is gone and whose device was removed', async (t) => {
  const clock = new ManualClock();
  let active = true;
  await using g = await startGateway({
    clock,
    overrides: { 'accounts.deviceActive': async () => ({ active }) },
  });
  const silent = new Client(g.url, { autoPong: false });
  await silent.hello();
  const removed = new Client(g.url);
  await removed.hello({ token: tokenOf({ sub: idOf(2), did: idOf(8) }) });
  for (let beat = 0; beat < 2; beat++) {
    clock.advance(SOCKET_HEARTBEAT_MS);
    removed.send({ t: 'ping' });
    await removed.take('pong');
  }
  active = false;
  clock.advance(SOCKET_HEARTBEAT_MS);
  t.equal(await silent.closed, 1006, 'no sign of life for two heartbeats');
  t.equal(await removed.closed, 4401);
});

void t.test('who talks and is answered is not pinged; who has fallen silent is', async (t) => {
  const clock = new ManualClock();
  await using g = await startGateway({ clock });
  const client = new Client(g.url);
  await client.hello();
  const pings = () => client.got.filter(({ t }) => t === 'ping').length;
  const talk = async () => {
    client.send({ t: 'ping' });
    await client.take('pong');
  };
  clock.advance(SOCKET_HEARTBEAT_MS - 1);
  await talk();
  for (let beat = 0; beat < 3; beat++) {
    clock.advance(SOCKET_HEARTBEAT_MS - 1);
    await talk();
  }
  t.equal(pings(), 0);
  clock.advance(SOCKET_HEARTBEAT_MS);
  clock.advance(SOCKET_HEARTBEAT_MS);
  await client.take('ping');
  t.equal(client.ws.readyState, WebSocket.OPEN);
});

void t.test('a user has a bounded number of sockets: the newest stay', async (t) => {
  await using g = await startGateway();
  const clients: Client[] = [];
  for (let i = 0; i <= SOCKETS_PER_USER_MAX; i++) {
    const client = new Client(g.url);
    await client.hello();
    clients.push(client);
  }
  t.equal(await clients[0]?.closed, 4409);
  t.equal(clients[1]?.ws.readyState, WebSocket.OPEN);
});

void t.test('pages of other origins cannot open a socket, apps and own pages can', async (t) => {
  await using g = await startGateway({ options: { corsOrigins: ['https://app.example'] } });
  const opens = (origin?: string) => {
    const client = new Client(g.url, origin ? { origin } : {});
    return Promise.race([once(client.ws, 'open').then(() => true), client.closed.then(() => false)]);
  };
  t.equal(await opens('https://evil.example'), false);
  t.equal(await opens('null'), false);
  t.equal(await opens('https://app.example'), true);
  t.equal(await opens(g.url), true);
  t.equal(await opens(), true);
});

void t.test('a service that goes away says so with 1001', async (t) => {
  const g = await startGateway();
  const client = new Client(g.url);
  await client.hello();
  await g[Symbol.asyncDispose]();
  t.equal(await client.closed, 1001);
  t.equal(g.topics.subscriptions(), 0);
});

void t.test('topics that cannot be had close the socket and do not stay broken', async (t) => {
  const topics = memoryTopics();
  let broken = true;
  const flaky = {
    ...topics,
    subscribe: (...args: Parameters<typeof topics.subscribe>) =>
      broken ? Promise.reject(new Error('down')) : topics.subscribe(...args),
  };
  await using g = await startGateway({ deps: { topics: flaky } });
  const refused = new Client(g.url);
  await once(refused.ws, 'open');
  refused.send({ t: 'hello', token: tokenOf() });
  t.equal(await refused.closed, 1011);
  broken = false;
  const client = new Client(g.url);
  t.match(await client.hello(), { t: 'welcome' });
});

/** Far more than the buffers of the kernel and of a socket together. */
const BURST = 400;
const big = (version: number) => ({ ...state(version), filler: 'x'.repeat(64 * 1024) });

void t.test('a client that cannot keep up gets the newest state and every other event', async (t) => {
  await using g = await startGateway();
  const client = new Client(g.url);
  await client.hello();
  client.ws.pause();
  for (let n = 1; n <= BURST; n++) await g.topics.publish(userTopic(aliceId), big(n));
  await g.topics.publish(userTopic(aliceId), { type: 'history.entry', entry: {} });
  client.ws.resume();
  const versions: unknown[] = [];
  for (;;) {
    const event = await client.take('event');
    if (event.topic === 'history') break;
    versions.push((event.data as ReturnType<typeof state>).state.version);
  }
  t.ok(versions.length < BURST, `${versions.length} states were sent`);
  t.equal(versions.at(-1), BURST);
});

void t.test('a client that stays stuck, or falls too far behind, is closed with 4413', async (t) => {
  const clock = new ManualClock();
  await using g = await startGateway({ clock });
  const stuck = new Client(g.url);
  await stuck.hello();
  stuck.ws.pause();
  for (let n = 1; n <= BURST; n++) await g.topics.publish(userTopic(aliceId), big(n));
  clock.advance(SOCKET_FULL_MS_MAX);
  stuck.ws.resume();
  t.equal(await stuck.closed, 4413);

  const behind = new Client(g.url);
  await behind.hello({ token: tokenOf({ sub: idOf(2) }) });
  behind.ws.pause();
  for (let n = 1; n <= BURST; n++) {
    await g.topics.publish(userTopic(idOf(2)), { type: 'other.thing', filler: 'x'.repeat(64 * 1024) });
  }
  behind.ws.resume();
  t.equal(await behind.closed, 4413);
});

void t.test('a feed keeps a bounded number of events', (t) => {
  const feed = new Feed('f', aliceId);
  for (let n = 0; n < SOCKET_RING_EVENTS_MAX + 5; n++) feed.publish('likes', '{}', false, 0);
  t.notOk(feed.has(4));
  t.ok(feed.has(5));
  t.equal(feed.next(5)?.seq, 6);
  t.notOk(feed.has(feed.lastSeq + 1));
  for (let n = 0; n < 1000; n++) feed.publish('player', '{}', true, 0);
  t.ok(feed.has(6), 'newer player states stand for older ones');
  t.end();
});

void t.test('a feed keeps no event that nobody can come back for', (t) => {
  const feed = new Feed('f', aliceId);
  feed.publish('history', '{}', false, 0);
  feed.publish('history', '{}', false, 1);
  feed.publish('history', '{}', false, EVENT_AGE_MS_MAX + 1);
  t.notOk(feed.has(0));
  t.ok(feed.has(1), 'what is as old as a connection can be is still told');
  t.equal(feed.next(1)?.seq, 2);
  t.end();
});
