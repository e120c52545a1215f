/**
 * A counter as a virtual actor on three nodes, and clients that add to it: the runtime of kit/actor under
 * everything that kit/sim can do to it. Each command appends its own name, so that the journal tells whether
 * it took effect once, twice or never.
 */
import type { Behaviour } from '../../kit/actor/behaviour.ts';
import { createActorHost } from '../../kit/actor/host.ts';
import { ACTOR_LIMITS } from '../../kit/actor/limits.ts';
import type { ActorSnapshot } from '../../kit/actor/snapshot.ts';
import type { NodeEnv } from '../../kit/sim/node.ts';
import type { Scenario } from '../../kit/sim/simulate.ts';

interface Added {
  readonly added: string;
}
interface Add {
  readonly name: string;
  readonly commandId: string;
}

const counter: Behaviour<readonly string[], Add, Added, { total: number }> = {
  name: 'counter',
  stateVersion: 1,
  initial: () => [],
  decide: (state, { name }) => ({
    accepted: true,
    events: [{ added: name }],
    reply: { total: state.length + 1 },
  }),
  evolve: (state, { added }) => [...state, added],
};

/** Small, so that snapshots, passivation and eviction happen within a short run. */
const limits = { ...ACTOR_LIMITS, snapshotEvery: 3, idleMs: 3000, sweepEveryMs: 1000, residentsMax: 2 };

const NODES = ['n1', 'n2', 'n3'];
const COUNTERS = ['a', 'b', 'c'];
const CLIENTS = 4;
const COMMANDS_EACH = 6;

/** How a mutation of the runtime is put in: the test shows that each one is caught. */
export interface Mutation {
  readonly journal?: (journal: NodeEnv['journal']) => NodeEnv['journal'];
  readonly forgetCommandId?: boolean;
}

export const counterScenario = (
  name: string,
  { journal = (real) => real, forgetCommandId }: Mutation,
): Scenario => ({
  name,
  async run(world) {
    for (const node of NODES) {
      world.node(node, (env) => {
        const host = createActorHost({
          behaviour: counter,
          journal: journal(env.journal),
          snapshots: env.rows<ActorSnapshot>('snapshots'),
          clock: env.clock,
          limits,
        });
        return async (id, add: Add, { deadlineMs }) => {
          const dedupe = forgetCommandId ? {} : { commandId: add.commandId };
          return (await host.send(id, add, { ...dedupe, deadlineMs })).reply;
        };
      });
    }

    const sent = new Map<string, Set<string>>(COUNTERS.map((id) => [id, new Set()]));
    const acknowledged = new Map<string, number>();
    world.unleash();
    const client = async (clientName: string) => {
      for (let i = 0; i < COMMANDS_EACH; i++) {
        const id = world.random.pick(COUNTERS);
        const add = { name: `${clientName}.${i}`, commandId: world.ids.next() };
        sent.get(id)?.add(add.name);
        const reply = await world.insist<{ total: number }>(id, add);
        if (reply) acknowledged.set(`${id} ${add.name}`, reply.total);
        await world.sleep(500 * world.random.next());
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, (_, i) => client(`client${i}`)));
    world.calm();

    for (const id of COUNTERS) {
      const names = world.records
        .read('counter', `counter.${id}`)
        .flatMap(({ data }) => (data as { events: Added[] }).events.map(({ added }) => added));
      world.check(new Set(names).size === names.length, `${id} counts a command twice: ${names}`);
      world.check(
        names.every((each) => sent.get(id)?.has(each)),
        `${id} counts what nobody sent: ${names}`,
      );
      for (const each of sent.get(id) ?? []) {
        const total = acknowledged.get(`${id} ${each}`);
        if (total === undefined) continue;
        world.check(names.includes(each), `${id} lost ${each}, which was acknowledged`);
        world.check(names[total - 1] === each, `${id} answered ${total} to ${each}, of ${names}`);
      }
      const reply = await world.insist<{ total: number }>(id, { name: 'last', commandId: world.ids.next() });
      world.check(reply?.total === names.length + 1, `${id} does not answer once all is calm`);
    }
  },
});

export default counterScenario('counter', {});
