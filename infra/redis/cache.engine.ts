/**
 * Goal: the cache on Redis keeps what the one in memory keeps, and nobody notices when Redis goes away.
 * Method: real servers, alone, as a cluster, behind a password and TLS; killed, stopped and brought back.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { REDIS_COMMAND_MS_MAX } from '../../config/engine-limits.ts';
import type { Cache } from '../../kit/ports/cache.ts';
import { type Clock, systemClock, systemRandom } from '../../kit/sources.ts';
import { cacheSuite } from '../../test/contract-suites/cache.ts';
import { tempFolder } from '../../test/contract-suites/harness.ts';
import { newAuthority, newCertificate } from '../deploy/secrets/certificates.ts';
import { type LocalRedis, type LocalRedisOptions, startRedis } from '../local/redis.ts';
import { openRedisCache } from './redis-cache.ts';

type Server = Omit<LocalRedisOptions, 'folder'>;
type Node = Cache & AsyncDisposable;

async function redisFor(t: Test, options: Server = {}): Promise<LocalRedis> {
  const folder = await tempFolder();
  const server = await startRedis({ folder: folder.path, ...options });
  t.teardown(async () => {
    await server[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });
  return server;
}

const sources = { clock: systemClock, random: systemRandom };

async function nodeFor(t: Test, { urls }: LocalRedis, clock: Clock = systemClock): Promise<Node> {
  const node = await openRedisCache({ ...sources, urls, clock });
  t.teardown(() => node[Symbol.asyncDispose]());
  return node;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}

/** Whether what one writes the other reads. */
const isShared = (a: Cache, b: Cache) => async (): Promise<boolean> => {
  await a.set('is-shared', 1, 10_000);
  const seen = (await b.get('is-shared')) === 1;
  await a.delete('is-shared');
  return seen;
};

for (const [name, options] of [
  ['redis', {}],
  ['redis cluster', { cluster: 3 }],
] as const) {
  const { urls } = await redisFor(t, options);
  cacheSuite(name, async () => {
    const engine = await openRedisCache({ ...sources, urls });
    return {
      engine,
      advance: (ms) => sleep(ms + 5),
      [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
    };
  });
}

void t.test('nodes share copies, windows and presence', async (t) => {
  const server = await redisFor(t);
  const [a, b] = [await nodeFor(t, server), await nodeFor(t, server)];
  await a.set('copy', { n: 1 }, 60_000);
  t.strictSame(await b.get('copy'), { n: 1 });
  await a.take('window', 2, 60_000);
  t.match(await b.take('window', 2, 60_000), { allowed: true, remaining: 0 });
  t.match(await a.take('window', 2, 60_000), { allowed: false });
  await a.join('room', 'a', 60_000);
  await b.join('room', 'b', 60_000);
  t.strictSame(await a.members('room'), ['a', 'b']);
});

void t.test('Redis killed: each node goes on by itself; back: they share again', async (t) => {
  const server = await redisFor(t);
  const [redis] = server.nodes;
  const [a, b] = [await nodeFor(t, server), await nodeFor(t, server)];
  await a.set('copy', 1, 60_000);
  await a.join('room', 'a', 60_000);
  await b.join('room', 'b', 60_000);
  redis?.kill('SIGKILL');
  t.equal(await a.get('copy'), undefined);
  await a.set('copy', 2, 60_000);
  const takes = await Promise.all(Array.from({ length: 20 }, () => a.take('window', 5, 60_000)));
  t.equal(takes.filter(({ allowed }) => allowed).length, 5, 'a limit still holds on each node');
  t.strictSame(await a.members('room'), ['a'], 'a node knows who is present on it');
  await redis?.restart();
  await until(isShared(a, b));
  await until(isShared(b, a));
  t.equal(await b.get('copy'), undefined, "what was set meanwhile is nobody's copy");
});

void t.test('while Redis hangs only probes wait for it', async (t) => {
  const server = await redisFor(t);
  const [redis] = server.nodes;
  let waits = 0;
  const clock: Clock = {
    ...systemClock,
    after(delayMs, fn) {
      if (delayMs === REDIS_COMMAND_MS_MAX) waits++;
      return systemClock.after(delayMs, fn);
    },
  };
  const a = await nodeFor(t, server, clock);
  await a.set('copy', 1, 60_000);
  redis?.kill('SIGSTOP');
  t.equal(await a.get('copy'), undefined);
  waits = 0;
  for (let n = 0; n < 1000; n++) await a.take('window', 1000, 60_000);
  t.ok(waits < 100, `${waits} waits for 1000 requests`);
  redis?.kill('SIGCONT');
  await until(async () => (await a.get('copy')) === 1);
});

void t.test('a copy dropped while Redis could not be reached is not found afterwards', async (t) => {
  const server = await redisFor(t);
  const [redis] = server.nodes;
  const [a, b] = [await nodeFor(t, server), await nodeFor(t, server)];
  for (const key of ['dropped', 'replaced', 'untouched']) await a.set(key, 'old', 600_000);
  redis?.kill('SIGSTOP');
  await a.get('dropped');
  await a.delete('dropped');
  await a.set('replaced', 'new', 600_000);
  redis?.kill('SIGCONT');
  await until(async () => (await a.get('untouched')) === 'old');
  t.equal(await a.get('dropped'), undefined);
  t.equal(await b.get('replaced'), undefined);
});

void t.test('a node starts without Redis and finds it later', async (t) => {
  const server = await redisFor(t);
  const [redis] = server.nodes;
  redis?.kill('SIGKILL');
  const a = await nodeFor(t, server);
  t.match(await a.take('window', 1, 60_000), { allowed: true });
  t.match(await a.take('window', 1, 60_000), { allowed: false });
  await redis?.restart();
  await until(isShared(a, a));
});

void t.test('cluster: a dead node is waited for by nobody, and back without our help', async (t) => {
  const server = await redisFor(t, { cluster: 3 });
  const [redis] = server.nodes;
  const a = await nodeFor(t, server);
  const keys = Array.from({ length: 30 }, (_, n) => `key-${n}`);
  const found = async () => (await Promise.all(keys.map((key) => a.get(key)))).filter(Boolean).length;
  const setAll = () => Promise.all(keys.map((key) => a.set(key, 1, 600_000)));
  await setAll();
  t.equal(await found(), 30);
  redis?.kill('SIGKILL');
  await until(async () => (await found()) === 0);
  t.match(await a.take('window', 1, 60_000), { allowed: true });
  t.match(await a.take('window', 1, 60_000), { allowed: false });
  await redis?.restart();
  await until(async () => {
    await setAll();
    return (await found()) === 30;
  });
});

void t.test('our user needs no more rights than we name, and TLS by our own authority', async (t) => {
  const folder = await tempFolder();
  t.teardown(() => folder[Symbol.asyncDispose]());
  const authority = await newAuthority();
  const own = await newCertificate(authority, ['127.0.0.1', 'localhost']);
  const [caPath = '', certPath = '', keyPath = ''] = await Promise.all(
    [authority.cert, own.cert, own.key].map(async (pem, n) => {
      const path = join(folder.path, `${n}.pem`);
      await writeFile(path, pem, { mode: 0o600 });
      return path;
    }),
  );
  const user = { name: 'antiphon', password: 'of-the-test' };
  for (const cluster of [undefined, 3]) {
    const { urls } = await redisFor(t, {
      user,
      tls: { caPath, certPath, keyPath },
      ...(cluster && { cluster }),
    });
    const open = async (password: string, ca?: string) => {
      const node = await openRedisCache({
        ...sources,
        urls,
        user: user.name,
        password,
        tls: ca ? { ca } : {},
      });
      t.teardown(() => node[Symbol.asyncDispose]());
      return node;
    };
    const [a, b] = [await open(user.password, authority.cert), await open(user.password, authority.cert)];
    t.ok(await isShared(a, b)());
    await a.take('window', 1, 60_000);
    t.match(await b.take('window', 1, 60_000), { allowed: false });
    await a.join('room', 'a', 60_000);
    await a.join('room', 'gone', 60_000);
    await a.leave('room', 'gone');
    t.strictSame(await b.members('room'), ['a']);
    for (const stranger of [await open('guessed', authority.cert), await open(user.password)]) {
      t.equal(await stranger.get('copy'), undefined);
      t.strictSame(await stranger.members('room'), [], 'goes on by itself');
    }
  }
});
