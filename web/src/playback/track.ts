/** The media of one song: its renditions and segments, asked for as they are needed. */
import type { Rung } from '../../../actors/catalog/contract.ts';
import type { Stream } from '../../../actors/player-session/contract.ts';
import { decrypted } from './decrypt.ts';
import { type DownloadOptions, download } from './download.ts';
import { fallbacks } from './fallback.ts';
import { Bandwidth, rungBelow, startRung } from './ladder.ts';
import { type Rendition, renditionOf } from './rendition.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** Over all songs: the link is the same. */
export const bandwidth = new Bandwidth();

/** A rung that takes longer than the sound lasts is given up for a lower one, but not before this. */
const JUDGED_AFTER_MS = 600;
/** At the start there is no sound yet to be cut off; this long a wait is bearable. */
const BEARABLE_S = 2;
/** How many times sooner the lower rung has to be there. */
const SOONER = 2;

/** The rung is more than the link carries at the moment. */
export class TooSlowError extends Error {
  readonly rung: Rung;
  constructor(rung: Rung) {
    super('too slow');
    this.rung = rung;
  }
}

export class Track {
  readonly startRung: Rung;
  readonly maxRung: Rung;
  readonly #base: string;
  readonly #end = new AbortController();
  readonly #renditions = new Map<Rung, Promise<Rendition>>();
  /** Asked for together with what describes it, so that the first sound takes one round trip. */
  #first: Promise<Bytes> | undefined;

  /** @param fromTop the song is heard from its first segment on. */
  constructor(stream: Stream, fromTop: boolean) {
    fallbacks.learn(stream);
    this.#base = stream.hlsUrl.slice(0, stream.hlsUrl.lastIndexOf('/'));
    this.maxRung = stream.maxRung;
    this.startRung = startRung(stream.maxRung, bandwidth.bps);
    this.rendition(this.startRung).catch(() => undefined);
    if (!fromTop) return;
    this.#first = this.#timed(`${this.#base}/${this.startRung}/0.m4s`, this.startRung, {
      bytes: 0,
      aheadS: 0,
    });
    this.#first.catch(() => undefined);
  }

  /** Ends what is under way. */
  drop(): void {
    this.#end.abort();
  }

  rendition(rung: Rung): Promise<Rendition> {
    const known = this.#renditions.get(rung);
    if (known) return known;
    const asked = this.#askRendition(rung);
    this.#renditions.set(rung, asked);
    asked.catch(() => this.#renditions.delete(rung));
    return asked;
  }

  async #askRendition(rung: Rung): Promise<Rendition> {
    const url = `${this.#base}/${rung}/index.m3u8`;
    const { signal } = this.#end;
    const [playlist, init, key] = await Promise.all(
      [url, `${this.#base}/${rung}/init.mp4`, `${this.#base}/${rung}/key`].map((each) =>
        download(each, { signal }),
      ),
    );
    return renditionOf(rung, url, new TextDecoder().decode(playlist), init as Bytes, key as Bytes);
  }

  /**
   * @param aheadS for how long there is sound meanwhile
   * @throws TooSlowError when a lower rung should be asked for instead
   */
  async segment(rendition: Rendition, index: number, aheadS: number, signal: AbortSignal): Promise<Bytes> {
    const { segments, sampleRate, rung, key, iv } = rendition;
    const segment = segments[index];
    if (!segment) throw new RangeError(`no segment ${index}`);
    const seconds = (segment.endSample - segment.startSample) / sampleRate;
    const first = index === 0 && rung === this.startRung ? this.#first : undefined;
    this.#first = undefined;
    const about = { bytes: (rung * 1000 * seconds) / 8, aheadS };
    const sealed = await (first ?? this.#timed(segment.url, rung, about, signal));
    return decrypted(sealed, key, iv);
  }

  async #timed(
    url: string,
    rung: Rung,
    about: { readonly bytes: number; readonly aheadS: number },
    signal = this.#end.signal,
  ): Promise<Bytes> {
    const startedMs = performance.now();
    const options: DownloadOptions = {
      signal,
      onProgress: ({ bytes, totalBytes = about.bytes, ms }) => {
        const lower = rungBelow(rung);
        if (lower === undefined || ms < JUDGED_AFTER_MS || totalBytes === 0) return;
        const bytesPerMs = Math.max(bytes, 1) / ms;
        const leftMs = (totalBytes - bytes) / bytesPerMs;
        const lowerMs = (totalBytes * (lower / rung)) / bytesPerMs;
        const bearableMs = Math.max(BEARABLE_S, about.aheadS - ms / 1000) * 1000;
        if (leftMs < bearableMs || lowerMs * SOONER > leftMs) return;
        bandwidth.add(bytes, ms);
        throw new TooSlowError(rung);
      },
    };
    const bytes = await download(url, options);
    bandwidth.add(bytes.length, performance.now() - startedMs);
    return bytes;
  }
}
