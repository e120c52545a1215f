/** Which rendition is fetched next: as good as the link carries, never so good that the sound stops. */
import type { Rung } from '../../../actors/catalog/contract.ts';

/** In kbit/s. */
const RUNGS: readonly Rung[] = [24, 96, 160, 320];
const SAFE_START_RUNG = 96;
/** A start above the safe rung asks for this many times its bit rate in measured bandwidth. */
const START_HEADROOM = 6;
/** A higher rung is chosen when it takes no more than this part of the bandwidth, the present one kept at this. */
const UP_SHARE = 0.7;
const KEEP_SHARE = 0.9;
/** With this much fetched ahead a rung is kept while the link carries half of it. */
const CALM_AHEAD_S = 30;
const CALM_SHARE = 2;
const FAST_HALF_LIFE_S = 3;
const SLOW_HALF_LIFE_S = 9;

/** An average of rates in which a download weighs as much as it took time. */
class Average {
  readonly #halfLifeS: number;
  #sum = 0;
  #weight = 0;
  constructor(halfLifeS: number) {
    this.#halfLifeS = halfLifeS;
  }
  add(value: number, seconds: number): void {
    const kept = 0.5 ** (seconds / this.#halfLifeS);
    this.#sum = this.#sum * kept + value * (1 - kept);
    this.#weight = this.#weight * kept + (1 - kept);
  }
  get value(): number {
    return this.#weight > 0 ? this.#sum / this.#weight : 0;
  }
}

/** What the link carries, from the segments that came over it: quick to fall, slow to rise. */
export class Bandwidth {
  readonly #fast = new Average(FAST_HALF_LIFE_S);
  readonly #slow = new Average(SLOW_HALF_LIFE_S);

  add(bytes: number, ms: number): void {
    const seconds = Math.max(ms, 1) / 1000;
    for (const average of [this.#fast, this.#slow]) average.add((bytes * 8) / seconds, seconds);
  }

  /** 0 when nothing is known. */
  get bps(): number {
    return Math.min(this.#fast.value, this.#slow.value);
  }
}

const highest = (maxRung: number, bpsMax: number): Rung | undefined =>
  RUNGS.findLast((rung) => rung <= maxRung && rung * 1000 <= bpsMax);

export function startRung(maxRung: number, bps: number): Rung {
  const safe = highest(Math.min(SAFE_START_RUNG, maxRung), Number.POSITIVE_INFINITY) ?? 24;
  return highest(maxRung, Math.max(bps / START_HEADROOM, safe * 1000)) ?? safe;
}

export function nextRung(rung: Rung, maxRung: number, bps: number, aheadS: number): Rung {
  if (bps === 0) return rung;
  const better = highest(maxRung, bps * UP_SHARE);
  if (better !== undefined && better > rung) return better;
  const isCalm = aheadS >= CALM_AHEAD_S && rung * 1000 <= bps * CALM_SHARE;
  if (rung <= maxRung && (isCalm || rung * 1000 <= bps * KEEP_SHARE)) return rung;
  return highest(Math.min(rung, maxRung), bps * KEEP_SHARE) ?? 24;
}

export const rungBelow = (rung: Rung): Rung | undefined => RUNGS.findLast((lower) => lower < rung);
