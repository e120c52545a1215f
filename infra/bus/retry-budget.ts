/**
 * How many retries the calls of late pay for: a share of them, so that an outage is not answered with a
 * multiple of the load (Google SRE book, "Addressing Cascading Failures"; Finagle's RetryBudget).
 */
import { BUS_RETRIES_PER_SEC_MIN, BUS_RETRY_MEMORY_MS, BUS_RETRY_SHARE } from '../../config/engine-limits.ts';
import { SECOND_MS } from '../../config/limits.ts';
import type { Clock } from '../../kit/sources.ts';

export interface RetryBudget {
  /** A call was made. */
  deposit(): void;
  /** Whether one more retry may be made; it is then paid for. */
  withdraw(): boolean;
}

/** What calls pay in fades with the time constant of the memory, so the balance follows the rate of calls. */
export function createRetryBudget(clock: Clock): RetryBudget {
  const trickle = (BUS_RETRIES_PER_SEC_MIN * BUS_RETRY_MEMORY_MS) / SECOND_MS;
  let balance = trickle;
  let atMs = clock.nowMs();
  let calls = 0;

  const settle = (): void => {
    const nowMs = clock.nowMs();
    const kept = Math.exp(-Math.max(0, nowMs - atMs) / BUS_RETRY_MEMORY_MS);
    balance = balance * kept + trickle * (1 - kept) + calls * BUS_RETRY_SHARE;
    calls = 0;
    atMs = nowMs;
  };

  return {
    deposit() {
      // Settling costs an exponential, so calls are taken in bundles.
      if (++calls >= CALLS_PER_BUNDLE) settle();
    },
    withdraw() {
      settle();
      if (balance < 1) return false;
      balance--;
      return true;
    },
  };
}

const CALLS_PER_BUNDLE = 64;
