/**
 * Gathers which segments were served to which play, and writes them to the journal in few records: a play of
 * three minutes costs about nine appends here. What a killed process had not written is lost, at most
 * EDGE_REPORT_AFTER_MS of evidence.
 */
import type { Rung } from '../../actors/catalog/contract.ts';
import {
  EDGE_REPORT_AFTER_MS,
  EDGE_REPORT_APPENDS_AT_ONCE_MAX,
  EDGE_REPORT_PLAYS_MAX,
  EDGE_REPORT_SWEEP_EVERY_MS,
} from '../../config/limits.ts';
import { logger } from '../../kit/log.ts';
import type { Journal } from '../../kit/ports/journal.ts';
import type { Clock } from '../../kit/sources.ts';
import { EDGE_STREAM, edgeSubject, NOBODY, type SegmentsServed } from './contract.ts';
import { reportsDropped } from './metrics.ts';

const log = logger('edge');

export interface ServedReport extends AsyncDisposable {
  served(playId: string, songId: string, rung: Rung, index: number): void;
}

interface Pending {
  readonly songId: string;
  readonly sinceMs: number;
  readonly rungs: Map<Rung, Set<number>>;
}

export function createServedReport({
  journal,
  clock,
  playsMax = EDGE_REPORT_PLAYS_MAX,
}: {
  readonly journal: Pick<Journal, 'append'>;
  readonly clock: Clock;
  readonly playsMax?: number;
}): ServedReport {
  /** By playId, longest waiting first. */
  const pending = new Map<string, Pending>();
  let writing: Promise<void> = Promise.resolve();
  let disposed = false;

  const write = async (playId: string, play: Pending): Promise<void> => {
    const record: SegmentsServed = {
      type: 'segmentsServed',
      playId,
      songId: play.songId,
      atMs: clock.nowMs(),
      rungs: [...play.rungs].map(([rung, set]) => ({ rung, segments: [...set].sort((a, b) => a - b) })),
    };
    await journal.append(EDGE_STREAM, edgeSubject(playId), record);
  };

  /** A play that could not be written waits for the next sweep, unless it has since begun to wait anew. */
  const keep = (playId: string, play: Pending): void => {
    const newer = pending.get(playId);
    if (!newer) {
      if (pending.size < playsMax) pending.set(playId, play);
      else reportsDropped.inc();
      return;
    }
    for (const [rung, set] of play.rungs) {
      const into = newer.rungs.get(rung);
      if (into) for (const index of set) into.add(index);
      else newer.rungs.set(rung, set);
    }
  };

  const sweep = async (waitedSinceMs: number): Promise<void> => {
    const due: [string, Pending][] = [];
    for (const entry of pending) if (entry[1].sinceMs <= waitedSinceMs) due.push(entry);
    for (const [playId] of due) pending.delete(playId);
    for (let at = 0; at < due.length; at += EDGE_REPORT_APPENDS_AT_ONCE_MAX) {
      const batch = due.slice(at, at + EDGE_REPORT_APPENDS_AT_ONCE_MAX);
      const ends = await Promise.allSettled(batch.map(([playId, play]) => write(playId, play)));
      const failed = ends.find((end) => end.status === 'rejected');
      if (!failed) continue;
      const waiting = [
        ...batch.filter((_, i) => ends[i]?.status === 'rejected'),
        ...due.slice(at + batch.length),
      ];
      log.warn(
        { err: failed.reason, plays: waiting.length },
        'served segments could not be written; they wait',
      );
      for (const [playId, play] of waiting) keep(playId, play);
      return;
    }
  };

  const enqueueSweep = (waitedSinceMs: number): Promise<void> => {
    writing = writing.then(() => sweep(waitedSinceMs));
    return writing;
  };

  let timer = clock.after(EDGE_REPORT_SWEEP_EVERY_MS, onSweep);
  function onSweep(): void {
    void enqueueSweep(clock.nowMs() - EDGE_REPORT_AFTER_MS).then(() => {
      if (!disposed) timer = clock.after(EDGE_REPORT_SWEEP_EVERY_MS, onSweep);
    });
  }

  return {
    served(playId, songId, rung, index) {
      if (playId === NOBODY) return;
      let play = pending.get(playId);
      if (!play) {
        if (pending.size >= playsMax) {
          reportsDropped.inc();
          return;
        }
        play = { songId, sinceMs: clock.nowMs(), rungs: new Map() };
        pending.set(playId, play);
        // Halfway to the bound, nobody waits for its time any more.
        if (pending.size === Math.ceil(playsMax / 2)) void enqueueSweep(clock.nowMs());
      }
      const segments = play.rungs.get(rung);
      if (segments) segments.add(index);
      else play.rungs.set(rung, new Set([index]));
    },
    async [Symbol.asyncDispose]() {
      disposed = true;
      timer.cancel();
      await enqueueSweep(clock.nowMs());
    },
  };
}
