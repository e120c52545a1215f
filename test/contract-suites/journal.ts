/** What every engine of the Journal port must keep. */
import t, { type Test } from 'tap';
import { JOURNAL_DEDUPE_WINDOW_MS, JOURNAL_RECORD_BYTES_MAX } from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import type { ConsumeOptions, Consumer, Journal, JournalRecord } from '../../kit/ports/journal.ts';
import type { OpenEngine, Opened } from './harness.ts';

const dataOf = (records: readonly JournalRecord[]) => records.map(({ data }) => data);
const sorted = (numbers: readonly unknown[]) => (numbers as number[]).toSorted((a, b) => a - b);

/** Lets the engine's time pass until `done`, so that its pauses end; slowly, as what it does takes real time. */
async function passing({ advance }: Opened<Journal>, done: Promise<unknown>): Promise<void> {
  let isDone = false;
  const watched = done.finally(() => {
    isDone = true;
  });
  watched.catch(() => undefined);
  while (!isDone) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (!isDone) await advance(20);
  }
  await watched;
}

export interface JournalSuiteOptions {
  /** For how long the engine remembers message ids; a test of a real server may have it shorter. */
  readonly dedupeWindowMs?: number;
}

export function journalSuite(
  name: string,
  openEngine: OpenEngine<Journal>,
  { dedupeWindowMs = JOURNAL_DEDUPE_WINDOW_MS }: JournalSuiteOptions = {},
): void {
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

  rule('a repeated message id answers as the first time, within a window', async (t, { engine, advance }) => {
    const first = await engine.append('s', 's.a', 1, { messageId: 'm1', expectedSeq: 0 });
    t.equal(await engine.append('s', 's.a', 1, { messageId: 'm1', expectedSeq: 0 }), first);
    await advance(dedupeWindowMs / 2);
    t.equal(await engine.append('s', 's.a', 1, { messageId: 'm1' }), first);
    t.not(await engine.append('s', 's.a', 2, { messageId: 'm2' }), first);
    await engine.append('other', 's.a', 1, { messageId: 'm1' });
    t.strictSame(dataOf(await engine.read('s', 's.a')), [1, 2]);
    t.strictSame(dataOf(await engine.read('other', 's.a')), [1], 'message ids are per stream');
    await engine.append('s', 's.b', 1, { messageId: 'm1' });
    t.strictSame(dataOf(await engine.read('s', 's.b')), [1], 'and per subject');
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

  rule('texts of any kind are streams’ subjects, consumers and data', async (t, { engine }) => {
    const names = ['', '.', 'a..b', 'a.>', '*', 'zwei Wörter', 'line\nbreak', '日本', '=2E', '100%'];
    for (const [i, subject] of names.entries()) await engine.append('s t.*', subject, subject + i);
    for (const [i, subject] of names.entries()) {
      t.strictSame(dataOf(await engine.read('s t.*', subject)), [subject + i], JSON.stringify(subject));
    }
    const subjects: string[] = [];
    await using consumer = await engine.consume({
      stream: 's t.*',
      consumer: 'c.>',
      handle: async (records) => void subjects.push(...records.map(({ subject }) => subject)),
    });
    await consumer.caughtUp();
    t.strictSame(subjects.toSorted(), names.toSorted());
  });

  rule('a fold longer than any batch is read whole', async (t, { engine }) => {
    const count = 600;
    await Promise.all(Array.from({ length: count }, (_, n) => engine.append('s', 's.b', n)));
    let seq = 0;
    for (let n = 0; n < count; n++) seq = await engine.append('s', 's.a', n, { expectedSeq: seq });
    t.strictSame(dataOf(await engine.read('s', 's.a')), [...Array(count).keys()]);
    t.strictSame(dataOf(await engine.read('s', 's.a', 0, 3)), [count - 3, count - 2, count - 1]);
  });

  rule('a consumer gets a stream whole, each subject in order, in batches', async (t, { engine }) => {
    const batches: JournalRecord[][] = [];
    for (let n = 0; n < 25; n++) await engine.append('s', `s.${n % 3}`, n);
    let inHand = 0;
    await using consumer = await engine.consume({
      stream: 's',
      consumer: 'c',
      batchMax: 10,
      async handle(records) {
        t.equal(inHand++, 0, 'one batch at a time');
        await new Promise(setImmediate);
        batches.push([...records]);
        inHand -= 1;
      },
    });
    for (let n = 25; n < 40; n++) await engine.append('s', `s.${n % 3}`, n);
    await engine.append('other', 's.0', 99);
    await consumer.caughtUp();
    for (const subject of ['s.0', 's.1', 's.2']) {
      const got = batches.flat().filter((record) => record.subject === subject);
      t.strictSame(dataOf(got), dataOf(await engine.read('s', subject)));
    }
    t.equal(batches.flat().length, 40);
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

  rule('those who give the same name share the stream, and one goes on for another', async (t, opened) => {
    const { engine } = opened;
    const handled: JournalRecord[] = [];
    const open = () =>
      engine.consume({
        stream: 's',
        consumer: 'c',
        handle: async (records) => void handled.push(...records),
      });
    const first = await open();
    await using second = await open();
    for (let n = 0; n < 30; n++) await engine.append('s', `s.${n % 7}`, n);
    await passing(opened, first.caughtUp());
    await first[Symbol.asyncDispose]();
    for (let n = 30; n < 60; n++) await engine.append('s', `s.${n % 7}`, n);
    await passing(opened, second.caughtUp());
    t.strictSame(sorted(dataOf(handled)), [...Array(60).keys()], 'each record once');
    for (let subject = 0; subject < 7; subject++) {
      const got = dataOf(handled.filter((record) => record.subject === `s.${subject}`));
      t.strictSame(got, sorted(got), 'a subject in order');
    }
  });

  rule('a consumer from now on gets what comes later, every caller all of it', async (t, opened) => {
    const { engine } = opened;
    const got: unknown[][] = [[], []];
    const open = (to: number) =>
      engine.consume({
        stream: 's',
        consumer: 'c',
        position: 'from-now',
        handle: async (records) => void got[to]?.push(...dataOf(records)),
      });
    await engine.append('s', 's.a', -1);
    const first = await open(0);
    await using second = await open(1);
    for (let n = 0; n < 20; n++) await engine.append('s', `s.${n % 5}`, n);
    await passing(opened, Promise.all([first.caughtUp(), second.caughtUp()]));
    t.strictSame(sorted(got[0] as number[]), [...Array(20).keys()]);
    t.strictSame(sorted(got[1] as number[]), [...Array(20).keys()]);
    await first[Symbol.asyncDispose]();
    await engine.append('s', 's.a', 20);
    await using again = await open(0);
    await passing(opened, Promise.all([again.caughtUp(), second.caughtUp()]));
    t.equal(got[0]?.length, 20, 'no position is kept');
    t.equal(got[1]?.length, 21);
  });

  rule('whoever asks whether a consumer has caught up need not run it', async (t, opened) => {
    const { engine } = opened;
    await t.rejects(engine.caughtUp('s', 'c'), { name: 'UnavailableError' }, 'it has never run');
    const hold = Promise.withResolvers<void>();
    let handled = 0;
    await engine.append('s', 's.a', 1);
    await using _consumer = await engine.consume({
      stream: 's',
      consumer: 'c',
      async handle(records) {
        await hold.promise;
        handled += records.length;
      },
    });
    const waiting = engine.caughtUp('s', 'c').then(() => t.equal(handled, 1));
    hold.resolve();
    await passing(opened, waiting);
    await passing(opened, engine.caughtUp('s', 'c'));
  });

  rule('records that something else is in the way of come again after a growing pause', async (t, opened) => {
    const { engine } = opened;
    const attempts: unknown[][] = [];
    await engine.append('s', 's.a', 1);
    await engine.append('s', 's.a', 2);
    await using consumer: Consumer = await engine.consume({
      stream: 's',
      consumer: 'c',
      handle: async (records) => {
        attempts.push(dataOf(records));
        if (attempts.length < 4) throw new UnavailableError('AWAY', 'not today');
      },
    });
    await passing(opened, consumer.caughtUp());
    t.strictSame(attempts[3], attempts[0], 'the same batch');
    t.strictSame([...new Set(attempts.flat())], [1, 2]);
    t.strictSame(await engine.parked(), []);
  });

  /** A consumer of ten records of which number 4 fails by itself until `heal` is called. */
  const withPoison = (engine: Journal) => {
    const handled: number[] = [];
    let isIll = true;
    const options: ConsumeOptions = {
      stream: 's',
      consumer: 'c',
      async handle(records) {
        const numbers = dataOf(records) as number[];
        if (isIll && numbers.includes(4)) throw new TypeError('4 is no number of mine');
        handled.push(...numbers);
      },
    };
    return {
      handled,
      heal() {
        isIll = false;
      },
      async open() {
        for (let n = 0; n < 10; n++) await engine.append('s', 's.a', n);
        return engine.consume(options);
      },
    };
  };

  rule('a record that keeps failing by itself is parked, and those behind it go on', async (t, opened) => {
    const { engine } = opened;
    const { handled, open, heal } = withPoison(engine);
    await engine.append('t', 's.a', 4);
    await using forgetful = await engine.consume({
      stream: 't',
      consumer: 'c',
      async handle() {
        throw new TypeError('never works');
      },
    });
    await using consumer = await open();
    await passing(opened, consumer.caughtUp());
    t.strictSame(handled, [0, 1, 2, 3, 5, 6, 7, 8, 9]);
    const [parked, ...others] = await engine.parked('s');
    t.match(parked, { stream: 's', subject: 's.a', consumer: 'c', data: 4, error: /4 is no number of mine/ });
    t.strictSame(others, []);
    await passing(opened, forgetful.caughtUp());
    t.equal((await engine.parked()).length, 2);
    await engine.erase('t', 's.a');
    t.strictSame(await engine.parked('t'), [], 'a parked record is forgotten with its subject');
    if (!parked) return;

    await passing(opened, engine.replayParked(parked));
    t.match(await engine.parked(), [{ data: 4 }], 'it fails again and stays');
    await engine.erase('s', 's.b');
    heal();
    await passing(opened, engine.replayParked(parked));
    t.strictSame(handled.at(-1), 4);
    t.strictSame(await engine.parked(), []);
    await t.rejects(engine.replayParked(parked), { name: 'NotFoundError' });
  });

  rule('caught up holds past erased records too', async (t, opened) => {
    const { engine } = opened;
    await engine.append('s', 's.a', 1);
    await engine.append('s', 's.b', 2);
    await engine.erase('s', 's.b');
    const handled: unknown[] = [];
    await using consumer = await engine.consume({
      stream: 's',
      consumer: 'c',
      handle: async (records) => void handled.push(...dataOf(records)),
    });
    await passing(opened, consumer.caughtUp());
    t.strictSame(handled, [1]);
    await engine.append('s', 's.a', 3);
    await passing(opened, engine.caughtUp('s', 'c'));
    t.strictSame(handled, [1, 3]);
  });
}
