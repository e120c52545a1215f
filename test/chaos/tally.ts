/** What the listeners met with, by the fault during which it happened. Calls are counted where they end. */

export interface CallsOf {
  /** Of a call: `play`, `search`, … */
  readonly name: string;
  /** Of the answer; 0 without one. */
  readonly status: number;
  /** What a failed answer gives as its reason. */
  readonly code?: string | undefined;
  readonly ms: number;
}

export interface Window {
  readonly label: string;
  /** What was hurt, by name. */
  target?: string;
  calls: number;
  /** `name status code` of each call that failed, with how often. */
  readonly failed: Map<string, number>;
  readonly callMs: number[];
  /** The longest that one listener's session left him without an answer. */
  pauseMsMax: number;
  segments: number;
  /** Fetches of sound that failed at the edge and at the origin. */
  segmentsFailed: number;
  /** Listeners whose sound stopped, and the longest time that one of them heard nothing. */
  silences: number;
  silenceMsMax: number;
  /** Calls that were left out because the listener still waited for an answer. */
  heldBack: number;
  /** For how long our own event loop was late, which no part of the service is to blame for. */
  driverLateMsMax: number;
}

const windowOf = (label: string): Window => ({
  label,
  calls: 0,
  failed: new Map(),
  callMs: [],
  pauseMsMax: 0,
  segments: 0,
  segmentsFailed: 0,
  silences: 0,
  silenceMsMax: 0,
  heldBack: 0,
  driverLateMsMax: 0,
});

export interface Tally {
  readonly windows: readonly Window[];
  /** The one that counts now. */
  readonly now: Window;
  next(label: string): Window;
  call(call: CallsOf): void;
  pause(ms: number): void;
  silence(ms: number): void;
}

export function createTally(firstLabel: string): Tally {
  const windows = [windowOf(firstLabel)];
  const now = (): Window => windows.at(-1) as Window;
  return {
    windows,
    get now() {
      return now();
    },
    next(label) {
      windows.push(windowOf(label));
      return now();
    },
    call({ name, status, code = '', ms }) {
      const window = now();
      window.calls++;
      window.callMs.push(ms);
      if (status >= 200 && status < 300) return;
      const key = `${name} ${status || 'no answer'} ${code}`.trimEnd();
      window.failed.set(key, (window.failed.get(key) ?? 0) + 1);
    },
    pause(ms) {
      const window = now();
      window.pauseMsMax = Math.max(window.pauseMsMax, ms);
    },
    silence(ms) {
      const window = now();
      window.silences++;
      window.silenceMsMax = Math.max(window.silenceMsMax, ms);
    },
  };
}

export const failedIn = ({ failed }: Window): number =>
  [...failed.values()].reduce((sum, count) => sum + count, 0);

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
