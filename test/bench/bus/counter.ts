/** The actor of bus.bench.ts: counts, and journals each count. */
import type { ActorHost } from '../../../kit/actor/behaviour.ts';
import { createActorHost } from '../../../kit/actor/host.ts';
import type { Journal } from '../../../kit/ports/journal.ts';
import { systemClock } from '../../../kit/sources.ts';

export const counterHost = (name: string, journal: Journal): ActorHost<number, 'add', number> =>
  createActorHost<number, 'add', { readonly by: 1 }, number>({
    behaviour: {
      name,
      stateVersion: 1,
      initial: () => 0,
      decide: (total) => ({ accepted: true, events: [{ by: 1 }], reply: total + 1 }),
      evolve: (total, { by }) => total + by,
    },
    journal,
    // Snapshots are another engine's cost.
    snapshots: { get: async () => undefined, put: async () => {}, delete: async () => {} },
    clock: systemClock,
  });
