/**
 * A counter as a virtual actor on three nodes, and clients that add to it and take from it: the runtime of
 * kit/actor under everything that kit/sim can do to it. Each command journals its own name, so that the
 * journal tells whether it took effect once, twice or never.
 */
import type { Behaviour } from '../../kit/actor/behaviour.ts';
import { createActorHost } from '../../kit/actor/host.ts';
import { ACTOR_LIMITS } from '../../kit/actor/limits.ts';
import type { ActorSnapshot } from '../../kit/actor/snapshot.ts';
import { ConflictError } from '../../kit/errors.ts';
import type { NodeEnv } from '../../kit/sim/node.ts';
import type { Scenario } from '../../kit/sim/simulate.ts';
import type { World } from '../../kit/sim/world.ts';

interface Step {
  readonly name: string;
  readonly by: 1 | -1;
}
interface Command extends Step {
  readonly commandId: string;
}
interface Count {
  readonly total: number;
  readonly steps: number;
}
interface Reply {
  /** Which step of the counter this was, from 1. */
  readonly place: number;
}

const counter: Behaviour<Count, Command, Step, Reply> = {
  name: 'counter',
  stateVersion: 1,
  initial: () => ({ total: 0, steps: 0 }),
  decide({ total, steps }, { name, by }) {
    if (total + by < 0) return { accepted: false, rejection: new ConflictError('EMPTY', 'Add first.') };
    return { accepted: true, events: [{ name, by }], reply: { place: steps + 1 } };
  },
  evolve: ({ total, steps }, { by }) => ({ total: total + by, steps: steps + 1 }),
};

/** Small, so that snapshots, passivation and eviction happen within a short run. */
const limits = { ...ACTOR_LIMITS, snapshotEvery: 3, idleMs: 3000, sweepEveryMs: 1000, residentsMax: 2 };

const NODES = ['n1', 'n2', 'n3'];
const COUNTERS = ['a', 'b', 'c'];
const CLIENTS = 4;
const COMMANDS_EACH = 6;
const WAITS_MAX = 100;

/** How a mutation of the runtime is put in: the test shows that each one is caught. */
export interface Mutation {
  readonly journal?: (journal: NodeEnv['journal']) => NodeEnv['journal'];
  readonly forgetCommandId?: boolean;
}

type Told = Reply | 'EMPTY' | undefined;

async function tell(world: World, id: string, command: Command): Promise<Told> {
  try {
    return await world.insist<Reply>(id, command);
  } catch (error) {
    if (error instanceof ConflictError) return 'EMPTY';
    throw error;
  }
}

const stepsOf = (world: World, id: string): Step[] =>
  world.records
    .read('counter', `counter.${id}`)
    .flatMap(({ data }) => (data as { readonly events: readonly Step[] }).events);

function checkCounter(world: World, id: string, told: ReadonlyMap<string, Told>): void {
  const steps = stepsOf(world, id);
  const names = steps.map(({ name }) => name);
  world.check(new Set(names).size === names.length, `${id} takes a step twice: ${names}`);
  world.check(
    names.every((name) => told.has(name)),
    `${id} takes a step that nobody asked for: ${names}`,
  );
  let total = 0;
  for (const { by } of steps) {
    total += by;
    world.check(total >= 0, `${id} goes below zero: ${JSON.stringify(steps)}`);
  }
  for (const [name, answer] of told) {
    if (!answer || answer === 'EMPTY') continue;
    const there = names[answer.place - 1];
    world.check(there === name, `${id} lost ${name}, acknowledged as step ${answer.place} of ${names}`);
  }
}

export const counterScenario = (
  name: string,
  { journal: mutated = (real) => real, forgetCommandId }: Mutation,
): Scenario => ({
  name,
  async run(world) {
    /** What a consumer wrote down, as a table keyed by `seq` would hold it. */
    const projected = new Set<number>();
    for (const node of NODES) {
      world.node(node, (env) => {
        const journal = mutated(env.journal);
        const snapshots = env.rows<ActorSnapshot>('snapshots');
        const host = createActorHost({ behaviour: counter, journal, snapshots, clock: env.clock, limits });
        void journal.consume({
          stream: 'counter',
          consumer: 'projection',
          handle: async (records) => {
            await env.journal.lastSeq('counter', 'somewhere slow');
            for (const { seq } of records) projected.add(seq);
          },
        });
        return async (id, command: Command, { deadlineMs }) => {
          // A refused command may be taken when it comes again, but what was done may not be refused.
          const done = stepsOf(world, id).some(({ name }) => name === command.name);
          const dedupe = forgetCommandId ? {} : { commandId: command.commandId };
          try {
            return (await host.send(id, command, { ...dedupe, deadlineMs })).reply;
          } catch (error) {
            world.check(
              !(done && error instanceof ConflictError),
              `${id} did ${command.name}, then refused it`,
            );
            throw error;
          }
        };
      });
    }

    const told = new Map(COUNTERS.map((id) => [id, new Map<string, Told>()]));
    const client = async (clientName: string) => {
      for (let i = 0; i < COMMANDS_EACH; i++) {
        const id = world.random.pick(COUNTERS);
        const step: Step = { name: `${clientName}.${i}`, by: world.random.pick([1, -1]) };
        told.get(id)?.set(step.name, undefined);
        const answer = await tell(world, id, { ...step, commandId: world.ids.next() });
        told.get(id)?.set(step.name, answer);
        await world.sleep(500 * world.random.next());
      }
    };
    world.unleash();
    await Promise.all(Array.from({ length: CLIENTS }, (_, i) => client(`client${i}`)));
    world.calm();

    for (const id of COUNTERS) {
      const last: Command = { name: 'last', by: 1, commandId: world.ids.next() };
      const ofId = told.get(id) ?? new Map();
      ofId.set('last', await tell(world, id, last));
      world.check(ofId.get('last') !== undefined, `${id} does not answer once all is calm`);
      checkCounter(world, id, ofId);
    }
    const everything = world.records.after('counter', 0, Number.POSITIVE_INFINITY);
    for (let i = 0; i < WAITS_MAX && projected.size < everything.length; i++) await world.sleep(100);
    world.check(
      everything.every(({ seq }) => projected.has(seq)),
      `the consumer missed records: ${[...projected]}`,
    );
  },
});

export default counterScenario('counter', {});
