/**
 * Goal: whichever server or process dies, no acknowledged record is lost, no writer is told that somebody
 * else wrote, appends are answered again within their limit, and consumers go on by themselves.
 * Method: three nats-servers; the leader of a stream is killed, stopped, or cut off from everybody, under
 * writers and consumers. To be cut off the servers live on hosts of their own, in a network that this file
 * makes when it runs itself once more (root on Linux only).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import { StaleWriteError, UnavailableError } from '../../kit/errors.ts';
import type { Consumer, Journal, JournalRecord } from '../../kit/ports/journal.ts';
import { tempFolder } from '../../test/contract-suites/harness.ts';
import { type LocalNatsServer, startNats } from '../local/nats.ts';
import { openNetwork } from '../local/network.ts';
import { openNats } from './connection.ts';
import { openJetStreamJournal } from './journal.ts';

const SHARDS = 2;
const WRITERS = 4;
const RECORDS_BEFORE = 20;
const RECORDS_AFTER = 20;

const OWN_NETWORK = 'own-network';
const network = process.argv.includes(OWN_NETWORK)
  ? await openNetwork(['nats-1', 'nats-2', 'nats-3'])
  : undefined;

const folder = await tempFolder();
const nats = await startNats({
  count: 3,
  folder: folder.path,
  ...(network && { hosts: Object.values(network.hosts) }),
});
t.teardown(async () => {
  await nats[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function openWorld(namespace: string) {
  const connection = await openNats({ servers: nats.urls, name: namespace });
  const journal = await openJetStreamJournal({ connection, namespace, replicas: 3, shards: SHARDS });
  return {
    journal,
    connection,
    async leaderOf(shard: number) {
      const reply = await connection.request(`$JS.API.STREAM.INFO.${namespace}-journal-s-${shard}`);
      return nats.server(reply.json<{ cluster: { leader: string } }>().cluster.leader);
    },
    async [Symbol.asyncDispose]() {
      await journal[Symbol.asyncDispose]();
      await connection.drain();
    },
  };
}

/** @returns undefined when an election took longer than an append waits; it may have happened all the same. */
async function append(
  journal: Journal,
  subject: string,
  count: number,
  expectedSeq: number,
): Promise<number | undefined> {
  try {
    return await journal.append('s', subject, count, { expectedSeq });
  } catch (error) {
    if (error instanceof UnavailableError) return undefined;
    const lost = error instanceof StaleWriteError && (await journal.read('s', subject, expectedSeq)).at(0);
    if (lost && lost.data === count) return lost.seq;
    throw error;
  }
}

/** Appends numbers to a subject of its own by compare-and-set until it has been told to end. */
function startWriter(journal: Journal, subject: string) {
  let count = 0;
  let seq = 0;
  let ending = false;
  let check = () => {};
  const running = (async () => {
    while (!ending) {
      const next = await append(journal, subject, count, seq);
      if (next === undefined) continue;
      seq = next;
      count += 1;
      check();
    }
  })();
  return {
    running,
    count: () => count,
    reached: (goal: number) =>
      Promise.race([
        running,
        new Promise<void>((resolve) => {
          check = () => count >= goal && resolve();
          check();
        }),
      ]),
    async end() {
      ending = true;
      await running;
    },
  };
}

function ledger() {
  const bySubject = new Map<string, number[]>();
  return {
    bySubject,
    handle: async (records: readonly JournalRecord[]) => {
      for (const { subject, data } of records) {
        const numbers = bySubject.get(subject) ?? [];
        // At least once: what comes again is let go, what comes out of order is not.
        if (!numbers.includes(data as number)) numbers.push(data as number);
        bySubject.set(subject, numbers);
      }
    },
  };
}

const upTo = (count: number): number[] => [...Array(count).keys()];

interface Fault {
  readonly befall: (server: LocalNatsServer) => unknown;
  readonly heal: (server: LocalNatsServer) => unknown;
}

const FAULTS: Readonly<Record<string, Fault>> = network
  ? {
      'cut-off': { befall: ({ name }) => network.cut(name), heal: ({ name }) => network.heal(name) },
    }
  : {
      killed: { befall: (server) => server.process.kill('SIGKILL'), heal: (server) => server.restart() },
      stopped: {
        befall: (server) => server.process.kill('SIGSTOP'),
        heal: (server) => server.process.kill('SIGCONT'),
      },
    };

for (const [name, { befall, heal }] of Object.entries(FAULTS)) {
  void t.test(`the leader of a stream is ${name}: nothing acknowledged is lost, all goes on`, async (t) => {
    await using world = await openWorld(name);
    const { journal } = world;
    const [durable, passing] = [ledger(), ledger()];
    const options = { stream: 's', consumer: 'c' };
    const consumers: Consumer[] = [
      await journal.consume({ ...options, handle: durable.handle }),
      await journal.consume({ ...options, position: 'from-now', handle: passing.handle }),
    ];
    const writers = upTo(WRITERS).map((n) => startWriter(journal, `s.${n}`));
    await Promise.all(writers.map((writer) => writer.reached(RECORDS_BEFORE)));

    const leader = await world.leaderOf(0);
    await befall(leader);
    // An append that is not answered within JOURNAL_CALL_MS_MAX, or is told of another writer, rejects.
    await Promise.all(writers.map((writer) => writer.reached(writer.count() + RECORDS_AFTER)));
    await Promise.all(writers.map((writer) => writer.end()));

    for (const [n, writer] of writers.entries()) {
      const records = await journal.read('s', `s.${n}`);
      t.strictSame(
        records.map(({ data }) => data),
        upTo(writer.count()),
        'the chain is whole, and each record there once',
      );
    }
    await Promise.all(consumers.map((consumer) => consumer.caughtUp()));
    for (const [n, writer] of writers.entries()) {
      t.strictSame(durable.bySubject.get(`s.${n}`), upTo(writer.count()), 'the durable consumer misses none');
      t.strictSame(passing.bySubject.get(`s.${n}`), upTo(writer.count()), 'nor does the one from now on');
    }
    await heal(leader);
  });
}

async function takeOver(t: Test): Promise<void> {
  await using world = await openWorld('workers');
  const { journal } = world;
  const told = ledger();
  let wake = () => {};
  const until = (isDone: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      wake = () => isDone() && resolve();
      wake();
    });
  const start = () => {
    const args = [
      join(import.meta.dirname, 'failover-worker.ts'),
      'workers',
      nats.urls.join(','),
      `${SHARDS}`,
    ];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const subjects = new Set<string>();
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [subject, data] = JSON.parse(line) as [string, number];
      subjects.add(subject);
      void told.handle([{ stream: 's', subject, seq: 0, atMs: 0, data }]);
      wake();
    });
    t.teardown(() => child.kill('SIGKILL'));
    return { child, subjects };
  };

  const writers = upTo(WRITERS).map((n) => startWriter(journal, `s.${n}`));
  const workers = [start(), start()];
  // Which of them holds what is left to chance: the one that is killed holds something.
  await until(() => told.bySubject.size === WRITERS);
  const victim = workers.find(({ subjects }) => subjects.size > 0) as (typeof workers)[number];
  victim.child.kill('SIGKILL');
  await once(victim.child, 'exit');
  await Promise.all(writers.map((writer) => writer.reached(writer.count() + RECORDS_AFTER)));
  await Promise.all(writers.map((writer) => writer.end()));

  await journal.caughtUp('s', 'workers');
  await until(() => writers.every((writer, n) => told.bySubject.get(`s.${n}`)?.length === writer.count()));
  for (const [n, writer] of writers.entries()) {
    t.strictSame(told.bySubject.get(`s.${n}`), upTo(writer.count()));
  }
}

if (!network) {
  void t.test('a consumer process is killed: another one takes its shards, each subject in order', takeOver);

  const self = ['--net', '--mount', process.execPath, import.meta.filename, OWN_NETWORK];
  const isAble = process.platform === 'linux' && process.getuid?.() === 0;
  void t.spawn('unshare', self, { ...(!isAble && { skip: 'needs root on Linux' }) }, 'on hosts of their own');
}
