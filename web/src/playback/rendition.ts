/**
 * One rendition of a song, as its media playlist and init section tell. Sounds are counted in samples: a song
 * ends where the next one begins, and a time in seconds that is rounded twice would be heard.
 */
import type { Rung } from '../../../actors/catalog/contract.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export interface Segment {
  readonly url: string;
  /** Samples that sound, from the song's first on. */
  readonly startSample: number;
  readonly endSample: number;
}

export interface Rendition {
  readonly rung: Rung;
  readonly init: Bytes;
  readonly key: Bytes;
  readonly iv: Bytes;
  readonly sampleRate: number;
  /** Samples that the decoder gives before the music. */
  readonly priming: number;
  /** Samples that sound. */
  readonly samples: number;
  readonly segments: readonly Segment[];
}

const malformed = (what: string): Error => new Error(`The song's media cannot be read: ${what}.`);

export function renditionOf(rung: Rung, url: string, playlist: string, init: Bytes, key: Bytes): Rendition {
  const { sampleRate, priming, samples } = readInit(init);
  const segments: Segment[] = [];
  let startSample = 0;
  let seconds: number | undefined;
  let iv: string | undefined;
  for (const line of playlist.split(/\r?\n/)) {
    iv ??= /^#EXT-X-KEY:.*\bIV=0x([0-9A-Fa-f]{32})/.exec(line)?.[1];
    seconds = Number(/^#EXTINF:([\d.]+)/.exec(line)?.[1] ?? seconds);
    if (line === '' || line.startsWith('#')) continue;
    const endSample = startSample + Math.round((seconds ?? 0) * sampleRate);
    segments.push({ url: besides(url, line), startSample, endSample });
    startSample = endSample;
  }
  if (segments.length === 0 || iv === undefined) throw malformed('its playlist is not as expected');
  return { rung, init, key, iv: bytesOfHex(iv), sampleRate, priming, samples, segments };
}

/** Playlists name their files relative to themselves, or by their whole address. */
const besides = (url: string, name: string): string =>
  /^(\w+:)?\//.test(name) ? name : url.slice(0, url.lastIndexOf('/') + 1) + name;

const bytesOfHex = (hex: string): Bytes =>
  Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));

const BOX_HEADER_BYTES = 8;

/** Where a box's body lies, found by its path. */
function findBox(view: DataView, path: readonly string[], from: number, to: number): [number, number] {
  const [type, ...rest] = path;
  for (let at = from; at + BOX_HEADER_BYTES <= to; ) {
    const bytes = view.getUint32(at);
    if (bytes < BOX_HEADER_BYTES || at + bytes > to) break;
    const name = String.fromCharCode(...[4, 5, 6, 7].map((i) => view.getUint8(at + i)));
    if (name === type) {
      const body: [number, number] = [at + BOX_HEADER_BYTES, at + bytes];
      return rest.length > 0 ? findBox(view, rest, ...body) : body;
    }
    at += bytes;
  }
  throw malformed(`its init section has no ${type}`);
}

/**
 * Reads the exact length, and makes the edit list one that no browser follows: some apply it within a media
 * source and some do not, so that the append window does its work for all.
 */
function readInit(init: Bytes): { sampleRate: number; priming: number; samples: number } {
  const view = new DataView(init.buffer, init.byteOffset, init.byteLength);
  const box = (...path: string[]) => findBox(view, path, 0, init.byteLength)[0];
  const mdhd = box('moov', 'trak', 'mdia', 'mdhd');
  const elst = box('moov', 'trak', 'edts', 'elst');
  const edts = box('moov', 'trak', 'edts');
  const [samples, priming] = [view.getUint32(elst + 8), view.getUint32(elst + 12)];
  for (const [i, letter] of [...'free'].entries()) view.setUint8(edts - 4 + i, letter.charCodeAt(0));
  const isLong = view.getUint8(mdhd) === 1;
  return { sampleRate: view.getUint32(mdhd + (isLong ? 20 : 12)), priming, samples };
}

/** The segment that sounds at this second; the time where one ends belongs to the next. */
export function segmentAt({ segments, sampleRate }: Rendition, seconds: number): number {
  const index = segments.findLastIndex(({ startSample }) => startSample / sampleRate <= seconds + ROUNDING_S);
  return Math.max(0, index);
}

/** Browsers tell what is buffered by their own clock, some by whole frames. */
const ROUNDING_S = 0.03;
