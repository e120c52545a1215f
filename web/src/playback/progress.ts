/** Tells the service what was heard: cumulative, so a report lost or sent twice costs nothing. */
import { COUNTED_AFTER_LISTENED_MS, PROGRESS_REPORT_EVERY_MS } from '../../../config/limits.ts';
import { playerApi } from '../api/api.ts';
import { currentSession } from '../api/http.ts';
import type { Deck } from './deck.ts';

type ProgressAnswer = Awaited<ReturnType<typeof playerApi.progress>>;

/** After a report that got no answer, the next one waits this long. */
const REPEAT_AFTER_MS = 2000;
const LAST_REPORT_FOR_MS = 60_000;

export function isReportDue({ reportedMs, reportFromMs, meter: { listenedMs } }: Deck): boolean {
  if (performance.now() < reportFromMs) return false;
  const crossesCount = reportedMs < COUNTED_AFTER_LISTENED_MS && listenedMs >= COUNTED_AFTER_LISTENED_MS;
  return crossesCount || listenedMs - reportedMs >= PROGRESS_REPORT_EVERY_MS;
}

/**
 * Reports what `deck` has heard of its play so far. A play that the deck has let go of is reported by nobody
 * later, so that its report is sent until it is answered.
 *
 * @param keepalive the page may be going away: the request outlives it.
 * @returns the service's answer; undefined when there was none, and the report is due again.
 */
export async function reportProgress(deck: Deck, keepalive = false): Promise<ProgressAnswer | undefined> {
  const { stream, meter, positionMs, audio } = deck;
  if (!stream) return undefined;
  const { playId } = stream;
  const { listenedMs } = meter;
  const reportedBefore = deck.reportedMs;
  deck.reportedMs = listenedMs;
  const report = { playId, listenedMs, positionMs, playing: !audio.paused };
  const giveUpAtMs = performance.now() + LAST_REPORT_FOR_MS;
  while (currentSession()) {
    try {
      return await playerApi.progress(report, keepalive);
    } catch {
      if (deck.stream?.playId === playId) {
        deck.reportedMs = reportedBefore;
        deck.reportFromMs = performance.now() + REPEAT_AFTER_MS;
        return undefined;
      }
      if (keepalive || performance.now() > giveUpAtMs) return undefined;
      await new Promise((done) => setTimeout(done, REPEAT_AFTER_MS));
    }
  }
  return undefined;
}
