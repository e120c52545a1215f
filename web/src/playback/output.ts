/**
 * What this device sounds: one play, and the one after it. They meet on one deck without a gap where the
 * browser can do that, and on two decks where they are to overlap.
 */
import type { Rung } from '../../../actors/catalog/contract.ts';
import type { Stream } from '../../../actors/player-session/contract.ts';
import { Deck } from './deck.ts';
import type { DeckEvent, SoundDeck } from './decks.ts';
import { Fade } from './fade.ts';
import { NativeDeck } from './native-deck.ts';
import { Play } from './play.ts';
import { canBuffer } from './source.ts';

export type OutputEvent = DeckEvent;

export interface Levels {
  /** 0 to 1. */
  readonly volumeOf: (play: Play) => number;
  /** How long the two overlap, in milliseconds; 0 for one directly behind the other. */
  readonly overlapMs: (play: Play, next: Play) => number;
}

const makeDeck = (onEvent: (deck: SoundDeck, event: DeckEvent) => void): SoundDeck =>
  canBuffer() ? new Deck(onEvent) : new NativeDeck(onEvent);

export class Output {
  readonly #onEvent: (event: OutputEvent) => void;
  readonly #levels: Levels;
  #active: SoundDeck;
  #spare: SoundDeck;
  #next: Play | undefined;
  #fade: Fade | undefined;
  /** What comes after the play that is just coming in. */
  #afterFade: Stream | undefined;
  /** Of everything, for a while: the sleep timer turns it down. */
  #dim = 1;

  constructor(levels: Levels, onEvent: (event: OutputEvent) => void) {
    this.#levels = levels;
    this.#onEvent = onEvent;
    const onDeck = (deck: SoundDeck, event: DeckEvent) => this.#onDeck(deck, event);
    this.#active = makeDeck(onDeck);
    this.#spare = makeDeck(onDeck);
  }

  /** What sounds; of two that overlap, the one that comes in. */
  get current(): Play | undefined {
    return this.#active.current;
  }
  get next(): Play | undefined {
    return this.#next;
  }
  get positionMs(): number {
    return this.#active.positionMs;
  }
  get bufferedToMs(): number {
    return this.#active.bufferedToMs;
  }
  get started(): boolean {
    return this.#active.started;
  }
  get rung(): Rung | undefined {
    return this.#active.rung;
  }
  get isPaused(): boolean {
    return this.#active.audio.paused;
  }
  get isSeeking(): boolean {
    return this.#active.audio.seeking;
  }
  get hasEnded(): boolean {
    return this.#active.audio.ended;
  }

  /** The listener has asked for a song whose address is not known yet. */
  prepare(): void {
    this.#drop();
    this.#active.prepare();
  }

  /** This and nothing else. @param heardMs what the service knows to be heard of it. */
  load(stream: Stream, fromMs: number, heardMs: number): void {
    this.#drop();
    this.#active.load(new Play(stream, heardMs), fromMs);
    this.setLevels();
  }

  /** What comes after the play that sounds. */
  follow(stream: Stream | undefined): void {
    const { current } = this;
    this.#afterFade = stream;
    if (!current || this.#fade || (stream ? this.#next?.is(stream) : !this.#next)) return;
    this.#forgetNext();
    if (!stream) return;
    this.#next = new Play(stream);
    if (this.#isApart(current, this.#next)) this.#spare.load(this.#next, 0);
    else this.#active.follow(this.#next);
    this.setLevels();
  }

  /** The way in which they meet has changed. */
  rejoin(): void {
    const next = this.#next;
    const { current } = this;
    if (!next || !current || this.#fade) return;
    if (this.#isApart(current, next) === (this.#spare.current === next)) return;
    this.#forgetNext();
    this.follow(next.stream);
  }

  #isApart(current: Play, next: Play): boolean {
    return this.#active instanceof NativeDeck || this.#levels.overlapMs(current, next) > 0;
  }

  #forgetNext(): void {
    if (this.#spare.current && !this.#fade) this.#spare.clear();
    this.#active.follow(undefined);
    this.#next = undefined;
  }

  /** The next play at once. */
  goOn(): void {
    if (!this.#next) return;
    this.#endFade();
    if (this.#spare.current === this.#next) {
      const before = this.#active;
      this.#swap();
      before.clear();
    } else this.#active.goOn();
    this.#next = undefined;
    this.setLevels();
  }

  #swap(): void {
    [this.#active, this.#spare] = [this.#spare, this.#active];
  }

  play(): void {
    this.#active.play();
    if (this.#fade) this.#spare.play();
  }

  pause(): void {
    this.listen();
    this.current?.meter.interrupt();
    this.#active.pause();
    this.#endFade();
  }

  seek(positionMs: number): void {
    this.current?.meter.interrupt();
    this.#endFade();
    this.#active.seek(positionMs);
  }

  /** Call often while sound is playing. */
  listen(): void {
    const { audio } = this.#active;
    if (this.current && !audio.paused && !audio.seeking)
      this.current.meter.tick(this.positionMs, performance.now());
  }

  renew(stream: Stream): void {
    this.#active.renew(stream);
  }

  retry(): void {
    this.#active.retry();
    if (this.#next) this.#spare.retry();
  }

  clear(): void {
    this.#drop();
    this.#active.clear();
  }

  /** All but what the active deck sounds. */
  #drop(): void {
    this.#afterFade = undefined;
    this.#endFade();
    this.#forgetNext();
  }

  dim(part: number): void {
    this.#dim = part;
    this.setLevels();
  }

  setLevels(): void {
    for (const deck of [this.#active, this.#spare]) {
      const play = deck.current;
      if (!play) continue;
      const faded = this.#fade?.levelOf(deck) ?? 1;
      deck.audio.volume = Math.max(0, Math.min(1, this.#levels.volumeOf(play) * faded * this.#dim));
    }
  }

  #step(): void {
    if (this.#fade?.isOver) this.#endFade();
    else this.setLevels();
  }

  #endFade(): void {
    if (!this.#fade) return;
    this.#fade.stop();
    this.#fade = undefined;
    // What was on its way out is heard no more.
    this.#spare.clear();
    this.setLevels();
    this.follow(this.#afterFade);
  }

  /** The next song comes in while this one goes out; from here on it is the one that sounds. */
  #overlapWhenDue(): void {
    const next = this.#next;
    const { current } = this;
    if (!next || !current || this.#spare.current !== next || this.#fade || this.isPaused) return;
    const overlapMs = this.#levels.overlapMs(current, next);
    const leftMs = this.#active.endMs - this.positionMs;
    if (overlapMs === 0 || leftMs > overlapMs || leftMs <= 0) return;
    this.#onEvent('passing');
    this.#swap();
    this.#next = undefined;
    this.#afterFade = undefined;
    this.#fade = new Fade(this.#spare, this.#active, leftMs, () => this.#step());
    this.setLevels();
    this.#active.play();
    this.#onEvent('passed');
  }

  #onDeck(deck: SoundDeck, event: DeckEvent): void {
    if (deck === this.#active) {
      if (event === 'passed') {
        this.#next = undefined;
        this.setLevels();
      }
      if (event === 'time') this.#overlapWhenDue();
      this.#onEvent(event);
    }
    // Better fetched when it is due than silent when it is due.
    else if (event === 'failed' && !this.#fade) this.#forgetNext();
  }
}
