/**
 * Goes on at the origin when no edge answers: the signed path is the same there. Each address keeps its
 * edge's name for everyone else, so that the edge is asked again after a while.
 */
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
  signal?.throwIfAborted();
  if (answer && !isAway(answer.status)) return answer;
  return fetch(known.instead(first) ?? first, { signal });
}
