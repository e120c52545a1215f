/**
 * Many listeners in a process of their own: each holds a socket, reports every ten seconds, and goes to the
 * next song every three minutes. What is due is fixed beforehand, so that an answer that is late delays no
 * later call, and latency counts from when a call was due.
 */
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { PROGRESS_REPORT_EVERY_MS } from '../../../config/limits.ts';
import type { ListenerAccount } from './library.ts';

interface Connect {
  readonly do: 'connect';
  /** ws://… */
  readonly url: string;
  /** A file with a ListenerAccount as JSON in each line. */
  readonly accounts: string;
  readonly from: number;
  readonly to: number;
}
interface Measure {
  readonly do: 'measure';
  readonly forMs: number;
}
export type Order = Connect | Measure;

interface Latencies {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}
export interface Measured {
  readonly open: number;
  readonly all: Latencies;
  readonly progress: Latencies;
  readonly next: Latencies;
  /** By what went wrong: statuses other than 200, closed sockets, calls without an answer. */
  readonly failures: Readonly<Record<string, number>>;
  readonly events: number;
  /** How late this process itself was, and how much of its core it used. */
  readonly ownDelayP99Ms: number;
  readonly ownCpu: number;
}

const REPORTS_PER_SONG = 18;
const CONNECTING_MAX = 64;
const PLAY_AGAIN_MS = 1000;
/** How long after the measured time an answer is waited for. */
const ANSWER_MS_MAX = 5000;
/** So many addresses of this machine, for each has some 28,000 ports. */
const LOCAL_ADDRESSES = 4;

type Kind = 'play' | 'progress' | 'next';
type Recorded = Record<Kind, number[]>;
interface Pending {
  readonly kind: Kind;
  readonly dueAtMs: number;
  readonly listener: Listener;
  /** Where its latency goes, when it came due while it was being measured. */
  readonly into: Recorded | undefined;
}
interface PlayerAnswer {
  readonly state: { readonly current?: { readonly playId: string } };
}

const pending = new Map<number, Pending>();
const slots: Listener[][] = Array.from({ length: PROGRESS_REPORT_EVERY_MS }, () => []);
let calls = 0;
let open = 0;
let events = 0;
let failures: Record<string, number> = {};
let recorded: Recorded | undefined;

const fail = (what: string): void => {
  failures[what] = (failures[what] ?? 0) + 1;
};

class Listener {
  readonly #account: ListenerAccount;
  readonly #socket: WebSocket;
  readonly #slot = Math.floor(Math.random() * PROGRESS_REPORT_EVERY_MS);
  #reports = Math.floor(Math.random() * REPORTS_PER_SONG);
  #playId = '';
  #startedAtMs = 0;
  readonly #playing = Promise.withResolvers<void>();

  constructor(account: ListenerAccount, url: string, i: number) {
    this.#account = account;
    this.#socket = new WebSocket(url, {
      perMessageDeflate: false,
      localAddress: `127.0.0.${1 + (i % LOCAL_ADDRESSES)}`,
      // Each is somebody else to the limits of an address, as behind a load balancer.
      headers: { 'x-forwarded-for': `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}` },
    });
    this.#socket.on('open', () => this.#send({ t: 'hello', token: account.token }));
    this.#socket.on('message', (data) => this.#receive(String(data)));
    this.#socket.on('error', (error) => {
      fail(`socket: ${error.message}`);
      this.#playing.reject(error);
    });
    this.#socket.on('close', (code) => {
      open--;
      fail(`closed: ${code}`);
      this.#playing.reject(new Error(`A socket was closed: ${code}`));
    });
    open++;
  }

  get playing(): Promise<void> {
    return this.#playing.promise;
  }

  #send(message: unknown): void {
    this.#socket.send(JSON.stringify(message));
  }

  #call(kind: Kind, params: unknown, dueAtMs: number): void {
    const id = ++calls;
    pending.set(id, { kind, dueAtMs, listener: this, into: recorded });
    this.#send({ t: 'call', id, route: `POST /me/player/${kind}`, params });
  }

  /** Called every PROGRESS_REPORT_EVERY_MS. A report at the end of a song goes along with `next`. */
  tick(dueAtMs: number): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const playId = this.#playId;
    const listenedMs = Math.max(0, Math.floor(dueAtMs - this.#startedAtMs));
    if (++this.#reports % REPORTS_PER_SONG === 0) {
      this.#call('next', { playId, reason: 'ended', listenedMs }, dueAtMs);
    } else {
      this.#call('progress', { playId, listenedMs, positionMs: listenedMs, playing: true }, dueAtMs);
    }
  }

  #receive(text: string): void {
    if (text.startsWith('{"t":"event"')) events++;
    else if (text.startsWith('{"t":"ping"')) this.#send({ t: 'pong' });
    else if (text.startsWith('{"t":"welcome"')) this.#play();
    else onAnswer(text);
  }

  #play(): void {
    const { albumId, songIds } = this.#account;
    this.#call('play', { context: { type: 'album', id: albumId }, songIds }, performance.now());
  }

  /** While many come at once some are told to try again. */
  refused(kind: Kind): void {
    if (kind === 'play') setTimeout(() => this.#play(), PLAY_AGAIN_MS);
  }

  answered(kind: Kind, body: unknown): void {
    if (kind === 'progress') {
      if (!(body as { current: boolean }).current) fail('not current');
      return;
    }
    const { current } = (body as PlayerAnswer).state;
    if (!current) {
      fail('nothing plays');
      return;
    }
    this.#playId = current.playId;
    this.#startedAtMs = performance.now();
    if (kind === 'play') {
      slots[this.#slot]?.push(this);
      this.#playing.resolve();
    }
  }
}

function onAnswer(text: string): void {
  const nowMs = performance.now();
  const { id, status, body } = JSON.parse(text) as { id: number; status: number; body: unknown };
  const call = pending.get(id);
  if (!call) return;
  pending.delete(id);
  call.into?.[call.kind].push(nowMs - call.dueAtMs);
  if (status === 200) {
    call.listener.answered(call.kind, body);
    return;
  }
  fail(`${call.kind}: ${status} ${(body as { code?: string }).code}`);
  call.listener.refused(call.kind);
}

/** Goes through the slots that have come due, each millisecond or as soon as it can. */
let doneSlot = Math.floor(performance.now());
function turn(): void {
  const nowMs = performance.now();
  while (doneSlot + 1 <= nowMs) {
    doneSlot++;
    for (const listener of slots[doneSlot % PROGRESS_REPORT_EVERY_MS] ?? []) listener.tick(doneSlot);
  }
  setTimeout(turn, 1);
}
turn();

async function connectAll({ url, accounts, from, to }: Connect): Promise<void> {
  const lines = readFileSync(accounts, 'utf8').split('\n').slice(from, to);
  let next = 0;
  const worker = async () => {
    while (next < lines.length) {
      const i = next++;
      await new Listener(JSON.parse(lines[i] ?? '') as ListenerAccount, url, from + i).playing;
    }
  };
  await Promise.all(Array.from({ length: CONNECTING_MAX }, worker));
}

function latenciesOf(values: readonly number[]): Latencies {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: sorted.at(-1) ?? 0 };
}

async function measure({ forMs }: Measure): Promise<Measured> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const cpuBefore = process.cpuUsage();
  const startedAtMs = performance.now();
  events = 0;
  failures = {};
  const into: Recorded = { play: [], progress: [], next: [] };
  recorded = into;
  delay.enable();
  await sleep(forMs);
  recorded = undefined;
  const tookMs = performance.now() - startedAtMs;
  delay.disable();
  const { user, system } = process.cpuUsage(cpuBefore);
  const owed = () => [...pending.values()].filter((call) => call.into === into);
  const untilMs = performance.now() + ANSWER_MS_MAX;
  while (owed().length > 0 && performance.now() < untilMs) await sleep(10);
  for (const { kind } of owed()) fail(`${kind}: no answer`);
  const { progress, next } = into;
  return {
    open,
    all: latenciesOf([...progress, ...next]),
    progress: latenciesOf(progress),
    next: latenciesOf(next),
    failures,
    events,
    ownDelayP99Ms: delay.percentile(99) / 1e6,
    ownCpu: (user + system) / 1000 / tookMs,
  };
}

process.on('message', (order: Order) => {
  const done = order.do === 'connect' ? connectAll(order) : measure(order);
  void done.then((result) => process.send?.(result ?? {}));
});
process.on('disconnect', () => process.exit(0));
