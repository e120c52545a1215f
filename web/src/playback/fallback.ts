/**
 * Goes on at the origin when no edge answers: the signed path is the same there. Each address keeps its
 * edge's name for everyone else, so that the edge is asked again after a while.
 */
import type {
  HlsConfig,
  Loader,
  LoaderCallbacks,
  LoaderConfiguration,
  LoaderContext,
  LoaderStats,
} from 'hls.js/light';
import type { Stream } from '../../../actors/player-session/contract.ts';

/** How long an edge that did not answer is left alone. */
export const EDGE_REST_MS = 60_000;
/** A first byte takes an edge some 50 ms; its origin is asked well before the buffer is empty. */
const EDGE_ANSWER_MS_MAX = 4000;

/** The part of a media URL in front of its signed path. */
const baseOf = (url: string): string => url.slice(0, Math.max(0, url.indexOf('/m/')));

export class Fallbacks {
  readonly #nowMs: () => number;
  /** By the edge's base. */
  readonly #edges = new Map<string, { readonly origin: string; askedAgainAtMs: number }>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  learn({ hlsUrl, fallback }: Pick<Stream, 'hlsUrl' | 'fallback'>): void {
    const edge = baseOf(hlsUrl);
    if (fallback && !this.#edges.has(edge)) {
      this.#edges.set(edge, { origin: baseOf(fallback.hlsUrl), askedAgainAtMs: 0 });
    }
  }

  isEdge(url: string): boolean {
    return this.#edges.has(baseOf(url));
  }

  /** Where to ask for `url` now. */
  now(url: string): string {
    const edge = this.#edges.get(baseOf(url));
    return edge && this.#nowMs() < edge.askedAgainAtMs ? this.#atOrigin(url, edge.origin) : url;
  }

  /** The edge did not answer: where to ask instead, if there is another place. */
  instead(url: string): string | undefined {
    const edge = this.#edges.get(baseOf(url));
    if (!edge) return undefined;
    edge.askedAgainAtMs = this.#nowMs() + EDGE_REST_MS;
    return this.#atOrigin(url, edge.origin);
  }

  #atOrigin(url: string, origin: string): string {
    return origin + url.slice(baseOf(url).length);
  }
}

export const fallbacks = new Fallbacks(() => performance.now());

/** No answer, or one that says that nobody is there; a refusal would be the same everywhere. */
const isAway = (status: number): boolean => status === 0 || status >= 500;

/** `fetch`, at the origin when the edge is away, until `signal` says that it takes too long. */
export async function fetchMedia(
  url: string,
  known: Fallbacks = fallbacks,
  signal: AbortSignal | null = null,
): Promise<Response> {
  const first = known.now(url);
  if (!known.isEdge(first)) return fetch(first, { signal });
  const impatience = new AbortController();
  const giveUp = () => impatience.abort();
  signal?.addEventListener('abort', giveUp);
  const timer = setTimeout(giveUp, EDGE_ANSWER_MS_MAX);
  const answer = await fetch(first, { signal: impatience.signal }).catch(() => undefined);
  clearTimeout(timer);
  if (answer && !isAway(answer.status)) return answer;
  return fetch(known.instead(first) ?? first, { signal });
}

type LoaderClass = new (config: HlsConfig) => Loader<LoaderContext>;

/** A loader of hls.js that asks the origin at once where the edge is away, instead of the edge again. */
export function fallbackLoader(Base: LoaderClass, known: Fallbacks = fallbacks): LoaderClass {
  return class FallbackLoader extends Base {
    readonly #hlsConfig: HlsConfig;
    #atOrigin: Loader<LoaderContext> | undefined;

    constructor(config: HlsConfig) {
      super(config);
      this.#hlsConfig = config;
    }

    override load(
      context: LoaderContext,
      config: LoaderConfiguration,
      callbacks: LoaderCallbacks<LoaderContext>,
    ): void {
      const { url } = context;
      const first = known.now(url);
      const isAlone = first !== url || !known.isEdge(url);
      const goOn = (): boolean => {
        const instead = isAlone ? undefined : known.instead(url);
        if (instead === undefined) return false;
        this.#atOrigin = new Base(this.#hlsConfig);
        this.#atOrigin.load({ ...context, url: instead }, config, told);
        return true;
      };
      const told: LoaderCallbacks<LoaderContext> = {
        ...callbacks,
        onSuccess: (response, stats, _context, details) =>
          callbacks.onSuccess({ ...response, url }, this.#took(stats), context, details),
        onError: (error, _context, details, stats) => callbacks.onError(error, context, details, stats),
        onTimeout: (stats, _context, details) => callbacks.onTimeout(stats, context, details),
      };
      super.load({ ...context, url: first }, isAlone ? config : impatient(config), {
        ...told,
        onError: (error, _context, details, stats) => {
          if (!isAway(error.code) || !goOn()) callbacks.onError(error, context, details, stats);
        },
        onTimeout: (stats, _context, details) => {
          if (!goOn()) callbacks.onTimeout(stats, context, details);
        },
      });
    }

    /** hls.js measures bandwidth by the statistics of the loader that it has. */
    #took(stats: LoaderStats): LoaderStats {
      return stats === this.stats ? stats : Object.assign(this.stats, stats);
    }

    override abort(): void {
      this.#atOrigin?.abort();
      super.abort();
    }

    override destroy(): void {
      this.#atOrigin?.destroy();
      super.destroy();
    }
  };
}

const impatient = (config: LoaderConfiguration): LoaderConfiguration => ({
  ...config,
  loadPolicy: {
    ...config.loadPolicy,
    maxTimeToFirstByteMs: Math.min(config.loadPolicy.maxTimeToFirstByteMs, EDGE_ANSWER_MS_MAX),
    errorRetry: null,
    timeoutRetry: null,
  },
});
