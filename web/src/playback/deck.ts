/** One song on one audio element. Two decks take turns, so that the next song is ready before it is due. */
import type Hls from 'hls.js/light';
import type { Level } from 'hls.js/light';
import type { Rung } from '../../../actors/catalog/contract.ts';
import type { Stream } from '../../../actors/player-session/contract.ts';
import { fallbacks } from './fallback.ts';
import { ListeningMeter } from './listening.ts';
import { prefetchingLoader, prefetchStart } from './prefetch.ts';

/** In kbit/s. */
const RUNGS = [24, 96, 160, 320] as const;
const SAFE_START_RUNG = 96;
/** A start above the safe rung asks for this many times its bit rate in measured bandwidth. */
const START_HEADROOM = 6;

export type DeckEvent = 'playing' | 'waiting' | 'ended' | 'failed' | 'time' | 'rung' | 'blocked';

let hlsClass: Promise<typeof Hls> | undefined;
/** hls.js is the largest part of the player and is loaded after the first paint. */
export const loadHls = (): Promise<typeof Hls> => {
  hlsClass ??= import('hls.js/light').then(
    (module) => module.default,
    (error: unknown) => {
      hlsClass = undefined;
      throw error;
    },
  );
  return hlsClass;
};

let bandwidthBps = 0;

export function startRung(maxRung: number): number {
  const affordable = RUNGS.filter((rung) => rung <= maxRung && rung * 1000 * START_HEADROOM <= bandwidthBps);
  return Math.max(Math.min(SAFE_START_RUNG, maxRung), ...affordable);
}

const rungOf = (level: Level | undefined): Rung | undefined =>
  RUNGS.find((rung) => level?.url[0]?.includes(`/${rung}/`));

export class Deck {
  readonly audio = new Audio();
  readonly meter = new ListeningMeter();
  /** What the service knows of the meter. */
  reportedMs = 0;
  /** Not before this time, by `performance.now()`, is a report sent by itself. */
  reportFromMs = 0;
  readonly #onEvent: (deck: Deck, event: DeckEvent) => void;
  #hls: Hls | undefined;
  #prepared: Hls | undefined;
  #generation = 0;
  stream: Stream | undefined;
  /** The rung that sounds, and the one before it within this song, in kbit/s. */
  rung: Rung | undefined;
  fromRung: Rung | undefined;
  /** Waiting for data in the middle of a song, as opposed to before its start. */
  started = false;
  /** Until the song has started, the element stands at its beginning, wherever it will start. */
  #startMs = 0;

  constructor(onEvent: (deck: Deck, event: DeckEvent) => void) {
    this.#onEvent = onEvent;
    this.audio.preload = 'auto';
    const tell = (event: DeckEvent) => () => this.#onEvent(this, event);
    this.audio.addEventListener('playing', () => {
      this.started = true;
      this.#onEvent(this, 'playing');
    });
    this.audio.addEventListener('waiting', tell('waiting'));
    this.audio.addEventListener('ended', tell('ended'));
    this.audio.addEventListener('timeupdate', tell('time'));
    // Where the browser plays HLS by itself, nobody else says so.
    this.audio.addEventListener('error', () => {
      if (this.stream && !this.#hls) this.#onEvent(this, 'failed');
    });
  }

  /** A play's id is promised before it is known which song it will be of. */
  holds(play: { readonly playId: string; readonly songId: string } | undefined): boolean {
    return this.stream?.playId === play?.playId && this.stream?.songId === play?.songId;
  }

  get positionMs(): number {
    return this.started ? Math.round(this.audio.currentTime * 1000) : this.#startMs;
  }

  /** @param heardMs listened time of this play that the service knows already, e.g. before a reload. */
  async load(stream: Stream, positionMs = 0, heardMs = 0): Promise<void> {
    const generation = ++this.#generation;
    const prepared = this.#prepared;
    this.#prepared = undefined;
    if (!prepared) this.#drop();
    this.stream = stream;
    this.meter.reset(heardMs);
    this.reportedMs = heardMs;
    this.reportFromMs = 0;
    this.#startMs = positionMs;
    const rung = startRung(stream.maxRung);
    fallbacks.learn(stream);
    prefetchStart(stream.hlsUrl, rung, positionMs === 0);
    const HlsClass = await loadHls().catch(() => undefined);
    if (generation !== this.#generation) return;
    if (!HlsClass) {
      this.#onEvent(this, 'failed');
      return;
    }
    if (!HlsClass.isSupported()) {
      // Safari on phones plays HLS by itself.
      this.audio.src = fallbacks.now(stream.hlsUrl);
      this.audio.currentTime = positionMs / 1000;
      return;
    }
    const hls = prepared ?? this.#attach(HlsClass);
    this.#hls = hls;
    hls.config.startPosition = positionMs / 1000;
    // Levels are sorted by their measured bit rate, which for quiet music is not the order of the rungs.
    hls.on(HlsClass.Events.MANIFEST_PARSED, (_event, { levels }) => {
      hls.startLevel = levels.findIndex((level) => rungOf(level) === rung);
    });
    hls.loadSource(stream.hlsUrl);
  }

  /** Does what takes time and needs no address yet; whatever the deck held is dropped. */
  prepare(): void {
    this.clear();
    const generation = this.#generation;
    const attach = (HlsClass: typeof Hls) => {
      if (generation === this.#generation && HlsClass.isSupported()) this.#prepared = this.#attach(HlsClass);
    };
    loadHls().then(attach, () => undefined);
  }

  /** An empty player at the audio element. */
  #attach(HlsClass: typeof Hls): Hls {
    const hls = new HlsClass({
      testBandwidth: false,
      startFragPrefetch: true,
      enableWorker: false,
      maxBufferLength: 20,
      maxMaxBufferLength: 30,
      maxBufferSize: 1 << 20,
      backBufferLength: 15,
      loader: prefetchingLoader(HlsClass),
      ...(bandwidthBps > 0 && { abrEwmaDefaultEstimate: bandwidthBps }),
    });
    hls.on(HlsClass.Events.FRAG_LOADED, () => {
      bandwidthBps = hls.bandwidthEstimate || bandwidthBps;
    });
    hls.on(HlsClass.Events.LEVEL_SWITCHED, (_event, { level }) => {
      this.fromRung = this.rung;
      this.rung = rungOf(hls.levels[level]);
      this.#onEvent(this, 'rung');
    });
    hls.on(HlsClass.Events.ERROR, (_event, error) => {
      if (error.fatal) this.#onEvent(this, 'failed');
    });
    hls.attachMedia(this.audio);
    return hls;
  }

  /** After a lost connection: asks again from where the buffer ends. */
  retry(): void {
    this.#hls?.startLoad();
  }

  play(): void {
    this.audio.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.#onEvent(this, 'blocked');
    });
  }

  pause(): void {
    this.listen();
    this.meter.interrupt();
    this.audio.pause();
  }

  /** Call often while sound is playing. */
  listen(): void {
    if (this.stream && !this.audio.paused && !this.audio.seeking)
      this.meter.tick(this.positionMs, performance.now());
  }

  seek(positionMs: number): void {
    this.meter.interrupt();
    this.#startMs = positionMs;
    this.audio.currentTime = positionMs / 1000;
  }

  clear(): void {
    this.#generation++;
    this.#drop();
    this.stream = undefined;
  }

  #drop(): void {
    this.audio.pause();
    this.#hls?.destroy();
    this.#prepared?.destroy();
    this.#hls = undefined;
    this.#prepared = undefined;
    this.started = false;
    this.rung = undefined;
    this.fromRung = undefined;
    this.audio.removeAttribute('src');
    this.audio.load();
  }
}
