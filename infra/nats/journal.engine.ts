/**
 * Goal: the journal's promises, on one server and on three.
 * Method: the contract suite over real nats-servers; each test has a namespace of its own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Journal } from '../../kit/ports/journal.ts';
import type { Opened } from '../../test/contract-suites/harness.ts';
import { tempFolder } from '../../test/contract-suites/harness.ts';
import { journalSuite } from '../../test/contract-suites/journal.ts';
import { startNats } from '../local/nats.ts';
import { openNats } from './connection.ts';
import { openJetStreamJournal } from './journal.ts';

const DEDUPE_WINDOW_MS = 4000;

for (const count of [1, 3] as const) {
  const folder = await tempFolder();
  const nats = await startNats({ count, folder: folder.path });
  const connection = await openNats({ servers: nats.urls, name: 'test' });
  t.teardown(async () => {
    await connection.drain();
    await nats[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  let opened = 0;
  const openEngine = async (): Promise<Opened<Journal>> => {
    const engine = await openJetStreamJournal({
      connection,
      namespace: `test${++opened}`,
      replicas: count,
      shards: 4,
      dedupeWindowMs: DEDUPE_WINDOW_MS,
    });
    return { engine, advance: (ms) => sleep(ms), [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() };
  };
  journalSuite(`jetstream, ${count} server${count > 1 ? 's' : ''}`, openEngine, {
    dedupeWindowMs: DEDUPE_WINDOW_MS,
  });

  if (count > 1) continue;
  void t.test('jetstream: a store that is kept in another number of shards is refused', async (t) => {
    const options = { connection, namespace: 'sharded', replicas: count };
    await using _journal = await openJetStreamJournal({ ...options, shards: 2 });
    await t.rejects(openJetStreamJournal({ ...options, shards: 3 }), { code: 'JOURNAL_SHARDS_DIFFER' });
  });
}
