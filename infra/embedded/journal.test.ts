import t from 'tap';
import { STORE_SWEEP_EVERY_MS } from '../../config/engine-limits.ts';
import { JOURNAL_DEDUPE_WINDOW_MS } from '../../config/limits.ts';
import { openLmdbEngine } from '../../test/contract-suites/harness.ts';
import { journalSuite } from '../../test/contract-suites/journal.ts';

const openEngine = () => openLmdbEngine('journal');

journalSuite('lmdb', openEngine);

void t.test('lmdb: message ids are swept once two windows old', async (t) => {
  await using opened = await openEngine();
  const { engine, store, advance } = opened;
  const seen = store.database('journal.seen');
  const first = await engine.append('s', 's.a', 1, { messageId: 'm' });
  await advance(2 * JOURNAL_DEDUPE_WINDOW_MS);
  while (seen.getKeysCount() > 0) {
    await advance(STORE_SWEEP_EVERY_MS);
    await new Promise(setImmediate);
  }
  t.ok((await engine.append('s', 's.a', 1, { messageId: 'm' })) > first);
});

void t.test(
  'lmdb: a consumer that is stopped while it fails ends at once, and says so to who waits',
  async (t) => {
    await using opened = await openEngine();
    await opened.engine.append('s', 's.a', 1);
    const failed = Promise.withResolvers<void>();
    const consumer = await opened.engine.consume({
      stream: 's',
      consumer: 'c',
      handle: async () => {
        failed.resolve();
        throw new Error('never works');
      },
    });
    const waiting = t.rejects(consumer.caughtUp(), { code: 'CONSUMER_CLOSED' });
    await failed.promise;
    await consumer[Symbol.asyncDispose]();
    await waiting;
  },
);
