/** What every engine of the Journal port must keep. */
import t, { type Test } from 'tap';
import { JOURNAL_DEDUPE_WINDOW_MS, JOURNAL_RECORD_BYTES_MAX } from '../../config/limits.ts';
import type { Consumer, Journal, JournalRecord } from '../../kit/ports/journal.ts';
import type { OpenEngine } from './harness.ts';

const dataOf = (records: readonly JournalRecord[]) => records.map(({ data }) => data);

export function journalSuite(name: string, openEngine: OpenEngine<Journal>): void {
  const rule = (title: string, run: (t: Test, opened: Awaited<ReturnType<typeof openEngine>>) => unknown) => {
    void t.test(`${name}: ${title}`, async (t) => {
      await using opened = await openEngine();
      await run(t, opened);
    });
  };

  rule('a subject is read in order and apart from others', async (t, { engine }) => {
    const first = await engine.append('s', 's.a', { n: 1 });
    await engine.append('s', 's.b', { n: 2 });
    const third = await engine.append('s', 's.a', { n: 3 });
    await engine.append('other', 's.a', { n: 4 });
    const records = await engine.read('s', 's.a');
    t.strictSame(dataOf(records), [{ n: 1 }, { n: 3 }]);
    t.strictSame(
      records.map(({ stream, subject, seq }) => [stream, subject, seq]),
      [
        ['s', 's.a', first],
        ['s', 's.a', third],
      ],
    );
    t.strictSame(dataOf(await engine.read('s', 's.a', first)), [{ n: 3 }]);
    t.strictSame(await engine.read('s', 's.a', third), []);
    t.strictSame(await engine.read('s', 's.none'), []);
    t.equal(await engine.lastSeq('s', 's.a'), third);
    t.equal(await engine.lastSeq('s', 's.none'), 0);
  });

  rule('a read can be bounded to the newest records', async (t, { engine }) => {
    for (let n = 1; n <= 5; n++) {
      await engine.append('s', 's.a', n);
      await engine.append('s', 's.b', -n);
    }
    const [first] = await engine.read('s', 's.a');
    t.strictSame(dataOf(await engine.read('s', 's.a', 0, 2)), [4, 5]);
    t.strictSame(dataOf(await engine.read('s', 's.a', first?.seq, 100)), [2, 3, 4, 5]);
    t.strictSame(dataOf(await engine.read('s', 's.none', 0, 2)), []);
  });

  rule('an append with a stale expected seq is refused and adds nothing', async (t, { engine }) => {
    const seq = await engine.append('s', 's.a', 1, { expectedSeq: 0 });
    await t.rejects(engine.append('s', 's.a', 2, { expectedSeq: 0 }), {
      name: 'StaleWriteError',
      data: { lastSeq: seq },
    });
    await t.rejects(engine.append('s', 's.none', 2, { expectedSeq: seq }), { name: 'StaleWriteError' });
    await engine.append('s', 's.a', 3, { expectedSeq: seq });
    t.strictSame(dataOf(await engine.read('s', 's.a')), [1, 3]);
  });

  rule('of many appends that expect the same seq exactly one wins', async (t, { engine }) => {
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => engine.append('s', 's.a', n, { expectedSeq: 0 })),
    );
    t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    t.equal((await engine.read('s', 's.a')).length, 1);
  });

  rule('a repeated message id answers as the first time, for a window', async (t, { engine, advance }) => {
    const first = await engine.append('s', 's.a', 1, { messageId: 'm1', expectedSeq: 0 });
    t.equal(await engine.append('s', 's.a', 1, { messageId: 'm1', expectedSeq: 0 }), first);
    await advance(JOURNAL_DEDUPE_WINDOW_MS - 1);
    t.equal(await engine.append('s', 's.a', 1, { messageId: 'm1' }), first);
    t.not(await engine.append('s', 's.a', 2, { messageId: 'm2' }), first);
    await engine.append('other', 's.a', 1, { messageId: 'm1' });
    t.strictSame(dataOf(await engine.read('s', 's.a')), [1, 2]);
    t.strictSame(dataOf(await engine.read('other', 's.a')), [1], 'message ids are per stream');
  });

  rule('a record above the limit is refused', async (t, { engine }) => {
    await t.rejects(engine.append('s', 's.a', 'x'.repeat(JOURNAL_RECORD_BYTES_MAX)), {
      name: 'TooLargeError',
    });
    await t.rejects(engine.append('s', 's.a', '日'.repeat(Math.ceil(JOURNAL_RECORD_BYTES_MAX / 3))), {
      name: 'TooLargeError',
    });
    const largest = 'x'.repeat(JOURNAL_RECORD_BYTES_MAX - 2);
    await engine.append('s', 's.a', largest);
    t.strictSame(dataOf(await engine.read('s', 's.a')), [largest]);
  });

  rule('an erased subject is gone, and no seq is given twice', async (t, { engine }) => {
    await engine.append('s', 's.b', 0);
    await engine.append('s', 's.a', 1);
    const last = await engine.append('s', 's.a', 2);
    await engine.erase('s', 's.a');
    t.strictSame(await engine.read('s', 's.a'), []);
    t.equal(await engine.lastSeq('s', 's.a'), 0);
    t.ok((await engine.append('s', 's.a', 3, { expectedSeq: 0 })) > last);
    t.strictSame(dataOf(await engine.read('s', 's.b')), [0]);
  });

  rule('a consumer gets a stream whole, in order and in batches', async (t, { engine }) => {
    const batches: number[][] = [];
    for (let n = 0; n < 25; n++) await engine.append('s', `s.${n % 3}`, n);
    await using consumer = await engine.consume({
      stream: 's',
      consumer: 'c',
      batchMax: 10,
      handle: async (records) => void batches.push(dataOf(records) as number[]),
    });
    for (let n = 25; n < 40; n++) await engine.append('s', `s.${n % 3}`, n);
    await engine.append('other', 's.0', 99);
    await consumer.caughtUp();
    t.strictSame(batches.flat(), [...Array(40).keys()]);
    t.ok(batches.every(({ length }) => length <= 10));
  });

  rule('a consumer goes on where it had stopped, and two consumers do not share', async (t, { engine }) => {
    const handled: unknown[] = [];
    const open = (consumer: string) =>
      engine.consume({
        stream: 's',
        consumer,
        handle: async (records) => void handled.push(...dataOf(records)),
      });
    await engine.append('s', 's.a', 1);
    const first = await open('c');
    await first.caughtUp();
    await first[Symbol.asyncDispose]();
    await engine.append('s', 's.a', 2);
    await using second = await open('c');
    await second.caughtUp();
    t.strictSame(handled, [1, 2]);
    await using other = await open('d');
    await other.caughtUp();
    t.strictSame(handled, [1, 2, 1, 2]);
  });

  rule('a failed batch comes again after a growing pause', async (t, { engine, advance }) => {
    const attempts: unknown[][] = [];
    await engine.append('s', 's.a', 1);
    await engine.append('s', 's.a', 2);
    await using consumer: Consumer = await engine.consume({
      stream: 's',
      consumer: 'c',
      handle: async (records) => {
        attempts.push(dataOf(records));
        if (attempts.length < 4) throw new Error('not today');
      },
    });
    let caughtUp = false;
    const done = consumer.caughtUp().then(() => {
      caughtUp = true;
    });
    while (!caughtUp) {
      await new Promise(setImmediate);
      if (!caughtUp) await advance(100);
    }
    await done;
    t.strictSame(attempts, [
      [1, 2],
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
  });

  rule('caught up holds past erased records too', async (t, { engine }) => {
    await engine.append('s', 's.a', 1);
    await engine.append('s', 's.b', 2);
    await engine.erase('s', 's.b');
    const handled: unknown[] = [];
    await using consumer = await engine.consume({
      stream: 's',
      consumer: 'c',
      handle: async (records) => void handled.push(...dataOf(records)),
    });
    await consumer.caughtUp();
    t.strictSame(handled, [1]);
  });
}
