/** Runs a scenario in a simulated world. The same seed gives the same run, step by step. */
import { createTimeline } from './timeline.ts';
import { createWorld, type World } from './world.ts';

const START_MS = Date.UTC(2026, 0, 1);
const STEPS_MAX = 200_000;

export interface Scenario {
  /** As in `npm run replay -- SEED NAME`. */
  readonly name: string;
  /** Sets nodes up, acts as their clients, and checks what came of it. */
  run(world: World): Promise<void>;
}

export interface Simulation {
  readonly seed: number;
  /** A line an event, with its virtual milliseconds since the start; empty unless asked for. */
  readonly trace: readonly string[];
  readonly steps: number;
}

export interface SimulateOptions {
  readonly trace?: boolean;
}

export class SimulationError extends Error {
  override readonly name = 'SimulationError';
  readonly seed: number;
  readonly trace: readonly string[];

  constructor(scenario: string, seed: number, trace: readonly string[], cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${scenario} fails with seed ${seed}: ${reason} (npm run replay -- ${seed} ${scenario})`, {
      cause,
    });
    this.seed = seed;
    this.trace = trace;
  }
}

/** All that promises can do before the next event: an immediate runs after every microtask. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** @throws SimulationError, with the trace, when a check fails, a node breaks, or nothing can happen any more. */
export async function simulate(
  seed: number,
  scenario: Scenario,
  { trace: traced = false }: SimulateOptions = {},
): Promise<Simulation> {
  const timeline = createTimeline(START_MS);
  const trace: string[] = [];
  const note = (line: string) => {
    if (traced) trace.push(`${timeline.nowMs() - START_MS} ${line}`);
  };
  let outcome: { readonly error?: unknown } | undefined;
  const fail = (error: unknown) => {
    outcome ??= { error };
  };
  const world = createWorld({ seed, timeline, note, fail });

  let steps = 0;
  scenario.run(world).then(() => {
    outcome ??= {};
  }, fail);
  for (;;) {
    await settled();
    if (outcome) break;
    if (!timeline.step()) fail(new Error('nothing is left to happen, and the scenario still waits'));
    else if (++steps === STEPS_MAX) fail(new Error(`it does not end within ${STEPS_MAX} steps`));
  }
  if (!('error' in outcome)) return { seed, trace, steps };
  if (!traced) return simulate(seed, scenario, { trace: true });
  throw new SimulationError(scenario.name, seed, trace, outcome.error);
}

export interface Seeds {
  readonly from?: number;
  readonly count: number;
}

/** @throws SimulationError for the first seed that fails. */
export async function simulateSeeds(scenario: Scenario, { from = 1, count }: Seeds): Promise<void> {
  for (let seed = from; seed < from + count; seed++) await simulate(seed, scenario);
}
