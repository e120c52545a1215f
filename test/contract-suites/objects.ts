/** What every engine of the Objects port must keep. */
import { createHash } from 'node:crypto';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Objects } from '../../kit/ports/objects.ts';
import { type OpenEngine, tempFolder } from './harness.ts';

async function* parts(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}

/** More than an upload holds in memory at once. */
const BIG_PIECES = 40;
const PIECE_BYTES = 1024 ** 2;

async function* bigObject() {
  for (let n = 0; n < BIG_PIECES; n++) yield Buffer.alloc(PIECE_BYTES, `piece ${n}`);
}

async function digestOf(pieces: AsyncIterable<Uint8Array>): Promise<{ bytes: number; sha256: string }> {
  const sha256 = createHash('sha256');
  let bytes = 0;
  for await (const piece of pieces) {
    sha256.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: sha256.digest('hex') };
}

async function keysOf(engine: Objects, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of engine.list(prefix)) keys.push(key);
  return keys;
}

export function objectsSuite(name: string, openEngine: OpenEngine<Objects>): void {
  const rule = (title: string, run: (t: Test, opened: Awaited<ReturnType<typeof openEngine>>) => unknown) => {
    void t.test(`${name}: ${title}`, async (t) => {
      await using opened = await openEngine();
      await run(t, opened);
    });
  };

  rule('an object is put, read, replaced and deleted', async (t, { engine }) => {
    t.equal(await engine.get('a/b.mp4'), undefined);
    t.equal(await engine.head('a/b.mp4'), undefined);
    const first = await engine.put('a/b.mp4', Buffer.from('hello'));
    t.equal(first.bytes, 5);
    t.strictSame(await engine.head('a/b.mp4'), first);
    t.equal(String(await engine.get('a/b.mp4')), 'hello');
    t.equal((await engine.put('a/b.mp4', parts('good', 'bye'))).bytes, 7);
    t.equal(String(await engine.get('a/b.mp4')), 'goodbye');
    await engine.delete('a/b.mp4');
    await engine.delete('a/b.mp4');
    t.equal(await engine.get('a/b.mp4'), undefined);
    t.equal((await engine.put('empty', Buffer.alloc(0))).bytes, 0);
    t.equal((await engine.get('empty'))?.length, 0);
  });

  rule('the etag changes with the content, however fast and however alike in size', async (t, { engine }) => {
    const etags = new Set<string>();
    for (let n = 10; n < 40; n++) etags.add((await engine.put('k', Buffer.from(String(n)))).etag);
    t.equal(etags.size, 30);
  });

  rule('a range is half open and ends with the object', async (t, { engine }) => {
    await engine.put('k', Buffer.from('0123456789'));
    const range = async (start: number, end: number) => String(await engine.range('k', start, end));
    t.equal(await range(0, 3), '012');
    t.equal(await range(8, 100), '89');
    t.equal(await range(3, 3), '');
    t.equal(await range(100, 200), '');
    t.equal(await engine.range('none', 0, 1), undefined);
    for (const [start, end] of [
      [-1, 2],
      [3, 2],
      [0.5, 2],
      [0, Number.NaN],
    ] as const) {
      await t.rejects(engine.range('k', start, end), { code: 'BAD_RANGE' });
    }
  });

  rule('a source that breaks off leaves the old content', async (t, { engine }) => {
    await engine.put('k', Buffer.from('old'));
    async function* broken() {
      yield Buffer.from('new and incom');
      throw new Error('source broke');
    }
    await t.rejects(engine.put('k', broken()), { message: 'source broke' });
    t.equal(String(await engine.get('k')), 'old');
    t.strictSame(await keysOf(engine, ''), ['k']);
  });

  rule('a local file is taken over', async (t, { engine }) => {
    await using folder = await tempFolder();
    const path = join(folder.path, 'song.mp4');
    await writeFile(path, 'song');
    t.equal((await engine.putFile('tracks/1/song.mp4', path)).bytes, 4);
    t.equal(String(await engine.get('tracks/1/song.mp4')), 'song');
    await t.rejects(access(path), { code: 'ENOENT' }, 'it is gone from where it was');
    await t.rejects(engine.putFile('k', path), { code: 'NO_SUCH_FILE' });
  });

  rule('of many who put one new key, one wins, and its content stays', async (t, { engine }) => {
    const put = (n: number) => engine.put('new', Buffer.from(`writer ${n}`), { ifAbsent: true });
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => put(n)));
    const winners = outcomes.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : []));
    t.equal(winners.length, 1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') t.match(outcome.reason, { code: 'OBJECT_EXISTS', status: 409 });
    }
    t.equal(String(await engine.get('new')), `writer ${winners[0]}`);
    await t.rejects(put(99), { code: 'OBJECT_EXISTS' });
    await engine.delete('new');
    t.equal((await put(7)).bytes, 8, 'a deleted key is new again');
  });

  rule('of two who stream up one new key, one wins', async (t, { engine }) => {
    const put = () => engine.put('new', bigObject(), { ifAbsent: true });
    const outcomes = await Promise.allSettled([put(), put()]);
    t.strictSame(outcomes.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
    t.match(
      outcomes.find(({ status }) => status === 'rejected'),
      { reason: { code: 'OBJECT_EXISTS' } },
    );
    t.strictSame(await keysOf(engine, ''), ['new']);
  });

  rule('a large object streams up and down', async (t, { engine }) => {
    t.equal(await engine.stream('none'), undefined);
    const info = await engine.put('big', bigObject());
    t.equal(info.bytes, BIG_PIECES * PIECE_BYTES);
    t.strictSame(await engine.head('big'), info);
    const pieces = (await engine.stream('big')) as AsyncIterable<Uint8Array>;
    t.strictSame(await digestOf(pieces), await digestOf(bigObject()));
    const middle = await engine.range('big', 10 * PIECE_BYTES - 2, 10 * PIECE_BYTES + 5);
    t.equal(middle?.subarray(2).toString(), 'piece');
  });

  rule('a stream that is broken off holds nothing up', async (t, { engine }) => {
    await engine.put('big', bigObject());
    for (let n = 0; n < 100; n++) {
      for await (const piece of (await engine.stream('big')) ?? []) {
        t.equal(Buffer.from(piece.subarray(0, 7)).toString(), 'piece 0');
        break;
      }
    }
    t.equal((await engine.head('big'))?.bytes, BIG_PIECES * PIECE_BYTES);
  });

  rule('a large upload that breaks off leaves nothing', async (t, { engine }) => {
    async function* broken() {
      yield* bigObject();
      throw new Error('source broke');
    }
    await t.rejects(engine.put('big', broken()), { message: 'source broke' });
    t.equal(await engine.head('big'), undefined);
    t.strictSame(await keysOf(engine, ''), []);
  });

  rule('keys are listed by prefix in byte order', async (t, { engine }) => {
    const keys = ['a-b', 'a.x', 'a/1', 'a/b/2', 'a0', 'b/1', 'B/1'];
    for (const key of keys) await engine.put(key, Buffer.from(key));
    const sorted = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    t.strictSame(await keysOf(engine, ''), sorted);
    for (const prefix of ['a', 'a/', 'a/b', 'b/1', 'zz', 'zz/y']) {
      t.strictSame(
        await keysOf(engine, prefix),
        sorted.filter((key) => key.startsWith(prefix)),
        prefix,
      );
    }
  });

  rule('keys that could lead elsewhere are refused', async (t, { engine }) => {
    const bad = [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '..',
      '../a',
      'a/../b',
      '.',
      'a/./b',
      '.hidden',
      'a\\b',
      'a b',
      'a\0',
      'ä',
    ];
    for (const key of [...bad, 'x'.repeat(600)]) {
      await t.rejects(engine.put(key, Buffer.from('x')), { code: 'BAD_OBJECT_KEY' }, key);
      await t.rejects(engine.get(key), { code: 'BAD_OBJECT_KEY' }, key);
    }
    t.throws(() => engine.list('../'), { code: 'BAD_OBJECT_KEY' });
  });
}
