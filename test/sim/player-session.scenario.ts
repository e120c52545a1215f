/**
 * A listener with up to three devices who plays, pauses, seeks, skips, transfers and reports, on three nodes
 * that run the real session under every fault of kit/sim. One in five listeners lies about what was heard.
 */
import { createPlayerSession } from '../../actors/player-session/actor.ts';
import type { PlayerState } from '../../actors/player-session/contract.ts';
import { openPlayerHost } from '../../actors/player-session/host.ts';
import { createKnown } from '../../actors/player-session/known.ts';
import { PLAY_RULES, type PlayRules } from '../../actors/player-session/listening.ts';
import type { ActorSnapshot } from '../../kit/actor/snapshot.ts';
import { withCall } from '../../kit/call-context.ts';
import type { NodeEnv } from '../../kit/sim/node.ts';
import type { Scenario } from '../../kit/sim/simulate.ts';
import type { World } from '../../kit/sim/world.ts';
import { Device, type Message } from './player-session.device.ts';
import { judge } from './player-session.oracle.ts';

const NODES = ['n1', 'n2', 'n3'];
const ACTIONS_EACH = 7;
const idOf = (name: string) => name.padStart(22, '0');
const USER = idOf('user');
/** One song is too short to count. */
const SONGS = [25_000, 31_000, 45_000, 60_000, 90_000, 240_000].map((durationMs, i) => ({
  songId: idOf(`song${i}`),
  albumId: idOf('album'),
  durationMs,
  explicit: false,
  rungs: [96 as const, 160 as const],
}));

/** How a mutation is put in: the test shows that each one is caught. */
export interface Mutation {
  readonly rules?: Partial<PlayRules>;
  readonly journal?: (journal: NodeEnv['journal']) => NodeEnv['journal'];
}

const catalog = {
  playable: async ({ songIds }: { songIds: string[] }) => ({
    items: SONGS.filter((song) => songIds.includes(song.songId)),
  }),
  album: async () => ({ songs: SONGS }) as never,
  artist: async () => ({ songs: SONGS }) as never,
};
const accounts = {
  entitlement: async () => ({ tier: 'free', country: 'SE', explicit: true, quality: 'auto' }) as const,
  deviceActive: async () => ({ active: true }),
};
const media = { sign: () => ({ hlsUrl: '/hls', dashUrl: '/dash', fileUrl: '/file' }) };

type Push = (state: PlayerState) => void;

function startNode(env: NodeEnv, push: Push, { rules, journal = (real) => real }: Mutation) {
  const { clock, random, ids } = env;
  const host = openPlayerHost({
    journal: journal(env.journal),
    snapshots: env.rows<ActorSnapshot>('snapshots'),
    clock,
    topics: {
      publish: async (_, message) => push((message as { state: PlayerState }).state),
      subscribe: async () => ({ [Symbol.asyncDispose]: async () => {} }),
    },
    rules: { ...PLAY_RULES, ...rules },
  });
  const known = createKnown({ accounts, catalog, clock });
  const handlers = createPlayerSession({ clock, random, ids, host, known, catalog, accounts, media });
  return (_: string, { action, params }: Message, { deadlineMs }: { deadlineMs: number }) =>
    withCall({ deadlineMs }, () => handlers[action](params as never) as Promise<unknown>);
}

/** News reach a device late, out of order, or not at all. */
function pusher(world: World, devices: readonly Device[]): Push {
  const lost = 0.3 * world.random.next();
  return (state) => {
    const copy = structuredClone(state);
    for (const device of devices) {
      if (world.random.chance(lost)) continue;
      world.clock.after(1000 * world.random.next(), () => device.adopt(copy));
    }
  };
}

async function act(world: World, device: Device, others: readonly Device[]): Promise<void> {
  const { random } = world;
  const listen = () => device.listen(random.below(random.pick([5_000, 20_000, 40_000])));
  const first = random.below(SONGS.length);
  const act = random.pick(['play', 'listen', 'listen', 'listen', 'pause', 'seek', 'skip', 'move', 'queue']);
  switch (act) {
    case 'play':
      await device.command('play', {
        songIds: [...SONGS.slice(first), ...SONGS.slice(0, first)].map((song) => song.songId),
        shuffle: random.chance(0.3),
      });
      return listen();
    case 'listen':
      return listen();
    case 'pause':
      device.hush();
      await device.command('pause', {});
      await world.sleep(random.below(40_000));
      await device.command('resume', {});
      return listen();
    case 'seek':
      await device.seek(random.below(90_000));
      return listen();
    case 'skip':
      await device.skip();
      return listen();
    case 'move':
      await device.settle();
      await device.command('transfer', { toDeviceId: random.pick(others).deviceId });
      return listen();
    default:
      return device.command('queue', { op: 'add', songIds: [random.pick(SONGS).songId] });
  }
}

export const playerScenario = (name: string, mutation: Mutation): Scenario => ({
  name,
  async run(world) {
    const { random } = world;
    const lies = random.chance(0.2);
    const devices = Array.from({ length: 1 + random.below(3) }, (_, i) => {
      return new Device(world, { userId: USER, deviceId: idOf(`device${i}`), lies });
    });
    const push = pusher(world, devices);
    for (const node of NODES) world.node(node, (env) => startNode(env, push, mutation));
    world.unleash();

    const use = async (device: Device) => {
      await world.sleep(random.below(20_000));
      for (let i = 0; i < ACTIONS_EACH; i++) {
        await act(world, device, devices);
        await device.settle();
      }
    };
    await Promise.all(devices.map(use));
    world.calm();

    for (const device of devices) {
      device.leave();
      world.check(await device.settle(), 'reports are not answered once all is calm');
    }
    judge({
      records: world.records.read('player', `player.${USER}`),
      spans: devices.flatMap((device) => device.spans),
      acknowledged: devices.flatMap((device) => device.acknowledged),
      honest: !lies,
    });
  },
});

export default playerScenario('player-session', {});
