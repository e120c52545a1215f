/**
 * How long a song has truly sounded: the audio clock while it plays, never faster than the wall clock,
 * seeks and pauses left out. The service checks the sum; the player only reports it.
 */

/** The audio clock may run this much ahead of the wall clock between two looks before it counts as a seek. */
const JUMP_MS = 400;

export class ListeningMeter {
  #listenedMs = 0;
  #last: { positionMs: number; atMs: number } | undefined;

  get listenedMs(): number {
    return Math.floor(this.#listenedMs);
  }

  /** @param listenedMs what the service knows of this play already, e.g. before a reload of the page. */
  reset(listenedMs: number): void {
    this.#listenedMs = listenedMs;
    this.#last = undefined;
  }

  /** Call often while sound is playing. */
  tick(positionMs: number, nowMs: number): void {
    if (this.#last) {
      const movedMs = positionMs - this.#last.positionMs;
      const elapsedMs = nowMs - this.#last.atMs;
      if (movedMs > 0 && movedMs <= elapsedMs + JUMP_MS) this.#listenedMs += Math.min(movedMs, elapsedMs);
    }
    this.#last = { positionMs, atMs: nowMs };
  }

  /** Sound has stopped or jumped: time until the next tick does not count. */
  interrupt(): void {
    this.#last = undefined;
  }
}
