/** What goes wrong and when: drawn from a seed, or as a scenario says. Pure, so that a seed always means the same. */
import { seededRandom } from '../../kit/sim/random.ts';

/** The part, and how it is hurt. `leader` is the NATS server that leads a shard of the players' journal. */
export const FAULT_KINDS = [
  'actor-kill',
  'actor-stop',
  'actor-partition',
  'actor-term',
  'leader-kill',
  'leader-stop',
  'leader-partition',
  'redis-kill',
  'redis-stop',
  'edge-kill',
  'edge-stop',
  'cassandra-kill',
  'cassandra-stop',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** Since the load began. */
  readonly atMs: number;
  /** From here on the part is started again, goes on, or is joined up. */
  readonly healAfterMs: number;
  /** Which of several: to be taken modulo their number. */
  readonly which: number;
}

export interface Plan {
  readonly faults: readonly Fault[];
  readonly durationMs: number;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
/**
 * Load without a fault first, as the measure for what comes: until code is compiled and caches are warm, as in a
 * service that has been up for a while. And last, so that everything can come back.
 */
const WARM_UP_MS = MINUTE_MS;
const CALM_MS = 20 * SECOND_MS;
const HOLD_MS_MIN = 3 * SECOND_MS;
const HOLD_MS_MAX = 10 * SECOND_MS;
const REST_MS_MIN = 8 * SECOND_MS;
const REST_MS_MAX = 15 * SECOND_MS;
const SCENARIO_HOLD_MS = 8 * SECOND_MS;
const SCENARIO_REST_MS = 20 * SECOND_MS;
/** A node of Cassandra starts for so long. */
const CASSANDRA_REST_MS = MINUTE_MS;
const WHICH_MAX = 1024;

/** Each kind comes once, in an order drawn from the seed, before one comes again. */
export function planOf(seed: number, minutes: number, kinds: readonly FaultKind[]): Plan {
  const random = seededRandom(seed);
  const between = (least: number, most: number): number => least + random.below(most - least);
  const durationMs = Math.round(minutes * MINUTE_MS);
  const faults: Fault[] = [];
  let deck: FaultKind[] = [];
  let atMs = WARM_UP_MS;
  while (kinds.length > 0) {
    if (deck.length === 0) deck = [...kinds];
    const [kind] = deck.splice(random.below(deck.length), 1) as [FaultKind];
    const healAfterMs = between(HOLD_MS_MIN, HOLD_MS_MAX);
    if (atMs + healAfterMs + CALM_MS > durationMs) break;
    faults.push({ kind, atMs, healAfterMs, which: random.below(WHICH_MAX) });
    atMs += healAfterMs + between(REST_MS_MIN, REST_MS_MAX);
  }
  return { faults, durationMs };
}

/** One fault of each kind, 8 s each, one after the other. */
export function scenarioOf(seed: number, kinds: readonly FaultKind[]): Plan {
  const random = seededRandom(seed);
  const faults: Fault[] = [];
  let atMs = WARM_UP_MS;
  for (const kind of kinds) {
    faults.push({ kind, atMs, healAfterMs: SCENARIO_HOLD_MS, which: random.below(WHICH_MAX) });
    const restMs = kind === 'cassandra-kill' ? CASSANDRA_REST_MS : SCENARIO_REST_MS;
    atMs += SCENARIO_HOLD_MS + restMs;
  }
  return { faults, durationMs: atMs };
}

/**
 * The kinds that some words name: a whole kind, a part (`redis`) or a way (`kill`).
 *
 * @throws Error naming a word that stands for none.
 */
export function kindsOf(words: readonly string[]): FaultKind[] {
  const matches = (word: string) => (kind: FaultKind) => kind === word || kind.split('-').includes(word);
  const unknown = words.find((word) => !FAULT_KINDS.some(matches(word)));
  if (unknown !== undefined) {
    throw new Error(`no fault is called ${unknown}; there are: ${FAULT_KINDS.join(', ')}`);
  }
  return FAULT_KINDS.filter((kind) => words.some((word) => matches(word)(kind)));
}
