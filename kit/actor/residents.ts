/** The activations in memory: least recently used first, bounded, passivated when idle. */
import type { Clock, Timer } from '../sources.ts';
import type { Activation } from './activation.ts';
import type { ActorLimits } from './limits.ts';

export interface ResidentsDeps<State> {
  readonly clock: Clock;
  readonly limits: Pick<ActorLimits, 'residentsMax' | 'idleMs' | 'sweepEveryMs' | 'sweepMax'>;
  readonly isBusy: (id: string) => boolean;
  /** Called once an activation has left for want of use, and not when it was dropped as wrong. */
  readonly onPassivated: (id: string, activation: Activation<State>) => void;
  readonly onSize: (size: number) => void;
}

export function createResidents<State>({
  clock,
  limits,
  isBusy,
  onPassivated,
  onSize,
}: ResidentsDeps<State>) {
  /** In order of last use. */
  const byId = new Map<string, Activation<State>>();
  let sweeper: Timer | undefined;

  function drop(id: string): void {
    if (byId.delete(id)) onSize(byId.size);
  }

  /** Passivates up to `countMax` actors from the least recently used on that are not busy and pass `test`. */
  function passivate(countMax: number, test: (activation: Activation<State>) => boolean): void {
    let left = countMax;
    for (const [id, activation] of byId) {
      if (left === 0 || !test(activation)) return;
      if (isBusy(id)) continue;
      left -= 1;
      drop(id);
      onPassivated(id, activation);
    }
  }

  /** One timer for all, and none while nobody is resident. */
  function sweep(): void {
    const idleSinceMs = clock.nowMs() - limits.idleMs;
    passivate(limits.sweepMax, (activation) => activation.usedAtMs <= idleSinceMs);
    sweeper = byId.size > 0 ? clock.after(limits.sweepEveryMs, sweep) : undefined;
  }

  return {
    get: (id: string): Activation<State> | undefined => byId.get(id),
    get size() {
      return byId.size;
    },
    drop,
    /** Adds or refreshes. */
    use(id: string, activation: Activation<State>): void {
      activation.usedAtMs = clock.nowMs();
      const known = byId.delete(id);
      byId.set(id, activation);
      if (known) return;
      onSize(byId.size);
      if (byId.size > limits.residentsMax) passivate(1, () => true);
      sweeper ??= clock.after(limits.sweepEveryMs, sweep);
    },
    close(): void {
      sweeper?.cancel();
      passivate(byId.size, () => true);
    },
  };
}
