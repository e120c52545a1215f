/** Two decks that overlap. Equal power: their squares add up to one, so that it does not get quieter in between. */
import type { SoundDeck } from './decks.ts';

const STEP_MS = 30;

export class Fade {
  readonly #out: SoundDeck;
  readonly #in: SoundDeck;
  readonly #lengthMs: number;
  readonly #startedMs = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(out: SoundDeck, into: SoundDeck, lengthMs: number, onStep: () => void) {
    this.#out = out;
    this.#in = into;
    this.#lengthMs = lengthMs;
    this.#timer = setInterval(onStep, STEP_MS);
  }

  get isOver(): boolean {
    return performance.now() - this.#startedMs >= this.#lengthMs;
  }

  levelOf(deck: SoundDeck): number {
    const part = Math.min(1, (performance.now() - this.#startedMs) / this.#lengthMs);
    const angle = (part * Math.PI) / 2;
    if (deck === this.#out) return Math.cos(angle);
    return deck === this.#in ? Math.sin(angle) : 1;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
