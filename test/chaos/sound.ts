/**
 * A listener's loudspeaker, without the sound: fetches HLS segments as a player does, a little ahead, from the
 * edge or else the origin, and tells when there was nothing left to play.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stream } from '../../actors/player-session/contract.ts';
import { Fallbacks, fetchMedia } from '../../web/src/playback/fallback.ts';
import type { Tally } from './tally.ts';

const AHEAD_MS = 20_000;
/** As hls.js waits before it asks for a segment again. */
const RETRY_MS = 1000;
/** Shorter gaps are those of our own timers. */
const SILENCE_MS_MIN = 250;
/** A listener who has pressed a button allows a song this much before it sounds. */
const START_MS_ALLOWED = 1000;

export interface Sound {
  /** Plays from here on; `fetched` ahead of its time, it sounds at once. */
  play(stream: Stream, positionMs: number): void;
  stop(): void;
}

interface Segment {
  readonly url: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** @param gatewayUrl where relative addresses lead, as in a page that the gateway has served. */
export function openSound(gatewayUrl: string, tally: Tally, nowMs: () => number): Sound {
  const fallbacks = new Fallbacks(nowMs);
  let playing: { readonly playId: string; readonly stopped: AbortController } | undefined;

  const get = async (url: string): Promise<Response> => {
    const response = await fetchMedia(url, fallbacks);
    if (!response.ok) throw new Error(`${response.status} for ${url}`);
    return response;
  };

  async function segmentsOf({ hlsUrl }: Stream): Promise<Segment[]> {
    const [variant] = linesOf(await (await get(hlsUrl)).text());
    const playlistUrl = new URL(variant ?? '', hlsUrl).href;
    return segmentsIn(await (await get(playlistUrl)).text(), playlistUrl);
  }

  /** Until it succeeds, as a player goes on asking. */
  async function untilGot<T>(attempt: () => Promise<T>, stopped: AbortSignal): Promise<T | undefined> {
    while (!stopped.aborted) {
      try {
        return await attempt();
      } catch {
        tally.now.segmentsFailed++;
        await sleep(RETRY_MS);
      }
    }
    return undefined;
  }

  async function sound(stream: Stream, positionMs: number, stopped: AbortSignal): Promise<void> {
    const beganAtMs = nowMs();
    const segments = (await untilGot(() => segmentsOf(stream), stopped)) ?? [];
    /** When the sound fetched so far has all been heard; unknown until there is some. */
    let emptyAtMs: number | undefined;
    for (const { url, startMs, endMs } of segments.filter((segment) => segment.endMs > positionMs)) {
      if (emptyAtMs !== undefined && emptyAtMs - nowMs() > AHEAD_MS) {
        await sleep(emptyAtMs - nowMs() - AHEAD_MS, undefined, { signal: stopped }).catch(() => undefined);
      }
      await untilGot(async () => (await get(url)).arrayBuffer(), stopped);
      if (stopped.aborted) return;
      tally.now.segments++;
      const missingSinceMs = emptyAtMs ?? beganAtMs + START_MS_ALLOWED;
      const silentMs = nowMs() - missingSinceMs;
      if (silentMs > SILENCE_MS_MIN) tally.silence(silentMs);
      emptyAtMs = Math.max(nowMs(), emptyAtMs ?? 0) + endMs - Math.max(startMs, positionMs);
    }
  }

  return {
    play(stream, positionMs) {
      if (stream.playId === playing?.playId) return;
      playing?.stopped.abort();
      const { hlsUrl, fallback } = stream;
      fallbacks.learn({
        hlsUrl,
        ...(fallback && { fallback: { ...fallback, hlsUrl: new URL(fallback.hlsUrl, gatewayUrl).href } }),
      });
      const stopped = new AbortController();
      playing = { playId: stream.playId, stopped };
      void sound(stream, positionMs, stopped.signal);
    },
    stop() {
      playing?.stopped.abort();
      playing = undefined;
    },
  };
}

const linesOf = (playlist: string): string[] =>
  playlist.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

function segmentsIn(playlist: string, baseUrl: string): Segment[] {
  const urls = linesOf(playlist);
  const durationsMs = [...playlist.matchAll(/^#EXTINF:([\d.]+)/gm)].map(
    ([, seconds]) => Number(seconds) * 1000,
  );
  let endMs = 0;
  return urls.map((url, i) => {
    const startMs = endMs;
    endMs += durationsMs[i] ?? 0;
    return { url: new URL(url, baseUrl).href, startMs, endMs };
  });
}
