/** What is fetched through one edge: a few requests at a time, within its budget, and not while it is busy. */
import type { PlayableSong, Rung } from '../../actors/catalog/contract.ts';
import {
  MINUTE_MS,
  SEGMENT_TARGET_MS,
  WARM_BACKOFF_MS,
  WARM_BACKOFF_MS_MAX,
  WARM_FETCH_SLOW_MS,
  WARM_GRANT_TTL_MS,
  WARM_REQUESTS_AT_ONCE_MAX,
} from '../../config/limits.ts';
import { logger } from '../../kit/log.ts';
import type { Clock } from '../../kit/sources.ts';
import { NOBODY } from '../edge/contract.ts';
import { type MediaKeys, signToken } from '../edge/token.ts';
import { trackUrls } from '../package/names.ts';
import type { Planned } from './domain.ts';
import * as metrics from './metrics.ts';
import type { Fetch, Fetched, WarmEdge } from './ports.ts';

const log = logger('warming');

/** No country of a listener: ISO 3166-1 reserves it to its users. */
const NO_REGION = 'ZZ';
const NOT_FOUND = 404;

export interface EdgeQueue {
  /** Bytes that may be fetched now; 0 while the edge is left alone or still has songs waiting. */
  budgetBytes(nowMs: number): number;
  /** Fetches them in order; resolves when all of them are fetched or given up. */
  run(songs: readonly { readonly item: Planned; readonly song: PlayableSong }[]): Promise<void>;
  readonly pausedUntilMs: number;
  readonly waiting: number;
  readonly bytes: number;
  readonly requests: Readonly<Record<Fetched['cache'] | 'failed', number>>;
}

export function createEdgeQueue({
  edge,
  keys,
  fetch,
  clock,
  bytesPerMin,
  signal,
  onDone,
}: {
  readonly edge: WarmEdge;
  readonly keys: MediaKeys;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly bytesPerMin: number;
  readonly signal: AbortSignal;
  /** `held`: whether the edge had the song's first segment; undefined when it was not fetched or did not say. */
  readonly onDone: (item: Planned, outcome: 'fetched' | 'failed', held?: boolean) => void;
}): EdgeQueue {
  const requests = { hit: 0, miss: 0, unknown: 0, failed: 0 };
  let [pausedUntilMs, backoffMs, bytes, waiting] = [0, WARM_BACKOFF_MS, 0, 0];
  // A bucket that holds a minute's worth; what was fetched beyond it is owed.
  let [creditBytes, creditAtMs] = [bytesPerMin, clock.nowMs()];

  function pause(why: string): void {
    pausedUntilMs = clock.nowMs() + backoffMs;
    backoffMs = Math.min(backoffMs * 2, WARM_BACKOFF_MS_MAX);
    metrics.pauses.inc({ region: edge.region });
    log.info({ region: edge.region, why, pausedUntilMs }, 'edge left alone for a while');
  }

  /** Undefined when the answer was of no use; then the edge may be paused. */
  async function get(url: string): Promise<Fetched | undefined> {
    let fetched: Fetched;
    try {
      fetched = await fetch(url, signal);
    } catch (error) {
      requests.failed++;
      metrics.requests.inc({ region: edge.region, result: 'failed' });
      if (!signal.aborted) pause((error as Error).name);
      return undefined;
    }
    bytes += fetched.bytes;
    creditBytes -= fetched.bytes;
    metrics.bytesFetched.inc({ region: edge.region }, fetched.bytes);
    const isFine = fetched.status === 200;
    const result = isFine ? fetched.cache : 'failed';
    requests[result]++;
    metrics.requests.inc({ region: edge.region, result });
    // A song may end before its last segment was to begin; anything else is the edge's trouble.
    const isAbsent = fetched.status === NOT_FOUND;
    if (!isFine && !isAbsent) pause(`status ${fetched.status}`);
    else if (fetched.tookMs > WARM_FETCH_SLOW_MS) pause('slow');
    else if (clock.nowMs() >= pausedUntilMs) backoffMs = WARM_BACKOFF_MS;
    if (!isFine && !isAbsent) return undefined;
    return fetched;
  }

  async function warm(item: Planned, song: PlayableSong): Promise<void> {
    const rungs = item.rungs.filter((rung) => song.rungs.includes(rung));
    if (rungs.length === 0) return onDone(item, 'failed');
    const maxRung = Math.max(...rungs) as Rung;
    const base = baseUrl(edge, keys, song.songId, maxRung, clock.nowMs());
    const segments = Math.min(item.firstSegments, Math.ceil(song.durationMs / SEGMENT_TARGET_MS));
    let first: Fetched | undefined;
    for (const rung of rungs) {
      for (const name of namesOf(rung, segments)) {
        if (signal.aborted || clock.nowMs() < pausedUntilMs) return onDone(item, 'failed');
        const fetched = await get(base + name);
        if (!fetched) return onDone(item, 'failed');
        if (name === trackUrls.segment(rung, 0)) first ??= fetched;
      }
    }
    onDone(item, 'fetched', first && first.cache !== 'unknown' ? first.cache === 'hit' : undefined);
  }

  return {
    budgetBytes(nowMs) {
      const earned = ((nowMs - creditAtMs) * bytesPerMin) / MINUTE_MS;
      creditBytes = Math.min(bytesPerMin, creditBytes + earned);
      creditAtMs = nowMs;
      return waiting > 0 || nowMs < pausedUntilMs ? 0 : Math.max(0, creditBytes);
    },
    async run(songs) {
      waiting += songs.length;
      const rest = [...songs];
      const worker = async (): Promise<void> => {
        for (let next = rest.shift(); next; next = rest.shift()) {
          await warm(next.item, next.song);
          waiting--;
        }
      };
      await Promise.all(Array.from({ length: WARM_REQUESTS_AT_ONCE_MAX }, worker));
    },
    get pausedUntilMs() {
      return pausedUntilMs;
    },
    get waiting() {
      return waiting;
    },
    get bytes() {
      return bytes;
    },
    requests,
  };
}

/** HLS reads the init section in the clear, DASH the encrypted one. */
function* namesOf(rung: Rung, segments: number): Generator<string> {
  yield trackUrls.init(rung);
  yield trackUrls.encryptedInit(rung);
  for (let index = 0; index < segments; index++) yield trackUrls.segment(rung, index);
}

function baseUrl({ url }: WarmEdge, keys: MediaKeys, songId: string, maxRung: Rung, nowMs: number): string {
  const token = signToken(keys[0], songId, {
    playId: NOBODY,
    userId: NOBODY,
    maxRung,
    region: NO_REGION,
    expiresAtMs: nowMs + WARM_GRANT_TTL_MS,
  });
  return `${url}/m/${token}/${songId}/`;
}
