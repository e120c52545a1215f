/** Virtual time: what will happen, in order. Events of one moment run in the order in which they were set. */
import type { Clock, Timer } from '../sources.ts';

export interface Timeline extends Clock {
  /** Moves the clock to the next event and runs it; false when nothing is left. */
  step(): boolean;
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

const before = (a: Event, b: Event) => a.atMs - b.atMs || a.order - b.order;

export function createTimeline(startMs: number): Timeline {
  let nowMs = startMs;
  let orders = 0;
  /** Latest first, so that the next one is popped off the end. */
  const events: Event[] = [];

  function insert(event: Event): void {
    let [low, high] = [0, events.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (before(events[middle] as Event, event) > 0) low = middle + 1;
      else high = middle;
    }
    events.splice(low, 0, event);
  }

  return {
    nowMs: () => Math.floor(nowMs),
    after(delayMs, run): Timer {
      const event = { atMs: nowMs + Math.max(0, delayMs), order: orders++, run, cancelled: false };
      insert(event);
      return {
        cancel() {
          event.cancelled = true;
        },
      };
    },
    step() {
      const event = events.pop();
      if (!event) return false;
      if (event.cancelled) return true;
      nowMs = event.atMs;
      event.run();
      return true;
    },
  };
}
