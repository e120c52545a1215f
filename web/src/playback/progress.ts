/** Tells the service what was heard: cumulative, so a report lost or sent twice costs nothing. */
import { COUNTED_AFTER_LISTENED_MS, PROGRESS_REPORT_EVERY_MS } from '../../../config/limits.ts';
import { playerApi } from '../api/api.ts';
import { currentSession } from '../api/http.ts';
import type { Play } from './play.ts';

type ProgressAnswer = Awaited<ReturnType<typeof playerApi.progress>>;

/** After a report that got no answer, the next one waits this long. */
const REPEAT_AFTER_MS = 2000;
const LAST_REPORT_FOR_MS = 60_000;

export function isReportDue({ reportedMs, reportFromMs, meter: { listenedMs } }: Play): boolean {
  if (performance.now() < reportFromMs) return false;
  const crossesCount = reportedMs < COUNTED_AFTER_LISTENED_MS && listenedMs >= COUNTED_AFTER_LISTENED_MS;
  return crossesCount || listenedMs - reportedMs >= PROGRESS_REPORT_EVERY_MS;
}

interface Moment {
  readonly positionMs: number;
  readonly playing: boolean;
  /** Whether the play is still the one that sounds here: else nobody reports it later. */
  readonly isHeld: () => boolean;
  /** The page may be going away: the request outlives it. */
  readonly keepalive?: boolean;
}

/**
 * Reports what was heard of `play` so far. A play that has been let go of is reported by nobody later, so that
 * its report is sent until it is answered.
 *
 * @returns the service's answer; undefined when there was none, and the report is due again.
 */
export async function reportProgress(
  play: Play,
  { positionMs, playing, isHeld, keepalive = false }: Moment,
): Promise<ProgressAnswer | undefined> {
  const { playId } = play;
  const { listenedMs } = play.meter;
  const reportedBefore = play.reportedMs;
  play.reportedMs = listenedMs;
  const giveUpAtMs = performance.now() + LAST_REPORT_FOR_MS;
  while (currentSession()) {
    try {
      return await playerApi.progress({ playId, listenedMs, positionMs, playing }, keepalive);
    } catch {
      if (isHeld()) {
        play.reportedMs = reportedBefore;
        play.reportFromMs = performance.now() + REPEAT_AFTER_MS;
        return undefined;
      }
      if (keepalive || performance.now() > giveUpAtMs) return undefined;
      await new Promise((done) => setTimeout(done, REPEAT_AFTER_MS));
    }
  }
  return undefined;
}
