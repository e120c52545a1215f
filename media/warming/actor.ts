/** Edge warming: reads the journal, plans every few seconds, and fetches through each edge what is to be there. */
import { CATALOG_STREAM, type CatalogEvent } from '../../actors/catalog/contract.ts';
import { PLAYER_STREAM, type PlayStarted, type SessionHint } from '../../actors/player-session/contract.ts';
import {
  SECOND_MS,
  SONGS_ASKED_MAX,
  WARM_BYTES_PER_MIN,
  WARM_EVERY_MS,
  WARM_SHOWN_MAX,
  WARM_SONGS_PLANNED_MAX,
  WARM_TOUCHED_MAX,
} from '../../config/limits.ts';
import { BoundedMap } from '../../kit/bounded-map.ts';
import type { Handlers } from '../../kit/contract.ts';
import { logger } from '../../kit/log.ts';
import type { JournalRecord } from '../../kit/ports/journal.ts';
import { type EdgeStatus, REASONS, type Reason, type WarmedSong, type warmingContract } from './contract.ts';
import { createForecast, type Forecast, type Planned } from './domain.ts';
import { createEdgeQueue, type EdgeQueue } from './edge-queue.ts';
import * as metrics from './metrics.ts';
import type { WarmEdge, WarmingDeps } from './ports.ts';
import { createReleases } from './releases.ts';

const log = logger('warming');

export interface Warming extends AsyncDisposable {
  readonly handlers: Handlers<typeof warmingContract>;
  /** Begins to read the journal and to warm. */
  start(): Promise<void>;
  /** Plans and fetches once; resolves when all of it is fetched or given up. Runs by itself after `start`. */
  warmOnce(): Promise<void>;
  /** Resolves when all that was journaled before the call is known here. */
  caughtUp(): Promise<void>;
}

const HINTS: readonly string[] = [
  'contextSet',
  'shuffled',
  'unshuffled',
  'queued',
  'queueCleared',
] satisfies SessionHint['type'][];

type SessionEvent = PlayStarted | SessionHint;
const eventsIn = (data: unknown): readonly SessionEvent[] =>
  (data as { events?: SessionEvent[] }).events ?? [];

interface Watched {
  readonly edge: WarmEdge;
  readonly queue: EdgeQueue;
  readonly warmed: Record<Reason, number>;
  readonly played: Record<Reason, number>;
  /** Songs warmed that nobody has played yet, and why they were. */
  readonly unplayed: BoundedMap<string, Reason>;
}

const none = (): Record<Reason, number> => ({ release: 0, next: 0, rising: 0, taste: 0 });

export function createWarming(deps: WarmingDeps): Warming {
  const { edges, journal, catalog, clock, bytesPerMin = WARM_BYTES_PER_MIN } = deps;
  const forecast = createForecast(edges);
  const releases = createReleases(deps);
  const stopping = new AbortController();
  const consumers = new AsyncDisposableStack();
  const shown: WarmedSong[] = [];
  let caughtUp = async (): Promise<unknown> => undefined;
  let running: Promise<void> = Promise.resolve();
  let timer: { cancel(): void } | undefined;

  const watched = new Map<string, Watched>(
    edges.map((edge) => {
      const queue = createEdgeQueue({ ...deps, edge, bytesPerMin, signal: stopping.signal, onDone });
      return [
        edge.region,
        { edge, queue, warmed: none(), played: none(), unplayed: new BoundedMap(WARM_TOUCHED_MAX) },
      ];
    }),
  );

  function onDone(item: Planned, outcome: 'fetched' | 'failed', held?: boolean): void {
    if (outcome === 'failed') {
      forecast.observe({ type: 'failed', item });
      return;
    }
    const { region, reason, songId } = item;
    const at = watched.get(region) as Watched;
    at.warmed[reason]++;
    metrics.songsWarmed.inc({ region, reason });
    at.unplayed.set(songId, reason);
    if (held !== undefined) forecast.observe({ type: 'fetched', item, held });
    metrics.residentSeconds.set({ region }, forecast.residentMs(region) / SECOND_MS);
    shown.unshift(shownOf(item));
    shown.length = Math.min(shown.length, WARM_SHOWN_MAX);
  }

  function onPlayed({ songId, country, atMs }: PlayStarted, sessionId: string): void {
    forecast.observe({ type: 'played', songId, sessionId, country, atMs });
    const region = forecast.regionOf(country);
    const at = region === undefined ? undefined : watched.get(region);
    const reason = at?.unplayed.get(songId);
    if (!at || !reason) return;
    at.unplayed.delete(songId);
    at.played[reason]++;
    metrics.songsPlayed.inc({ region: at.edge.region, reason });
  }

  async function consumePlays(records: readonly JournalRecord[]): Promise<void> {
    for (const { subject, data } of records) {
      for (const event of eventsIn(data)) {
        if (event.type === 'playStarted') onPlayed(event, subject);
        else if (HINTS.includes(event.type))
          forecast.observe({ type: 'hinted', sessionId: subject, hint: event });
      }
    }
  }

  async function consumeCatalog(records: readonly JournalRecord[]): Promise<void> {
    for (const { data } of records) await releases.note(data as CatalogEvent);
  }

  /** What the catalogue no longer has, or has not packaged, is left out. */
  async function playable(items: readonly Planned[]) {
    const ids = [...new Set(items.map(({ songId }) => songId))];
    const songs = new Map();
    for (let at = 0; at < ids.length; at += SONGS_ASKED_MAX) {
      const page = await catalog.playable({ songIds: ids.slice(at, at + SONGS_ASKED_MAX) });
      for (const song of page.items) {
        if (song.unavailable !== 'REMOVED' && song.unavailable !== 'NOT_READY') songs.set(song.songId, song);
      }
    }
    return songs;
  }

  async function warmNow(): Promise<void> {
    const nowMs = clock.nowMs();
    const budgets = [...watched.values()].map(({ edge: { region }, queue }) => ({
      region,
      bytes: queue.budgetBytes(nowMs),
      songsMax: WARM_SONGS_PLANNED_MAX,
    }));
    const items = forecast.plan(nowMs, budgets, await releases.due(nowMs));
    if (items.length === 0) return;
    let songs: Awaited<ReturnType<typeof playable>>;
    try {
      songs = await playable(items);
    } catch (error) {
      for (const item of items) onDone(item, 'failed');
      throw error;
    }
    await Promise.all(
      [...watched.values()].map(({ edge, queue }) =>
        queue.run(
          items.flatMap((item) => {
            const song = songs.get(item.songId);
            return item.region === edge.region && song ? [{ item, song }] : [];
          }),
        ),
      ),
    );
  }

  const warmOnce = (): Promise<void> => (running = running.then(warmNow));

  function onTick(): void {
    warmOnce()
      .catch((err: unknown) => {
        running = Promise.resolve();
        log.warn({ err }, 'warming failed this time');
      })
      .finally(() => {
        if (!stopping.signal.aborted) timer = clock.after(WARM_EVERY_MS, onTick);
      });
  }

  return {
    handlers: {
      status: async () => ({
        edges: [...watched.values()].map((at) => statusOf(at, forecast, clock.nowMs())),
      }),
      planned: async ({ region }) => ({
        items: shown.filter((item) => region === undefined || item.region === region),
      }),
    },
    async start() {
      const plays = consumers.use(
        await journal.consume({
          stream: PLAYER_STREAM,
          consumer: 'warming-plays',
          position: 'from-now',
          handle: consumePlays,
        }),
      );
      const released = consumers.use(
        await journal.consume({ stream: CATALOG_STREAM, consumer: 'warming', handle: consumeCatalog }),
      );
      caughtUp = () => Promise.all([plays.caughtUp(), released.caughtUp()]);
      timer = clock.after(WARM_EVERY_MS, onTick);
    },
    warmOnce,
    async caughtUp() {
      await caughtUp();
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      timer?.cancel();
      await consumers.disposeAsync();
      await running.catch(() => undefined);
    },
  };
}

const shownOf = ({
  songId,
  region,
  reason,
  rungs,
  firstSegments,
  expectedPlays,
  atMs,
}: Planned): WarmedSong => ({
  songId,
  region,
  reason,
  rungs: [...rungs],
  ...(Number.isFinite(firstSegments) && { firstSegments }),
  expectedPlays,
  atMs,
});

const statusOf = (
  { edge, queue, warmed, played }: Watched,
  forecast: Forecast,
  nowMs: number,
): EdgeStatus => ({
  region: edge.region,
  url: edge.url,
  ...(queue.pausedUntilMs > nowMs && { pausedUntilMs: queue.pausedUntilMs }),
  residentMs: Math.round(forecast.residentMs(edge.region)),
  waiting: queue.waiting,
  bytes: queue.bytes,
  requests: { ...queue.requests },
  reasons: REASONS.map((reason) => ({ reason, warmed: warmed[reason], played: played[reason] })),
});
