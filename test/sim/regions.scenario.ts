/**
 * Two regions, each home to some listeners, mirrored to one another a little late. One is lost, or cut off
 * from the rest of the world, and comes back; then everyone moves home again. A counter of plays stands for
 * the session: what matters is that each acknowledged play is counted once, wherever it was taken.
 */
import type { Behaviour } from '../../kit/actor/behaviour.ts';
import { createActorHost } from '../../kit/actor/host.ts';
import { ACTOR_LIMITS } from '../../kit/actor/limits.ts';
import type { ActorSnapshot } from '../../kit/actor/snapshot.ts';
import { AntiphonError, StaleWriteError, UnavailableError } from '../../kit/errors.ts';
import { drawFaults } from '../../kit/sim/faults.ts';
import type { NodeEnv } from '../../kit/sim/node.ts';
import type { Scenario } from '../../kit/sim/simulate.ts';
import type { World } from '../../kit/sim/world.ts';
import { type Homes, type Leg, regionalJournal, streamIn } from './regions.journal.ts';

interface Command {
  readonly type: 'count' | 'moveOut';
  readonly playId: string;
  readonly commandId: string;
}
interface Counted {
  readonly playId: string;
}
interface State {
  readonly playIds: readonly string[];
}

const plays: Behaviour<State, Command, Counted, 'counted'> = {
  name: 'plays',
  stateVersion: 1,
  initial: () => ({ playIds: [] }),
  decide: ({ playIds }, { playId }) => ({
    accepted: true,
    // A play is known by its id in all regions, so handing an orphan in again cannot count it twice.
    events: playIds.includes(playId) ? [] : [{ playId }],
    reply: 'counted',
  }),
  evolve: ({ playIds }, { playId }) => ({ playIds: [...playIds, playId] }),
};

/** Counts whatever it is told, however often. */
const forgetful: typeof plays = {
  ...plays,
  decide: (_state, { playId }) => ({ accepted: true, events: [{ playId }], reply: 'counted' }),
};

const REGIONS = ['east', 'west'] as const;
const NODES = { east: ['east1', 'east2'], west: ['west1', 'west2'] } as const;
type Region = (typeof REGIONS)[number];
const otherThan = (region: Region): Region => (region === 'east' ? 'west' : 'east');

const LISTENERS = ['ada', 'ben', 'cleo', 'dan'];
const firstRegionOf = (listener: string): Region => (LISTENERS.indexOf(listener) % 2 ? 'west' : 'east');
const PLAYS_EACH = 12;
const MIRROR_LAG_MS_MAX = 1500;
const LEASE_MS = 3000;
const LEASE_RENEWED_EVERY_MS = 700;
/** Added before a lease is taken for lost: by how much clocks may differ. */
const CLOCK_SKEW_MS_MAX = 1000;
const TRIES_MAX = 60;
const SETTLED_AFTER_MS = 15_000;
const STREAM = 'plays';
const subjectOf = (listener: string) => `${STREAM}.${listener}`;

/** How a mutation is put in: the test shows that each one is caught. */
export interface Mutation {
  /** What the lost region had acknowledged and nobody had mirrored is not handed in again. */
  readonly dropOrphans?: boolean;
  /** A play is not known by its id. */
  readonly forgetPlayIds?: boolean;
  /** A lost region's leg is not ended where its mirror ended: what comes over later slips in before. */
  readonly openEnded?: boolean;
}

interface Planet {
  readonly world: World;
  /** Cut off from the other regions and from what is kept by a majority of them. */
  readonly isolated: Set<Region>;
}

/** What a majority of the regions keeps, as a region sees it. */
function worldwide({ isolated }: Planet, region: Region, { journal }: NodeEnv): NodeEnv['journal'] {
  const reach = () => {
    if (isolated.has(region)) throw new UnavailableError('STORE_AWAY', 'The other regions do not answer.');
  };
  return {
    ...journal,
    async append(...args) {
      reach();
      return journal.append(...args);
    },
    async read(...args) {
      reach();
      return journal.read(...args);
    },
  };
}

function homesOf(journal: NodeEnv['journal'], { openEnded }: Mutation): Homes {
  const newest = async (subject: string) => (await journal.read('homes', subject, 0, 1)).at(-1);
  const first = (subject: string): readonly Leg[] => [
    { region: firstRegionOf(subject.slice(STREAM.length + 1)), fromSeq: 0 },
  ];
  return {
    async legs(subject) {
      return ((await newest(subject))?.data as readonly Leg[] | undefined) ?? first(subject);
    },
    async swap(subject, from, to) {
      const record = await newest(subject);
      if (JSON.stringify(record?.data ?? first(subject)) !== JSON.stringify(from)) return false;
      const legs = openEnded ? to.map(({ untilSeq: _, ...leg }) => leg) : to;
      try {
        await journal.append('homes', subject, legs, { expectedSeq: record?.seq ?? 0 });
        return true;
      } catch (error) {
        if (error instanceof StaleWriteError) return false;
        throw error;
      }
    },
  };
}

/** The region's lease, renewed by each of its nodes; valid from when the renewal was sent. */
function leaseOf(region: Region, { clock }: NodeEnv, journal: NodeEnv['journal']) {
  let untilMs = 0;
  const renew = async () => {
    const sentAtMs = clock.nowMs();
    await journal.append('leases', region, { untilMs: sentAtMs + LEASE_MS });
    untilMs = sentAtMs + LEASE_MS;
  };
  const again = (): void => {
    renew()
      .catch(() => undefined)
      .finally(() => clock.after(LEASE_RENEWED_EVERY_MS, again));
  };
  again();
  return {
    holds: () => clock.nowMs() < untilMs,
    async isLost(of: string) {
      const [newest] = await journal.read('leases', of, 0, 1);
      const until = (newest?.data as { untilMs: number } | undefined)?.untilMs ?? 0;
      return clock.nowMs() > until + CLOCK_SKEW_MS_MAX;
    },
  };
}

type Start = (
  env: NodeEnv,
) => (listener: string, command: Command, call: { deadlineMs: number }) => Promise<string>;

const nodeOf =
  (planet: Planet, region: Region, mutation: Mutation): Start =>
  (env) => {
    const shared = worldwide(planet, region, env);
    const lease = leaseOf(region, env, shared);
    const journal = regionalJournal({
      region,
      local: env.journal,
      homes: homesOf(shared, mutation),
      holdsLease: lease.holds,
      isLost: lease.isLost,
    });
    const host = createActorHost({
      behaviour: mutation.forgetPlayIds ? forgetful : plays,
      journal: { ...journal, erase: async () => {} },
      snapshots: env.rows<ActorSnapshot>(`snapshots@${region}`),
      clock: env.clock,
      limits: { ...ACTOR_LIMITS, snapshotEvery: 3 },
    });
    return async (listener, command, { deadlineMs }) => {
      if (command.type === 'moveOut') {
        await journal.moveOut(STREAM, subjectOf(listener), otherThan(region));
        await host.kick(listener);
        return 'moved';
      }
      return (await host.send(listener, command, { commandId: command.commandId, deadlineMs })).reply;
    };
  };

/** Asks where the listener was last at home, then elsewhere, until somebody answers. */
function clientOf(world: World) {
  const believed = new Map<string, Region>(LISTENERS.map((listener) => [listener, firstRegionOf(listener)]));
  return async (listener: string, command: Command): Promise<boolean> => {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const region = believed.get(listener) as Region;
      try {
        await world.ask(listener, command, { among: NODES[region] });
        if (command.type === 'moveOut') believed.set(listener, otherThan(region));
        return true;
      } catch (error) {
        const goesOn =
          error instanceof AntiphonError && (error.retryable || error.code === 'DEADLINE_EXCEEDED');
        if (!goesOn) throw error;
        if (error.code === 'NOT_HOME' || world.random.chance(0.3)) believed.set(listener, otherThan(region));
        await world.sleep(50 + 100 * world.random.next());
      }
    }
    return false;
  };
}

/** Brings each region's stream over to the other in order, as a JetStream mirror does, keeping its sequences. */
function mirror({ world, isolated }: Planet): () => void {
  let ended = false;
  const copy = (from: Region): void => {
    const to = otherThan(from);
    const [source, target] = [streamIn(STREAM, from, from), streamIn(STREAM, from, to)];
    if (isolated.size === 0) {
      const have = world.records.after(target, 0, Number.POSITIVE_INFINITY).length;
      for (const { subject, data } of world.records.after(source, have, 1 + world.random.below(8))) {
        world.records.append(target, subject, data);
      }
    }
    if (!ended) world.clock.after(MIRROR_LAG_MS_MAX * world.random.next(), () => copy(from));
  };
  for (const region of REGIONS) copy(region);
  return () => {
    ended = true;
  };
}

/** Dead, or alive and alone: from outside both look the same. */
async function loseRegion({ world, isolated }: Planet, region: Region, forMs: number): Promise<void> {
  world.note(`${region} is lost for ${forMs} ms`);
  isolated.add(region);
  if (world.random.chance(0.5)) for (const node of NODES[region]) world.crash(node, forMs);
  await world.sleep(forMs);
  isolated.delete(region);
  world.note(`${region} is back`);
}

const legsOf = (world: World, listener: string): readonly Leg[] =>
  (world.records.read('homes', subjectOf(listener), 0, 1).at(-1)?.data as readonly Leg[] | undefined) ?? [
    { region: firstRegionOf(listener), fromSeq: 0 },
  ];

const playIdsIn = (data: unknown): string[] =>
  ((data as { events?: readonly Counted[] }).events ?? []).map(({ playId }) => playId);

/** What counts of a listener, and what a region acknowledged that no later one has seen. */
function booksOf(world: World, listener: string): { counted: string[]; orphans: string[] } {
  const legs = legsOf(world, listener);
  const records = REGIONS.flatMap((region) =>
    world.records.read(streamIn(STREAM, region, region), subjectOf(listener)).map((record) => {
      const counts = legs.some(
        ({ region: of, fromSeq = Number.POSITIVE_INFINITY, untilSeq = Number.POSITIVE_INFINITY }) =>
          of === region && record.seq > fromSeq && record.seq <= untilSeq,
      );
      return { counts, playIds: playIdsIn(record.data) };
    }),
  );
  const of = (wanted: boolean) =>
    records.flatMap(({ counts, playIds }) => (counts === wanted ? playIds : []));
  return { counted: of(true), orphans: of(false) };
}

export const regionsScenario = (name: string, mutation: Mutation): Scenario => ({
  name,
  async run(world) {
    const { random } = world;
    const planet: Planet = { world, isolated: new Set() };
    for (const region of REGIONS) {
      for (const node of NODES[region]) world.node(node, nodeOf(planet, region, mutation));
    }
    const endMirror = mirror(planet);
    const tell = clientOf(world);
    const acknowledged = new Map<string, string[]>(LISTENERS.map((listener) => [listener, []]));
    const count = async (listener: string, playId: string): Promise<boolean> => {
      const told = await tell(listener, { type: 'count', playId, commandId: world.ids.next() });
      if (told) acknowledged.get(listener)?.push(playId);
      return told;
    };
    const countInCalm = async (listener: string, playId: string) =>
      world.check(await count(listener, playId), `${listener} is served by nobody once all is calm`);
    const listen = async (listener: string) => {
      for (let i = 0; i < PLAYS_EACH; i++) {
        await count(listener, `${listener}.${i}`);
        await world.sleep(3000 * random.next());
      }
    };

    world.unleash({ ...drawFaults(random), cutEveryMs: 0 });
    const lost = random.pick(REGIONS);
    const disaster = world.sleep(random.below(8000)).then(() => loseRegion(planet, lost, 10_000));
    await Promise.all([...LISTENERS.map(listen), disaster]);
    world.calm();
    // Until both regions hold their leases again, and what was stalled on its way has arrived.
    await world.sleep(SETTLED_AFTER_MS);

    for (const listener of LISTENERS) {
      const at = legsOf(world, listener).at(-1)?.region;
      if (at !== firstRegionOf(listener)) {
        await tell(listener, { type: 'moveOut', playId: '', commandId: world.ids.next() });
      }
      await countInCalm(listener, `${listener}.home`);
      // What was acknowledged where the others could not see it any more is handed in again.
      if (!mutation.dropOrphans)
        for (const playId of booksOf(world, listener).orphans) await countInCalm(listener, playId);
    }
    endMirror();

    for (const listener of LISTENERS) {
      const { counted } = booksOf(world, listener);
      world.check(
        legsOf(world, listener).at(-1)?.region === firstRegionOf(listener),
        `${listener} is not home again`,
      );
      world.check(new Set(counted).size === counted.length, `${listener} is counted twice: ${counted}`);
      for (const playId of acknowledged.get(listener) ?? []) {
        world.check(counted.includes(playId), `${playId} was acknowledged and is lost: ${counted}`);
      }
    }
  },
});

export default regionsScenario('regions', {});
