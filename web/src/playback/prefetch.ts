/**
 * Fetches everything the first sound needs at once. A player that follows the manifests asks for them one
 * after another (multivariant playlist, media playlist, init segment, key, first segment): five round
 * trips. Their addresses follow from the stream's, so they are asked for together and handed to hls.js as
 * it comes to them.
 */
import type Hls from 'hls.js/light';
import type { HlsConfig, Loader, LoaderCallbacks, LoaderConfiguration, LoaderContext } from 'hls.js/light';
import { fallbackLoader, fallbacks, fetchMedia } from './fallback.ts';

interface Prefetched {
  readonly body: Promise<ArrayBuffer>;
  readonly startedMs: number;
}

/** What takes longer is asked for again by hls.js, which knows when to give up. */
const FETCH_MS_MAX = 20_000;
/** More than one song ahead is never asked for. */
const HELD_MAX = 24;
const held = new Map<string, Prefetched>();

const absolute = (url: string): string => new URL(url, location.href).href;

function fetchAhead(url: string): void {
  const href = absolute(url);
  if (held.has(href)) return;
  const body = fetchMedia(href, fallbacks, AbortSignal.timeout(FETCH_MS_MAX)).then((response) => {
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return response.arrayBuffer();
  });
  // hls.js asks again by itself when this failed.
  body.catch(() => held.delete(href));
  held.set(href, { body, startedMs: performance.now() });
  const oldest = held.keys().next().value;
  if (held.size > HELD_MAX && oldest !== undefined) held.delete(oldest);
}

/**
 * @param rung the rendition the player starts with, in kbit/s.
 * @param fromTop the song is heard from its first segment on.
 */
export function prefetchStart(hlsUrl: string, rung: number, fromTop: boolean): void {
  const base = hlsUrl.slice(0, hlsUrl.lastIndexOf('/'));
  fetchAhead(hlsUrl);
  const names = ['index.m3u8', 'init.mp4', 'key', ...(fromTop ? ['0.m4s'] : [])];
  for (const name of names) fetchAhead(`${base}/${rung}/${name}`);
}

/** hls.js's own loader, which first looks at what was asked for ahead. */
export function prefetchingLoader(HlsClass: typeof Hls): HlsConfig['loader'] {
  const Base = fallbackLoader(
    HlsClass.DefaultConfig.loader as new (
      config: HlsConfig,
    ) => Loader<LoaderContext>,
  );

  return class PrefetchingLoader extends Base {
    #aborted = false;

    override load(
      context: LoaderContext,
      config: LoaderConfiguration,
      callbacks: LoaderCallbacks<LoaderContext>,
    ): void {
      const href = absolute(context.url);
      const ahead = context.rangeEnd ? undefined : held.get(href);
      if (!ahead) {
        super.load(context, config, callbacks);
        return;
      }
      held.delete(href);
      ahead.body.then(
        (body) => this.#deliver(body, ahead.startedMs, context, callbacks),
        () => !this.#aborted && super.load(context, config, callbacks),
      );
    }

    #deliver(
      body: ArrayBuffer,
      startedMs: number,
      context: LoaderContext,
      callbacks: LoaderCallbacks<LoaderContext>,
    ): void {
      if (this.#aborted) return;
      const { stats } = this;
      stats.loading = { start: startedMs, first: startedMs, end: performance.now() };
      stats.loaded = body.byteLength;
      stats.total = body.byteLength;
      const data = context.responseType === 'arraybuffer' ? body : new TextDecoder().decode(body);
      callbacks.onSuccess({ url: context.url, data, code: 200 }, stats, context, null);
    }

    override abort(): void {
      this.#aborted = true;
      super.abort();
    }

    override destroy(): void {
      this.#aborted = true;
      super.destroy();
    }
  } as unknown as HlsConfig['loader'];
}
