/** What goes wrong, how often. Times are mean virtual milliseconds; 0 means never. */
import type { SeededRandom } from './random.ts';

export interface Faults {
  readonly requestLost: number;
  readonly requestDuplicated: number;
  readonly replyLost: number;
  /** A request goes to a node that routing would not pick. */
  readonly misrouted: number;
  /** A message or a store call takes up to this long, so that later ones overtake it. */
  readonly delayMsMax: number;
  readonly stalled: number;
  readonly stallMsMax: number;
  /** A store call fails and did nothing. */
  readonly failsBefore: number;
  /** A store call fails although it was done. */
  readonly failsAfter: number;
  /** The node dies with a store call under way, done or not. */
  readonly crashInCall: number;
  /** A consumer's position is not kept, so that the same records come again. */
  readonly redelivered: number;
  readonly crashEveryMs: number;
  readonly downMsMax: number;
  /** As SIGSTOP: the world goes on, then the process does too, with its stale memory. */
  readonly pauseEveryMs: number;
  readonly pauseMsMax: number;
  /** A node is cut off from the bus or from the stores. */
  readonly cutEveryMs: number;
  readonly cutMsMax: number;
}

export const NO_FAULTS: Faults = {
  requestLost: 0,
  requestDuplicated: 0,
  replyLost: 0,
  misrouted: 0,
  delayMsMax: 2,
  stalled: 0,
  stallMsMax: 0,
  failsBefore: 0,
  failsAfter: 0,
  crashInCall: 0,
  redelivered: 0,
  crashEveryMs: 0,
  downMsMax: 0,
  pauseEveryMs: 0,
  pauseMsMax: 0,
  cutEveryMs: 0,
  cutMsMax: 0,
};

/** About half of all faults are on in one seed: some bugs show only while others leave room for them. */
export function drawFaults(random: SeededRandom): Faults {
  const upTo = (max: number) => (random.chance(0.5) ? random.next() * max : 0);
  const every = (meanMs: number) => (random.chance(0.5) ? meanMs * (0.5 + random.next()) : 0);
  return {
    requestLost: upTo(0.2),
    requestDuplicated: upTo(0.2),
    replyLost: upTo(0.2),
    misrouted: upTo(0.3),
    delayMsMax: 2 + random.next() * 50,
    stalled: upTo(0.05),
    stallMsMax: 10_000,
    failsBefore: upTo(0.1),
    failsAfter: upTo(0.1),
    crashInCall: upTo(0.05),
    redelivered: upTo(0.3),
    crashEveryMs: every(10_000),
    downMsMax: 5000,
    pauseEveryMs: every(10_000),
    pauseMsMax: 10_000,
    cutEveryMs: every(10_000),
    cutMsMax: 8000,
  };
}
