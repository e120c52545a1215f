/** One run: a fresh cluster, listeners on it, the plan's faults, calm, and the books. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, startCluster } from '../../infra/local/cluster.ts';
import { type LocalNetwork, openNetwork } from '../../infra/local/network.ts';
import { seededRandom } from '../../kit/sim/random.ts';
import { type Account, type Book, booksOf } from './books.ts';
import { inflict } from './faults.ts';
import { type Line, openLine } from './line.ts';
import { type Listener, openListener, type Temper } from './listener.ts';
import type { Plan } from './plan.ts';
import { makeSongs, songsShownTo } from './songs.ts';
import { openSound } from './sound.ts';
import { openStore, type Store } from './stored.ts';
import { createTally, type Tally, type Window } from './tally.ts';

export interface RunOptions {
  readonly seed: number;
  readonly plan: Plan;
  readonly callsPerSec: number;
  readonly cassandraNodes: 1 | 3;
  /** For everything, the log of all processes (`cluster.log`) included. */
  readonly folder: string;
  readonly say: (text: string) => void;
}

export interface Report {
  readonly seed: number;
  readonly listeners: number;
  readonly windows: readonly Window[];
  readonly books: readonly Book[];
}

const NODES = 3;
const CALLS_PER_LISTENER_PER_SEC = 2;
const SIGN_UPS_AT_ONCE = 4;
const READS_AT_ONCE = 8;
const TICK_MS = 10;
const CAUGHT_UP_MS_MAX = 60_000;
const CAUGHT_UP_POLL_MS = 500;
const PASSWORD = 'correct horse battery';
/** Of ten listeners. Those who hear fetch their sound. */
const TEMPERS: readonly Temper[] = [
  'hears',
  'roams',
  'stays',
  'roams',
  'stays',
  'roams',
  'stays',
  'roams',
  'stays',
  'stays',
];
const START_SPREAD_MS = 5000;

const names = (kind: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${kind}-${i + 1}`);

/** Needs a network namespace to live in. @throws Error when the cluster or the listeners could not start. */
export async function run(options: RunOptions): Promise<Report> {
  const { seed, plan, callsPerSec, cassandraNodes, folder, say } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await using opened = new AsyncDisposableStack();
  const network = await openNetwork([
    ...names('node', NODES),
    ...names('nats', 3),
    ...names('cassandra', cassandraNodes),
  ]);
  const log = createWriteStream(join(folder, 'cluster.log'), { mode: 0o600 });
  const cluster = opened.use(
    await startCluster({
      folder,
      nodes: NODES,
      cassandraNodes,
      network,
      // We are the proxy that tells the gateway from which address each listener comes.
      env: { ANTIPHON_DEMO: 'off', ANTIPHON_TRUSTED_PROXIES: network.outside.address },
      onLine: (line, name) => log.write(`${name.padEnd(12)} ${line}\n`),
      onStep: say,
    }),
  );
  const store = opened.use(await openStore(cluster.env));

  const count = Math.max(1, Math.round(callsPerSec / CALLS_PER_LISTENER_PER_SEC));
  say('making music');
  await makeSongs(join(folder, 'import'), cluster.env);
  say(`signing up ${count} listeners`);
  const lines = await openLines(cluster.url, count);
  opened.defer(() => {
    for (const { line } of lines) line.close();
  });
  const songs = await songsShownTo((lines[0] as NamedLine).line);
  const tally = createTally('before any fault');
  const nowMs = () => Date.now();
  const listeners = lines.map(({ username, line }, i): Listener => {
    const temper = TEMPERS[i % TEMPERS.length] as Temper;
    const sound = temper === 'hears' ? { sound: openSound(cluster.url, tally, nowMs) } : {};
    const random = seededRandom(seed * 10_000 + i);
    return openListener({ username, line, songs, temper, random, tally, nowMs, ...sound });
  });

  say(`${callsPerSec} calls a second for ${Math.round(plan.durationMs / 1000)} s`);
  const stopLoad = startLoad(listeners, callsPerSec, tally);
  await act(plan, { cluster, network, leaderOf: store.leaderOf, tally, say });
  stopLoad();

  say('closing the books');
  tally.next('closing');
  await inTurns(listeners, READS_AT_ONCE, (listener) => listener.finish());
  const behind = await consumersBehindInTheEnd(store);
  const accounts: Account[] = [];
  await inTurns(listeners, READS_AT_ONCE, async ({ ledger }, i) => {
    const { line } = lines[i] as NamedLine;
    accounts.push({ ledger, stored: await store.read({ ...ledger, line }) });
  });
  const books = [...booksOf(accounts), behind, await endedByThemselves(cluster)];
  return { seed, listeners: count, windows: tally.windows, books };
}

interface NamedLine {
  readonly username: string;
  readonly line: Line;
}

async function openLines(url: string, count: number): Promise<NamedLine[]> {
  const lines: NamedLine[] = [];
  await inTurns(Array.from({ length: count }), SIGN_UPS_AT_ONCE, async (_, i) => {
    const username = `listener${i}`;
    // Of a network that is set aside for tests (RFC 2544).
    const address = `198.18.${i >> 8}.${i & 255}`;
    const line = await openLine({ username, password: PASSWORD }, { url, address, bySocket: i % 2 === 0 });
    lines[i] = { username, line };
  });
  return lines;
}

/**
 * Lets one listener after the other act, as often as calls are to be made; they join one by one.
 *
 * @returns what ends it.
 */
function startLoad(listeners: readonly Listener[], callsPerSec: number, tally: Tally): () => void {
  const beganAtMs = performance.now();
  let acted = 0;
  let lastTickAtMs = beganAtMs;
  const timer = setInterval(() => {
    const atMs = performance.now();
    const window = tally.now;
    window.driverLateMsMax = Math.max(window.driverLateMsMax, atMs - lastTickAtMs - TICK_MS);
    lastTickAtMs = atMs;
    const share = Math.min(1, (atMs - beganAtMs) / START_SPREAD_MS);
    const present = Math.max(1, Math.floor(listeners.length * share));
    const due = Math.floor(((atMs - beganAtMs) * callsPerSec) / 1000);
    for (; acted < due; acted++) listeners[acted % present]?.act();
  }, TICK_MS);
  return () => clearInterval(timer);
}

interface ActDeps {
  readonly cluster: Cluster;
  readonly network: LocalNetwork;
  readonly leaderOf: Store['leaderOf'];
  readonly tally: Tally;
  readonly say: (text: string) => void;
}

/** A fault whose part takes long to come back delays the next one. */
async function act({ faults, durationMs }: Plan, deps: ActDeps): Promise<void> {
  const { tally, say } = deps;
  const beganAtMs = performance.now();
  const sinceMs = (): number => performance.now() - beganAtMs;
  const until = (atMs: number): Promise<void> => sleep(Math.max(0, atMs - sinceMs()));
  for (const fault of faults) {
    await until(fault.atMs);
    const window = tally.next(fault.kind);
    const { target, heal } = await inflict(fault, deps);
    window.target = target;
    say(`${Math.round(sinceMs() / 1000)} s: ${fault.kind}, ${target}`);
    await sleep(fault.healAfterMs);
    await heal();
  }
  if (faults.length > 0) say('calm');
  await until(durationMs);
}

/** Each consumer goes on by itself: what it has not handled a while after the last fault, it never will. */
async function consumersBehindInTheEnd(store: Store): Promise<Book> {
  const untilMs = performance.now() + CAUGHT_UP_MS_MAX;
  let wrong = await store.consumersBehind();
  while (wrong.length > 0 && performance.now() < untilMs) {
    await sleep(CAUGHT_UP_POLL_MS);
    wrong = await store.consumersBehind();
  }
  return { rule: 'each consumer has handled the whole journal, and nothing is parked', checked: 1, wrong };
}

async function endedByThemselves({ nodes, gateway, origin }: Cluster): Promise<Book> {
  const processes = [...nodes, gateway, origin];
  const wrong: string[] = [];
  for (const { name, process } of processes) {
    const how = await Promise.race([process.exited, Promise.resolve(undefined)]);
    if (how !== undefined) wrong.push(`${name} ended: ${how}`);
  }
  return { rule: 'no process has ended by itself', checked: processes.length, wrong };
}

async function inTurns<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) await work(items[i] as T, i);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
