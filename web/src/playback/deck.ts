/**
 * One audio element whose time line holds songs one behind the other, without a sample between them.
 *
 * A song is laid on the line by its exact number of samples: what the encoder put before and behind it falls
 * outside the append window. What is fetched follows from what the browser says to have, so that it may throw
 * out whatever it likes.
 */
import type { Rung } from '../../../actors/catalog/contract.ts';
import type { Stream } from '../../../actors/player-session/contract.ts';
import type { DeckEvent, DeckListener, SoundDeck } from './decks.ts';
import { joined } from './download.ts';
import { nextRung, rungBelow } from './ladder.ts';
import type { Play } from './play.ts';
import { type Rendition, segmentAt } from './rendition.ts';
import { Source } from './source.ts';
import { bandwidth, TooSlowError, Track } from './track.ts';

/** Before anything else is fetched, the song that sounds has this much ahead. */
const SAFE_AHEAD_S = 12;
/** A connection that is lost for a minute is not heard. */
const AHEAD_S = 90;
const AHEAD_S_MIN = 10;
const BACK_S = 30;
/** Thrown out in pieces of this length, not with every step. */
const BACK_STEP_S = 15;
/** The end is told when it is near: what is told as ended is hard to go on from. */
const END_TOLD_S = 2;
/** Shorter than this is no hole: rounding, or a browser that counts in whole frames. */
const HOLE_S = 0.06;
/** A hole this long is stepped over when the sound stands in front of it. */
const STEP_S_MAX = 1;
const PASSED_S = 0.1;
/** Within this time of a seam its moment is waited for by a timer: the element tells the time 4 times a second. */
const SEAM_NEAR_S = 0.7;
const NO_PROGRESS_MAX = 2;
const NEXT_AGAIN_AFTER_MS = 15_000;

/** A song's place on the time line. */
interface Laid {
  readonly play: Play;
  track: Track;
  /** Known with the end of the song before it, which is known with that song's first rendition. */
  startS: number | undefined;
  endS: number | undefined;
  rung: Rung;
  /** Appends in a row after which no more was buffered. */
  noProgress: number;
  failed: boolean;
}

interface Due {
  readonly laid: Laid;
  /** Second on the time line. */
  readonly atS: number;
}

export class Deck implements SoundDeck {
  readonly audio = new Audio();
  started = false;
  rung: Rung | undefined;
  readonly #onEvent: DeckListener;
  #source: Source | undefined;
  /** What sounds, then what follows it. */
  #laid: Laid[] = [];
  /** Where the element will be once what it held is gone. */
  #cueS: number | undefined;
  #wanted = false;
  #filling = false;
  /** What is there is not what is laid there any more. */
  #removing = 0;
  /** While it is being filled, something has changed. */
  #asked = false;
  #loading: { readonly due: Due; readonly abort: AbortController } | undefined;
  /** Whose init section the source has read last. */
  #initOf: Rendition | undefined;
  /** Which rung sounds from which second on. */
  #rungs: { readonly fromS: number; readonly rung: Rung }[] = [];
  #aheadS = AHEAD_S;
  #seam: ReturnType<typeof setTimeout> | undefined;

  constructor(onEvent: DeckListener) {
    this.#onEvent = onEvent;
    const { audio } = this;
    audio.preload = 'auto';
    audio.addEventListener('playing', () => {
      this.started = true;
      this.#tell('playing');
    });
    audio.addEventListener('waiting', () => {
      this.#pass();
      this.#stepOver();
      this.#fill();
      this.#tell('waiting');
    });
    audio.addEventListener('timeupdate', () => this.#onTime());
    audio.addEventListener('seeked', () => this.#fill());
    audio.addEventListener('ended', () => this.current && this.#tell('ended'));
    audio.addEventListener('error', () => {
      if (this.#source) this.#fail(this.#laid[0]);
    });
  }

  get current(): Play | undefined {
    return this.#laid[0]?.play;
  }

  get next(): Play | undefined {
    return this.#laid[1]?.play;
  }

  get positionMs(): number {
    return Math.max(0, Math.round((this.#nowS - (this.#laid[0]?.startS ?? 0)) * 1000));
  }

  get endMs(): number {
    const [{ startS = 0, endS = Number.POSITIVE_INFINITY } = {}] = this.#laid;
    return (endS - startS) * 1000;
  }

  get bufferedToMs(): number {
    const [laid] = this.#laid;
    if (!laid) return 0;
    const endS = Math.min(this.#bufferedEnd(this.#nowS), laid.endS ?? Number.POSITIVE_INFINITY);
    return Math.max(0, Math.round((endS - (laid.startS ?? 0)) * 1000));
  }

  /** Does what takes time and needs no address yet; whatever was laid is dropped. */
  prepare(): void {
    this.clear();
    this.#open();
  }

  load(play: Play, fromMs: number): void {
    this.clear();
    const laid = this.#lay(play, 0, fromMs === 0);
    this.#laid = [laid];
    this.#cueS = fromMs / 1000;
    this.#cue();
  }

  /** Once what was there is gone: the element must not sound it from the new position. */
  #cue(): void {
    const [laid] = this.#laid;
    const source = this.#open();
    source.remove(0).then(
      () => {
        if (laid !== this.#laid[0] || this.#cueS === undefined) return;
        if (this.audio.currentTime !== this.#cueS) this.audio.currentTime = this.#cueS;
        this.#cueS = undefined;
        if (this.#wanted) this.#sound();
        this.#fill();
      },
      (error) => this.#onError(error, laid),
    );
  }

  follow(play: Play | undefined): void {
    const [laid, known] = this.#laid;
    if (!laid || known?.play === play) return;
    if (known) this.#dropNext(known);
    if (play) this.#laid.push(this.#lay(play, laid.endS, true));
    this.#fill();
  }

  #dropNext(known: Laid): void {
    this.#abandon(known);
    this.#laid.splice(1);
    if (known.startS === undefined || !this.#source) return;
    this.#removing++;
    this.#source
      .remove(known.startS)
      .catch(() => undefined)
      .finally(() => {
        this.#removing--;
        this.#fill();
      });
  }

  /** The next song at once. */
  goOn(): void {
    const [, next] = this.#laid;
    if (!next) return;
    if (next.startS === undefined) {
      this.load(next.play, 0);
      return;
    }
    this.audio.currentTime = next.startS;
    this.#shift();
    this.#fill();
  }

  play(): void {
    this.#wanted = true;
    if (this.#cueS === undefined) this.#sound();
  }

  #sound(): void {
    this.audio.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.#tell('blocked');
    });
  }

  pause(): void {
    this.#wanted = false;
    this.audio.pause();
  }

  seek(positionMs: number): void {
    const [laid] = this.#laid;
    if (!laid) return;
    const atS = Math.min((laid.startS ?? 0) + positionMs / 1000, laid.endS ?? Number.POSITIVE_INFINITY);
    if (this.#cueS === undefined) this.audio.currentTime = atS;
    else this.#cueS = atS;
    this.#loading?.abort.abort();
    this.#fill();
  }

  /** Asks again for what did not come, at a fresh address. */
  renew(stream: Stream): void {
    const [laid] = this.#laid;
    if (!laid) return;
    laid.play.stream = stream;
    if (this.audio.error || this.#source?.isClosed) {
      this.#reopen(laid);
      return;
    }
    this.#abandon(laid);
    laid.track = new Track(stream, false);
    laid.failed = false;
    this.#fill();
  }

  /** What a browser has given up decoding is laid anew, from where it stood. */
  #reopen(laid: Laid): void {
    const { play } = laid;
    const atMs = this.positionMs;
    const wanted = this.#wanted;
    this.clear();
    this.#close();
    this.load(play, atMs);
    if (wanted) this.play();
  }

  retry(): void {
    for (const laid of this.#laid) laid.failed = false;
    this.#fill();
  }

  clear(): void {
    this.pause();
    clearTimeout(this.#seam);
    for (const laid of this.#laid) this.#abandon(laid);
    this.#laid = [];
    this.#rungs = [];
    this.#cueS = undefined;
    this.started = false;
    this.rung = undefined;
    this.#source?.remove(0).catch(() => undefined);
  }

  // -- the time line ------------------------------------------------------------------------------

  get #nowS(): number {
    return this.#cueS ?? this.audio.currentTime;
  }

  #open(): Source {
    if (!this.#source || this.#source.isClosed || this.audio.error) {
      this.#close();
      this.#source = new Source(this.audio);
    }
    return this.#source;
  }

  #close(): void {
    this.#source = undefined;
    this.#initOf = undefined;
    this.audio.removeAttribute('src');
    this.audio.load();
  }

  #lay(play: Play, startS: number | undefined, fromTop: boolean): Laid {
    const track = new Track(play.stream, fromTop);
    return { play, track, startS, endS: undefined, rung: track.startRung, noProgress: 0, failed: false };
  }

  #abandon(laid: Laid): void {
    laid.track.drop();
    if (this.#loading?.due.laid === laid) this.#loading.abort.abort();
  }

  /** Its length being known, the next song's place is, too. */
  #shape(laid: Laid, { samples, sampleRate }: Rendition): void {
    if (laid.endS !== undefined || laid.startS === undefined) return;
    laid.endS = laid.startS + samples / sampleRate;
    const [current, next] = this.#laid;
    if (laid === current && next) next.startS = laid.endS;
    this.#source?.setDuration(laid.endS).catch(() => undefined);
  }

  #bufferedEnd(fromS: number): number {
    let endS = fromS;
    for (const [start, end] of this.#source?.buffered ?? []) {
      if (start <= endS + HOLE_S && end > endS) endS = end;
    }
    return endS;
  }

  #onTime(): void {
    this.#pass();
    this.#tellRung();
    this.#tell('time');
    this.#fill();
  }

  /** Whether the sound has come into the next song. */
  #pass(): void {
    clearTimeout(this.#seam);
    const [{ endS } = { endS: undefined }, next] = this.#laid;
    if (endS === undefined || !next || this.#cueS !== undefined || this.audio.seeking) return;
    const leftS = endS - this.audio.currentTime;
    const stands = this.audio.readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
    if (leftS <= 0 || (stands && leftS < PASSED_S)) {
      this.#tell('passing');
      this.#shift();
      this.#tell('passed');
      this.#fill();
    } else if (leftS < SEAM_NEAR_S && !this.audio.paused) {
      this.#seam = setTimeout(() => this.#pass(), Math.max(1, leftS * 1000));
    }
  }

  #shift(): void {
    const [before] = this.#laid;
    if (before) this.#abandon(before);
    this.#laid.shift();
    for (const laid of this.#laid) laid.failed = false;
    this.rung = undefined;
  }

  #tellRung(): void {
    const nowS = this.#nowS;
    const rung = this.#rungs.findLast(({ fromS }) => fromS <= nowS + HOLE_S)?.rung;
    if (rung === undefined || rung === this.rung) return;
    const fromRung = this.rung;
    this.rung = rung;
    this.#tell({ type: 'rung', rung, fromRung });
  }

  #stepOver(): void {
    const nowS = this.audio.currentTime;
    const ahead = this.#source?.buffered.find(([start]) => start > nowS && start - nowS < STEP_S_MAX);
    if (ahead && this.#bufferedEnd(nowS) - nowS < HOLE_S) this.audio.currentTime = ahead[0] + 0.001;
  }

  #tell(event: DeckEvent): void {
    this.#onEvent(this, event);
  }

  // -- fetching -----------------------------------------------------------------------------------

  #due(): Due | undefined {
    const [current, next] = this.#laid;
    if (!current || current.failed || this.#cueS !== undefined || this.#removing > 0) return undefined;
    const nowS = this.#nowS;
    if (current.endS === undefined) return { laid: current, atS: nowS };
    const endS = this.#bufferedEnd(nowS);
    const isWhole = endS >= current.endS - HOLE_S || current.noProgress > NO_PROGRESS_MAX;
    if (!isWhole && endS - nowS < SAFE_AHEAD_S) return { laid: current, atS: endS };
    const nextDue = next && this.#dueOfNext(next);
    if (nextDue && nextDue.atS === next.startS) return nextDue;
    if (!isWhole) return endS - nowS < this.#aheadS ? { laid: current, atS: endS } : undefined;
    return nextDue && nextDue.atS - nowS < this.#aheadS ? nextDue : undefined;
  }

  #dueOfNext(next: Laid): Due | undefined {
    const { startS, endS, failed, noProgress } = next;
    if (startS === undefined || failed || noProgress > NO_PROGRESS_MAX) return undefined;
    const hasS = this.#bufferedEnd(startS);
    if (hasS - startS < HOLE_S) return { laid: next, atS: startS };
    return endS !== undefined && hasS >= endS - HOLE_S ? undefined : { laid: next, atS: hasS };
  }

  #fill(): void {
    this.#asked = true;
    if (this.#filling) return;
    this.#filling = true;
    void this.#fillUp().finally(() => {
      this.#filling = false;
    });
  }

  async #fillUp(): Promise<void> {
    while (this.#asked) {
      this.#asked = false;
      await this.#bringDue();
      await this.#tidy().catch(() => undefined);
    }
  }

  async #bringDue(): Promise<void> {
    for (let due = this.#due(); due; due = this.#due()) {
      const { laid } = due;
      try {
        await this.#bring(due);
      } catch (error) {
        if (!this.#laid.includes(laid)) continue;
        if (error instanceof TooSlowError) laid.rung = rungBelow(error.rung) ?? laid.rung;
        else if (error instanceof DOMException && error.name === 'QuotaExceededError') {
          if (!(await this.#makeRoom())) return;
        } else this.#onError(error, laid);
      }
    }
  }

  async #bring({ laid, atS }: Due): Promise<void> {
    const aheadS = atS - this.#nowS;
    const isFirst = laid.endS === undefined;
    const { rung, track } = laid;
    const chosen = isFirst ? rung : nextRung(rung, track.maxRung, bandwidth.bps, aheadS);
    const rendition = await track.rendition(chosen);
    if (!this.#laid.includes(laid)) return;
    this.#shape(laid, rendition);
    const index = segmentAt(rendition, atS - (laid.startS ?? 0));
    const abort = new AbortController();
    this.#loading = { due: { laid, atS }, abort };
    const bytes = await track.segment(rendition, index, aheadS, abort.signal).finally(() => {
      this.#loading = undefined;
    });
    if (!this.#laid.includes(laid)) return;
    laid.rung = chosen;
    await this.#append(laid, rendition, index, bytes);
    const grown = this.#bufferedEnd(atS) - atS > HOLE_S;
    laid.noProgress = grown ? 0 : laid.noProgress + 1;
    if (laid.noProgress > NO_PROGRESS_MAX && laid.endS !== undefined && laid.endS - atS > STEP_S_MAX)
      throw new Error('what was fetched cannot be played');
  }

  async #append(
    { startS = 0, endS = Number.POSITIVE_INFINITY }: Laid,
    rendition: Rendition,
    index: number,
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<void> {
    const { init, sampleRate, priming, rung, segments } = rendition;
    const isKnown = this.#initOf === rendition;
    const whole = isKnown ? bytes : joined([init, bytes], init.length + bytes.length);
    this.#initOf = undefined;
    await this.#source?.append(whole, { offset: startS - priming / sampleRate, start: startS, end: endS });
    this.#initOf = rendition;
    const fromS = startS + (segments[index]?.startSample ?? 0) / sampleRate;
    this.#rungs = [...this.#rungs.filter((known) => known.fromS !== fromS), { fromS, rung }].sort(
      (a, b) => a.fromS - b.fromS,
    );
    if (this.rung === undefined) this.#tellRung();
  }

  /** @returns whether there may be room now. */
  async #makeRoom(): Promise<boolean> {
    const nowS = this.#nowS;
    const endS = this.#bufferedEnd(nowS);
    this.#aheadS = Math.max(AHEAD_S_MIN, Math.min(this.#aheadS, endS - nowS) / 2);
    await this.#source?.remove(0, Math.max(0, nowS - 1));
    await this.#source?.remove(Math.max(endS, nowS + this.#aheadS));
    return endS - nowS < this.#aheadS;
  }

  async #tidy(): Promise<void> {
    const source = this.#source;
    const [current, next] = this.#laid;
    if (!source || !current || this.#cueS !== undefined) return;
    const nowS = this.#nowS;
    if (nowS - (source.buffered[0]?.[0] ?? nowS) > BACK_S + BACK_STEP_S) {
      await source.remove(0, nowS - BACK_S);
      this.#rungs = this.#rungs.filter(
        ({ fromS }, i) => fromS > nowS - BACK_S || i === this.#rungs.length - 1,
      );
    }
    const { endS } = current;
    if (next || endS === undefined || endS - nowS > END_TOLD_S) return;
    if (this.#bufferedEnd(nowS) >= endS - HOLE_S) await source.end();
  }

  #onError(error: unknown, laid: Laid | undefined): void {
    const isOver = error instanceof DOMException && error.name === 'AbortError';
    if (!isOver) this.#fail(laid);
  }

  #fail(laid: Laid | undefined): void {
    if (!laid || laid.failed) return;
    laid.failed = true;
    if (laid === this.#laid[0]) this.#tell('failed');
    else {
      // There is time until it is due.
      setTimeout(() => {
        if (laid !== this.#laid[1]) return;
        laid.failed = false;
        this.#fill();
      }, NEXT_AGAIN_AFTER_MS);
    }
  }
}
