/** A browser's media source and an edge, as much of them as a deck meets: no sound, no waiting. */
import { createCipheriv } from 'node:crypto';
import type { Stream } from '../../../../actors/player-session/contract.ts';

export const SAMPLE_RATE = 44_100;
const PRIMING = 1024;
const SEGMENT_SAMPLES = 259 * 1024;
const KEY = Buffer.alloc(16, 7);
const IV = Buffer.alloc(16, 9);

// -- the edge -------------------------------------------------------------------------------------

const box = (type: string, ...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
};
const u32 = (...values: number[]): Buffer => {
  const out = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) out.writeUInt32BE(value, 4 * i);
  return out;
};

export const initOf = (samples: number): Buffer => {
  const edts = box('edts', box('elst', u32(0, 1, samples, PRIMING, 0x10000)));
  const mdhd = box('mdhd', u32(0, 0, 0, SAMPLE_RATE, 0, 0));
  return Buffer.concat([box('ftyp', u32(0)), box('moov', box('trak', edts, box('mdia', mdhd)))]);
};

/** Samples of each segment that sound. */
function segmentsOf(samples: number): number[] {
  const out: number[] = [];
  for (let done = -PRIMING; done < samples; done += SEGMENT_SAMPLES)
    out.push(Math.min(done + SEGMENT_SAMPLES, samples) - Math.max(done, 0));
  return out;
}

export const playlistOf = (samples: number): string =>
  [
    '#EXTM3U',
    `#EXT-X-MAP:URI="init.mp4"`,
    `#EXT-X-KEY:METHOD=AES-128,URI="key",IV=0x${IV.toString('hex').toUpperCase()}`,
    ...segmentsOf(samples).flatMap((count, i) => [
      `#EXTINF:${(count / SAMPLE_RATE).toFixed(6)},`,
      `${i}.m4s`,
    ]),
    '#EXT-X-ENDLIST',
  ].join('\n');

/** A segment says when it begins and how long it lasts, by the media's own clock. */
function sealed(index: number): Buffer {
  const clear = Buffer.alloc(16);
  clear.writeDoubleBE((index * SEGMENT_SAMPLES) / SAMPLE_RATE, 0);
  clear.writeDoubleBE(SEGMENT_SAMPLES / SAMPLE_RATE, 8);
  const cipher = createCipheriv('aes-128-cbc', KEY, IV);
  return Buffer.concat([cipher.update(clear), cipher.final()]);
}

export interface FakeEdge {
  /** Samples by song id. */
  readonly songs: Map<string, number>;
  /** `<songId>/<rung>/<file>`, as they were asked for. */
  readonly asked: string[];
  /** What happens instead of an answer, if anything. */
  instead: ((name: string, signal: AbortSignal) => Promise<Response> | undefined) | undefined;
}

export const streamOf = (songId: string, playId = `play ${songId}`): Stream => ({
  playId,
  songId,
  hlsUrl: `/m/token/${songId}/master.m3u8`,
  dashUrl: '',
  fileUrl: '',
  expiresAtMs: 0,
  maxRung: 320,
});

export function fakeEdge(): FakeEdge & { fetch(url: string, init?: RequestInit): Promise<Response> } {
  const songs = new Map<string, number>();
  const asked: string[] = [];
  return {
    songs,
    asked,
    instead: undefined,
    async fetch(url, { signal } = {}) {
      const [, songId = '', rung = '', file = ''] = /^\/m\/token\/([^/]+)\/(\d+)\/(.+)$/.exec(url) ?? [];
      asked.push(`${songId}/${rung}/${file}`);
      const other = this.instead?.(`${songId}/${rung}/${file}`, signal as AbortSignal);
      if (other) return other;
      const samples = songs.get(songId);
      if (samples === undefined) return new Response('', { status: 404 });
      if (file === 'index.m3u8') return new Response(playlistOf(samples));
      if (file === 'init.mp4') return new Response(initOf(samples) as BodyInit);
      if (file === 'key') return new Response(KEY as BodyInit);
      return new Response(sealed(Number.parseInt(file, 10)) as BodyInit);
    },
  };
}

// -- the browser ----------------------------------------------------------------------------------

type Range = [start: number, end: number];
const MERGED_WITHIN_S = 0.001;

const rangesOf = (ranges: readonly Range[]): TimeRanges => ({
  length: ranges.length,
  start: (i) => ranges[i]?.[0] as number,
  end: (i) => ranges[i]?.[1] as number,
});

export class FakeSourceBuffer extends EventTarget {
  timestampOffset = 0;
  appendWindowStart = 0;
  appendWindowEnd = Number.POSITIVE_INFINITY;
  updating = false;
  ranges: Range[] = [];
  /** Seconds that there is room for. */
  roomS = Number.POSITIVE_INFINITY;
  readonly #reopen: () => void;

  constructor(reopen: () => void) {
    super();
    this.#reopen = reopen;
  }

  get buffered(): TimeRanges {
    return rangesOf(this.ranges);
  }

  appendBuffer(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 16, 16);
    const start = Math.max(view.getFloat64(0) + this.timestampOffset, this.appendWindowStart);
    const end = Math.min(
      view.getFloat64(0) + view.getFloat64(8) + this.timestampOffset,
      this.appendWindowEnd,
    );
    const held = this.ranges.reduce((sum, [from, to]) => sum + to - from, 0);
    if (held + end - start > this.roomS) throw new DOMException('full', 'QuotaExceededError');
    this.#reopen();
    const all = [...this.ranges, [start, end] as Range].sort((a, b) => a[0] - b[0]);
    this.ranges = [];
    for (const range of all) {
      const last = this.ranges.at(-1);
      if (last && range[0] <= last[1] + MERGED_WITHIN_S) last[1] = Math.max(last[1], range[1]);
      else this.ranges.push([...range]);
    }
    this.#update();
  }

  remove(start: number, end: number): void {
    this.ranges = this.ranges.flatMap(([from, to]) =>
      (
        [
          [from, Math.min(to, start)],
          [Math.max(from, end), to],
        ] as Range[]
      ).filter(([a, b]) => b > a),
    );
    this.#update();
  }

  #update(): void {
    this.updating = true;
    queueMicrotask(() => {
      this.updating = false;
      this.dispatchEvent(new Event('updateend'));
    });
  }
}

export class FakeMediaSource extends EventTarget {
  static last: FakeMediaSource;
  static isTypeSupported = () => true;
  readyState: 'closed' | 'open' | 'ended' = 'closed';
  duration = Number.NaN;
  readonly buffer = new FakeSourceBuffer(() => {
    this.readyState = 'open';
  });
  constructor() {
    super();
    FakeMediaSource.last = this;
    queueMicrotask(() => {
      this.readyState = 'open';
      this.dispatchEvent(new Event('sourceopen'));
    });
  }
  addSourceBuffer(): FakeSourceBuffer {
    return this.buffer;
  }
  endOfStream(): void {
    this.readyState = 'ended';
  }
}

export class FakeAudio extends EventTarget {
  static all: FakeAudio[] = [];
  src = '';
  paused = true;
  ended = false;
  seeking = false;
  volume = 1;
  preload = '';
  error: unknown = null;
  disableRemotePlayback = false;
  #source: FakeMediaSource | undefined;
  #currentTime = 0;
  #sounded = false;

  constructor() {
    super();
    FakeAudio.all.push(this);
  }
  get source(): FakeMediaSource {
    this.#source ??= FakeMediaSource.last;
    return this.#source;
  }
  get currentTime(): number {
    return this.#currentTime;
  }
  set currentTime(seconds: number) {
    this.#currentTime = seconds;
    this.ended = false;
    this.dispatchEvent(new Event('seeked'));
  }
  /** How far the sound can go from here. */
  get aheadS(): number {
    const at = this.#currentTime + 0.01;
    const range = this.source.buffer.ranges.find(([start, end]) => start <= at && end > at);
    return range ? range[1] - this.#currentTime : 0;
  }
  get readyState(): number {
    return this.aheadS > 0 ? 4 : 1;
  }
  async play(): Promise<void> {
    this.paused = false;
  }
  pause(): void {
    this.paused = true;
  }
  load(): void {}
  removeAttribute(): void {
    this.src = '';
    this.#source = undefined;
  }
  /** Plays on for so long, or to where the sound ends. */
  async sound(seconds: number): Promise<void> {
    for (let left = seconds; left > 0; left -= 0.25) {
      await settled();
      if (this.paused) return;
      const step = Math.min(left, 0.25, this.aheadS);
      if (step > 0 && !this.#sounded) this.dispatchEvent(new Event('playing'));
      this.#sounded = step > 0;
      this.#currentTime += step;
      this.dispatchEvent(new Event('timeupdate'));
      if (step >= Math.min(left, 0.25) - 1e-9) continue;
      if (this.source.readyState === 'ended') {
        this.ended = true;
        this.paused = true;
        this.dispatchEvent(new Event('ended'));
        return;
      }
      this.dispatchEvent(new Event('waiting'));
    }
    await settled();
  }
}

const rounds = () => new Promise((done) => setImmediate(done));
/** Until everything that needs no waiting has happened. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 60; i++) await rounds();
}

/** Makes them this process's browser. */
export function installMedia(edge: { fetch(url: string, init?: RequestInit): Promise<Response> }): void {
  Object.assign(globalThis, {
    Audio: FakeAudio,
    MediaSource: FakeMediaSource,
    HTMLMediaElement: { HAVE_FUTURE_DATA: 3 },
    fetch: (url: string, init?: RequestInit) => edge.fetch(url, init),
  });
  // Web Crypto works on threads of its own, and nobody knows when it is done.
  Object.defineProperty(globalThis, 'crypto', { value: {} });
  URL.createObjectURL = () => 'blob:fake';
  URL.revokeObjectURL = () => undefined;
}
