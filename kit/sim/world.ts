/** Nodes, stores and the lines between them, with everything that can go wrong, all drawn from one seed. */
import { rendezvousOf } from '../actor/rendezvous.ts';
import { AntiphonError, errorFromWire, errorToWire, UnavailableError } from '../errors.ts';
import type { Sources } from '../sources.ts';
import { drawFaults, type Faults, NO_FAULTS } from './faults.ts';
import { deliver, type Line, type Node, type NodeEnv, type Process, type Start } from './node.ts';
import { type SeededRandom, seededIds, seededRandom } from './random.ts';
import { clone, createRecords, type Records } from './records.ts';
import { journalFor, rowsFor, type StoreCall, type StoreContent, storeAway } from './stores.ts';
import { tablesFor } from './tables.ts';
import type { Timeline } from './timeline.ts';

const ASK_TIMEOUT_MS = 1000;
const ASK_AGAIN_AFTER_MS = 50;

export interface AskOptions {
  readonly timeoutMs?: number;
  /** Names of the nodes that may be asked; default all. */
  readonly among?: readonly string[];
}

export interface World extends Sources {
  readonly random: SeededRandom;
  /** What the journal truly holds. */
  readonly records: Records;
  /** Starts a node; `start` runs again, with a new `env`, after each crash. */
  node(name: string, start: Start<never>): void;
  /**
   * One request to the actor `id`, through the bus. Rejects with the error that the node answered with, or
   * with UnavailableError `NO_ANSWER`: it may have been done or not.
   */
  ask<Reply>(id: string, message: unknown, options?: AskOptions): Promise<Reply>;
  /** `ask`, again and again while the error is retryable; undefined when no answer came in all the tries. */
  insist<Reply>(id: string, message: unknown, options?: { triesMax?: number }): Promise<Reply | undefined>;
  sleep(ms: number): Promise<void>;
  /** Lets faults loose, by default those drawn from the seed. */
  unleash(faults?: Faults): void;
  /** Ends all faults and has every node up and connected. */
  calm(): void;
  crash(name: string, downMs: number): void;
  pause(name: string, forMs: number): void;
  cut(name: string, line: Line, forMs: number): void;
  /** Ends the simulation as failed unless `condition` holds. */
  check(condition: boolean, message: string): void;
  /** Adds a line to the trace. */
  note(line: string): void;
}

export interface WorldDeps {
  readonly seed: number;
  readonly timeline: Timeline;
  readonly note: (line: string) => void;
  /** An error that nobody may cause: it ends the simulation as failed. */
  readonly fail: (error: unknown) => void;
}

type AnyProcess = Process<unknown>;
type AnyNode = Node<unknown>;

export function createWorld({ seed, timeline, note, fail }: WorldDeps): World {
  const random = seededRandom(seed);
  const ids = seededIds(random, timeline.nowMs);
  const content: StoreContent = {
    records: createRecords(timeline.nowMs),
    rows: new Map(),
    tables: new Map(),
    positions: new Map(),
    onAppend: new Set(),
  };
  const nodes = new Map<string, AnyNode>();
  let faults = NO_FAULTS;
  /** Each time of faults ends with its number: what was set off by one does not reach into the next. */
  let rage = 0;

  const nodeOf = (name: string): AnyNode => {
    const node = nodes.get(name);
    if (!node) throw new Error(`no node is called ${name}`);
    return node;
  };
  const delayMs = () =>
    random.next() * (random.chance(faults.stalled) ? faults.stallMsMax : faults.delayMsMax);
  const sleep = (ms: number) => new Promise<void>((resolve) => timeline.after(ms, resolve));

  function storeCallOf(node: AnyNode, process: AnyProcess): StoreCall {
    return (what, run) =>
      new Promise((resolve, reject) => {
        if (!process.alive) return;
        const answer = (settle: () => void) => timeline.after(delayMs(), () => deliver(process, settle));
        const died = random.chance(faults.crashInCall);
        if (died && random.chance(0.5)) return killAndRestart(node, random.next() * faults.downMsMax);
        timeline.after(delayMs(), () => {
          if (node.cutFrom.has('stores') || random.chance(faults.failsBefore)) {
            note(`${node.name} ${what}: not done`);
            return answer(() => reject(storeAway()));
          }
          try {
            const result = run();
            note(`${node.name} ${what}: ${JSON.stringify(result) ?? 'done'}`);
            if (died && process.alive) return killAndRestart(node, random.next() * faults.downMsMax);
            if (random.chance(faults.failsAfter)) {
              note(`${node.name} does not hear that it was done`);
              return answer(() => reject(storeAway()));
            }
            answer(() => resolve(result));
          } catch (error) {
            note(`${node.name} ${what}: ${error}`);
            answer(() => reject(error));
          }
        });
      });
  }

  function envOf(node: AnyNode, process: AnyProcess): NodeEnv {
    const call = storeCallOf(node, process);
    const clock = {
      nowMs: timeline.nowMs,
      after: (ms: number, run: () => void) => timeline.after(ms, () => deliver(process, run)),
    };
    const appended = () =>
      new Promise<void>((resolve) => {
        const wake = () => {
          content.onAppend.delete(wake);
          deliver(process, resolve);
        };
        content.onAppend.add(wake);
      });
    const redelivered = () => random.chance(faults.redelivered);
    const processSleep = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
    return {
      name: node.name,
      clock,
      random,
      ids,
      journal: journalFor({ content, call, redelivered, appended, sleep: processSleep }),
      rows: (table) => rowsFor(table, { content, call }),
      tables: tablesFor(content.tables, call),
    };
  }

  function boot(node: AnyNode): void {
    if (node.process) return;
    const process: AnyProcess = { alive: true, paused: false, held: [], handle: undefined };
    node.process = process;
    note(`${node.name} starts`);
    process.handle = node.start(envOf(node, process));
  }

  function killAndRestart(node: AnyNode, downMs: number): void {
    if (!node.process) return;
    note(`${node.name} dies`);
    node.process.alive = false;
    node.process.held.length = 0;
    node.process = undefined;
    timeline.after(downMs, () => boot(node));
  }

  function resume(process: AnyProcess): void {
    process.paused = false;
    for (const run of process.held.splice(0)) deliver(process, run);
  }

  function pause(node: AnyNode, forMs: number): void {
    const { process } = node;
    if (!process || process.paused) return;
    note(`${node.name} stops for ${Math.round(forMs)} ms`);
    process.paused = true;
    timeline.after(forMs, () => {
      if (!process.alive || !process.paused) return;
      note(`${node.name} goes on`);
      resume(process);
    });
  }

  function cut(node: AnyNode, line: Line, forMs: number): void {
    note(`${node.name} is cut off from the ${line} for ${Math.round(forMs)} ms`);
    node.cutFrom.add(line);
    timeline.after(forMs, () => node.cutFrom.delete(line));
  }

  /** Something that happens to a node picked at random, every `meanMs` or so, until the world is calm. */
  function haunt(meanMs: number, happen: (node: AnyNode) => void): void {
    if (meanMs === 0) return;
    const ofRage = rage;
    timeline.after(2 * meanMs * random.next(), () => {
      if (ofRage !== rage) return;
      happen(random.pick([...nodes.values()]));
      haunt(meanMs, happen);
    });
  }

  /** Routing notices a dead or silent node sooner or later, and is wrong at times. */
  function route(id: string, among?: readonly string[]): AnyNode | undefined {
    const known = [...nodes.values()].filter((node) => {
      if (among && !among.includes(node.name)) return false;
      const reachable = node.process && !node.process.paused && !node.cutFrom.has('bus');
      return reachable || random.chance(0.5);
    });
    if (known.length > 0 && random.chance(faults.misrouted)) return random.pick(known);
    return rendezvousOf(id, known, (node) => node.name);
  }

  function ask<Reply>(
    id: string,
    message: unknown,
    { timeoutMs = ASK_TIMEOUT_MS, among }: AskOptions = {},
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const deadlineMs = timeline.nowMs() + timeoutMs;
      const text = `${id} ${JSON.stringify(message)}`;
      timeline.after(timeoutMs, () =>
        reject(new UnavailableError('NO_ANSWER', 'No answer came; ask again.')),
      );
      const node = route(id, among);
      if (!node) return;

      const answer = (line: string, settle: () => void) => {
        const lost = node.cutFrom.has('bus') || random.chance(faults.replyLost);
        note(`${node.name} answers ${text}: ${line}${lost ? ' (lost)' : ''}`);
        if (!lost) timeline.after(delayMs(), settle);
      };
      const serve = async (process: AnyProcess) => {
        note(`${node.name} takes ${text}`);
        try {
          const reply = clone(await process.handle?.(id, clone(message), { deadlineMs }));
          if (process.alive) answer(JSON.stringify(reply), () => resolve(reply as Reply));
        } catch (error) {
          if (!(error instanceof AntiphonError)) return fail(error);
          const revived = errorFromWire(clone(errorToWire(error)));
          if (process.alive) answer(error.code, () => reject(revived));
        }
      };
      const arrive = () => {
        if (node.process && !node.cutFrom.has('bus')) {
          const { process } = node;
          deliver(process, () => void serve(process));
        }
      };
      if (!random.chance(faults.requestLost)) timeline.after(delayMs(), arrive);
      if (random.chance(faults.requestDuplicated)) timeline.after(delayMs(), arrive);
    });
  }

  return {
    clock: timeline,
    random,
    ids,
    records: content.records,
    note,
    sleep,
    ask,
    async insist<Reply>(id: string, message: unknown, { triesMax = 20 } = {}) {
      for (let tries = 0; tries < triesMax; tries++) {
        try {
          return await ask<Reply>(id, message);
        } catch (error) {
          if (!(error instanceof AntiphonError) || !(error.retryable || error.code === 'DEADLINE_EXCEEDED')) {
            throw error;
          }
          await sleep(ASK_AGAIN_AFTER_MS * (1 + random.next()));
        }
      }
      return undefined;
    },
    node(name, start) {
      const node: AnyNode = { name, start: start as Start<unknown>, process: undefined, cutFrom: new Set() };
      nodes.set(name, node);
      boot(node);
    },
    unleash(drawn = drawFaults(random)) {
      faults = drawn;
      rage += 1;
      note(`faults: ${JSON.stringify(faults)}`);
      haunt(faults.crashEveryMs, (node) => killAndRestart(node, random.next() * faults.downMsMax));
      haunt(faults.pauseEveryMs, (node) => pause(node, random.next() * faults.pauseMsMax));
      haunt(faults.cutEveryMs, (node) =>
        cut(node, random.pick(['bus', 'stores']), random.next() * faults.cutMsMax),
      );
    },
    calm() {
      note('calm');
      faults = NO_FAULTS;
      rage += 1;
      for (const node of nodes.values()) {
        node.cutFrom.clear();
        boot(node);
        if (node.process?.paused) resume(node.process);
      }
    },
    crash: (name, downMs) => killAndRestart(nodeOf(name), downMs),
    pause: (name, forMs) => pause(nodeOf(name), forMs),
    cut: (name, line, forMs) => cut(nodeOf(name), line, forMs),
    check(condition, message) {
      if (!condition) throw new Error(message);
    },
  };
}
