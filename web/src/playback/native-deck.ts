/** A deck for browsers that play HLS by themselves and have no media source: one song, no seam. */
import type { Stream } from '../../../actors/player-session/contract.ts';
import type { DeckListener, SoundDeck } from './decks.ts';
import { fallbacks } from './fallback.ts';
import type { Play } from './play.ts';

export class NativeDeck implements SoundDeck {
  readonly audio = new Audio();
  readonly next = undefined;
  readonly rung = undefined;
  current: Play | undefined;
  started = false;
  /** Until the song has started, the element stands at its beginning, wherever it will start. */
  #startMs = 0;

  constructor(onEvent: DeckListener) {
    this.audio.preload = 'auto';
    this.audio.addEventListener('playing', () => {
      this.started = true;
      onEvent(this, 'playing');
    });
    for (const [name, event] of [
      ['waiting', 'waiting'],
      ['ended', 'ended'],
      ['timeupdate', 'time'],
      ['error', 'failed'],
    ] as const) {
      this.audio.addEventListener(name, () => this.current && onEvent(this, event));
    }
    this.#onBlocked = () => onEvent(this, 'blocked');
  }
  readonly #onBlocked: () => void;

  get positionMs(): number {
    return this.started ? Math.round(this.audio.currentTime * 1000) : this.#startMs;
  }

  get endMs(): number {
    return (this.audio.duration || Number.POSITIVE_INFINITY) * 1000;
  }

  get bufferedToMs(): number {
    const { buffered } = this.audio;
    return buffered?.length ? Math.round(buffered.end(buffered.length - 1) * 1000) : 0;
  }

  prepare(): void {
    this.clear();
  }

  load(play: Play, fromMs: number): void {
    this.clear();
    this.current = play;
    this.#startMs = fromMs;
    fallbacks.learn(play.stream);
    this.audio.src = fallbacks.now(play.stream.hlsUrl);
    this.audio.currentTime = fromMs / 1000;
  }

  follow(): void {}
  goOn(): void {}

  play(): void {
    this.audio.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.#onBlocked();
    });
  }

  pause(): void {
    this.audio.pause();
  }

  seek(positionMs: number): void {
    this.#startMs = positionMs;
    this.audio.currentTime = positionMs / 1000;
  }

  renew(stream: Stream): void {
    const { current, positionMs } = this;
    if (!current) return;
    const wasPaused = this.audio.paused;
    current.stream = stream;
    this.load(current, positionMs);
    if (!wasPaused) this.play();
  }

  retry(): void {}

  clear(): void {
    this.audio.pause();
    this.current = undefined;
    this.started = false;
    this.#startMs = 0;
    this.audio.removeAttribute('src');
    this.audio.load();
  }
}
