/** Fetches through an edge as a player would, for the edge's cache alone. */
import { WARM_FETCH_MS_MAX } from '../../config/limits.ts';
import type { Clock } from '../../kit/sources.ts';
import type { Fetch, Fetched } from './ports.ts';

/** nginx says HIT, MISS, EXPIRED and others; CDNs write sentences such as `Hit from cloudfront`. */
function cacheIn(header: string | null): Fetched['cache'] {
  if (header === null) return 'unknown';
  if (/hit|stale|updating|revalidated/i.test(header)) return 'hit';
  return /miss|expired|bypass/i.test(header) ? 'miss' : 'unknown';
}

export const fetchThrough =
  (clock: Clock): Fetch =>
  async (url, signal) => {
    const startedMs = clock.nowMs();
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(WARM_FETCH_MS_MAX)]),
      redirect: 'error',
    });
    let bytes = 0;
    // The edge may give up filling its cache when we stop reading.
    for await (const piece of response.body ?? []) bytes += piece.length;
    return {
      status: response.status,
      bytes,
      cache: cacheIn(response.headers.get('x-cache')),
      tookMs: clock.nowMs() - startedMs,
    };
  };
