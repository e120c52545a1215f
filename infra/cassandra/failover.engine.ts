// Goal: one node of three may die or hang, and no request fails beyond its retries, no acknowledged write is
// lost, and every compare-and-set that was answered was answered truly. Method: writers and readers on three
// real nodes with three replicas, while one is killed and another stopped; then the books are checked.
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { TABLE_PAGE_ROWS_MAX } from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import { type Table, table } from '../../kit/ports/tables.ts';
import { systemClock } from '../../kit/sources.ts';
import { tempFolder } from '../../test/contract-suites/harness.ts';
import { startCassandra } from '../local/cassandra.ts';
import { migrate } from './migrate.ts';
import { openCassandra } from './open-cassandra.ts';
import type { Schema } from './schema.ts';

const plainRows = table<readonly [number], { readonly n: number }>({
  name: 'failover_row',
  partition: 'writer',
  clustering: [['n', 'number']],
});
interface Chain {
  readonly links: readonly string[];
}
const chains = table<readonly [], Chain>({
  name: 'failover_chain',
  partition: 'id',
  clustering: [],
  conditional: true,
});
const schema: Schema = [{ version: 1, tables: [plainRows, chains] }];

const WRITERS = 3;
const CHAIN_WRITERS = 2;
/** What a caller may spend on one request: a first try and two more. */
const TRIES_MAX = 3;
const RETRY_AFTER_MS = 100;
const LOOK_EVERY_MS = 20;
/** A steady load, not the most there can be: the nodes that come back need the processor too. */
const PACE_MS = 20;

class Books {
  readonly rows = new Map<string, number>();
  readonly applied: string[] = [];
  readonly rejected: string[] = [];
  unknown = 0;
  retries = 0;
  failed: unknown[] = [];
  slowestMs = 0;
  done = 0;

  async request<T>(work: () => Promise<T>): Promise<T | undefined> {
    const startedMs = performance.now();
    for (let tries = 1; ; tries++) {
      try {
        const result = await work();
        this.slowestMs = Math.max(this.slowestMs, performance.now() - startedMs);
        this.done++;
        return result;
      } catch (error) {
        if (!(error instanceof UnavailableError) || tries === TRIES_MAX) {
          this.failed.push(error instanceof UnavailableError ? error.data : error);
          return undefined;
        }
        this.retries++;
        await sleep(tries * RETRY_AFTER_MS);
      }
    }
  }
}

async function writeRows(
  books: Books,
  rows: Table<readonly [number], { n: number }>,
  name: string,
  on: () => boolean,
) {
  for (let n = 1; on(); n++) {
    const done = await books.request(async () => {
      await rows.put(name, [n], { n });
      return true;
    });
    if (done) books.rows.set(name, n);
    await sleep(PACE_MS);
    const back = await books.request(() => rows.get(name, [n]));
    if (done && back?.n !== n) books.failed.push(new Error(`${name} ${n} was written and not read back`));
  }
}

async function lengthenChain(books: Books, rows: Table<readonly [], Chain>, name: string, on: () => boolean) {
  for (let n = 1; on(); n++) {
    const link = `${name}.${n}`;
    const before = await books.request(() => rows.getVersioned('chain', []));
    if (!before) continue;
    const next = { links: [...before.row.links, link] };
    const cas = await books.request(() => rows.compareAndSet('chain', [], before.version, next));
    if (cas?.s === 'applied') books.applied.push(link);
    if (cas?.s === 'rejected') books.rejected.push(link);
    if (cas?.s === 'unknown') books.unknown++;
    await sleep(PACE_MS);
  }
}

void t.test('one node of three is killed, another one hangs', { timeout: 280_000 }, async (t) => {
  await using folder = await tempFolder();
  await using server = await startCassandra({ nodes: 3, folder: folder.path });
  const killAll = (): void => {
    for (const node of server.nodes) node.kill('SIGKILL');
  };
  t.teardown(killAll);
  const [, killed, stopped] = server.nodes;
  if (!killed || !stopped) throw new Error('three nodes were asked for');
  const { contactPoints, datacenter } = server;
  const options = { contactPoints, datacenter, keyspace: 'failover', schema, clock: systemClock };
  await migrate({ ...options, replicas: 3, say: (text) => t.comment(text) });
  await using cassandra = await openCassandra(options);
  const rows = cassandra.tables.open(plainRows);
  const chain = cassandra.tables.open(chains);
  await chain.insertIfAbsent('chain', [], { links: [] });

  const books = new Books();
  let on = true;
  const isOn = () => on && books.failed.length === 0;
  const load = [
    ...Array.from({ length: WRITERS }, (_, i) => writeRows(books, rows, `writer${i}`, isOn)),
    ...Array.from({ length: CHAIN_WRITERS }, (_, i) => lengthenChain(books, chain, `chain${i}`, isOn)),
  ];
  /** Until that many requests, and some links, more are done: however fast this machine is. */
  const more = async (requests: number, links: number): Promise<void> => {
    const untilDone = books.done + requests;
    const untilLinks = books.applied.length + links;
    while ((books.done < untilDone || books.applied.length < untilLinks) && books.failed.length === 0) {
      await sleep(LOOK_EVERY_MS);
    }
  };
  const phase = async (name: string, run: () => Promise<unknown>): Promise<void> => {
    const before = { done: books.done, links: books.applied.length, retries: books.retries };
    books.slowestMs = 0;
    const startedMs = performance.now();
    await run();
    const tookMs = Math.round(performance.now() - startedMs);
    t.comment(
      `${name}: ${tookMs} ms, ${books.done - before.done} requests, ${books.applied.length - before.links} links, ` +
        `${books.retries - before.retries} retries, slowest ${Math.round(books.slowestMs)} ms, unknown so far ${books.unknown}`,
    );
  };

  await phase('all well', () => more(200, 20));
  await phase('one killed', async () => {
    killed.kill('SIGKILL');
    await killed.ended();
    await more(400, 40);
  });
  await phase('one coming back', async () => {
    await killed.restart();
    await more(200, 20);
  });
  await phase('one hung', async () => {
    stopped.kill('SIGSTOP');
    await more(400, 40);
  });
  await phase('awake again', async () => {
    stopped.kill('SIGCONT');
    await more(200, 20);
  });
  on = false;
  await Promise.all(load);

  t.strictSame(books.failed, [], 'no request failed beyond its retries');
  for (const [name, count] of books.rows) {
    const page = await books.request(() => rows.scan(name, { limit: TABLE_PAGE_ROWS_MAX }));
    const found = new Set(page?.rows.map(({ row }) => row.n));
    const wanted = Array.from({ length: count }, (_, i) => i + 1);
    const lost = wanted.filter((n) => !found.has(n));
    t.strictSame(lost, [], `${name}: none of ${count} acknowledged rows is lost`);
  }
  const links = (await books.request(() => chain.get('chain', [])))?.links ?? [];
  t.equal(new Set(links).size, links.length, 'no link was applied twice');
  t.strictSame(
    books.applied.filter((link) => !links.includes(link)),
    [],
    'every applied link is in the chain',
  );
  t.strictSame(
    books.rejected.filter((link) => links.includes(link)),
    [],
    'no rejected link is in the chain',
  );
  t.ok(links.length - books.applied.length <= books.unknown, 'the rest was said to be unknown');
  // Data that nobody reads again need not be written out.
  killAll();
});
