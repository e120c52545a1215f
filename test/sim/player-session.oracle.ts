/** What must be true of a journal, judged without the session's own code. */
import type { SessionEvent } from '../../actors/player-session/state.ts';
import type { JournalRecord } from '../../kit/ports/journal.ts';
import type { Span } from './player-session.device.ts';

const COUNTS_AT_MS = 30_000;

interface PlayTruth {
  readonly playId: string;
  readonly durationMs: number;
  /** When the journal lets which device sound. */
  readonly allowed: Span[];
  countedAtMs?: number;
}

interface Sounding {
  readonly playId: string;
  deviceId: string;
  /** Undefined while paused. */
  sinceMs: number | undefined;
}

interface Data {
  readonly commandId?: string;
  readonly events: readonly SessionEvent[];
}
const dataOf = (record: JournalRecord): Data => record.data as Data;

/** @throws Error when the events do not follow from one another: two histories have been mixed. */
export function truthOf(records: readonly JournalRecord[]): Map<string, PlayTruth> {
  const plays = new Map<string, PlayTruth>();
  let now: Sounding | undefined;

  const expect = (condition: unknown, event: SessionEvent) => {
    if (!condition) {
      throw new Error(`${JSON.stringify(event)} cannot follow while ${JSON.stringify(now)} is current`);
    }
  };
  const silence = (atMs: number) => {
    if (now?.sinceMs === undefined) return;
    const { playId, deviceId, sinceMs } = now;
    plays.get(playId)?.allowed.push({ playId, deviceId, fromMs: sinceMs, toMs: atMs });
    now.sinceMs = undefined;
  };

  for (const event of records.flatMap((record) => dataOf(record).events)) {
    switch (event.type) {
      case 'playStarted':
        expect(!now && !plays.has(event.playId), event);
        plays.set(event.playId, { playId: event.playId, durationMs: event.durationMs, allowed: [] });
        now = { playId: event.playId, deviceId: event.deviceId, sinceMs: event.atMs };
        break;
      case 'playEnded':
        expect(now?.playId === event.playId, event);
        silence(event.atMs);
        now = undefined;
        break;
      case 'paused':
        expect(now?.playId === event.playId && now.sinceMs !== undefined, event);
        silence(event.atMs);
        break;
      case 'resumed':
        expect(now?.playId === event.playId && now.sinceMs === undefined, event);
        if (now) now.sinceMs = event.atMs;
        break;
      case 'seeked':
        expect(now?.playId === event.playId, event);
        break;
      case 'transferred':
        expect(now?.playId === event.playId && now.deviceId === event.deviceId, event);
        silence(event.atMs);
        now = {
          playId: event.playId,
          deviceId: event.toDeviceId,
          sinceMs: event.playing ? event.atMs : undefined,
        };
        break;
      case 'streamCounted': {
        const play = plays.get(event.playId);
        expect(play && play.countedAtMs === undefined, event);
        if (play) play.countedAtMs = event.atMs;
        break;
      }
      default:
    }
  }
  silence(Number.MAX_SAFE_INTEGER);
  return plays;
}

const lengthOf = (spans: readonly Span[], untilMs = Number.POSITIVE_INFINITY): number =>
  spans.reduce((sum, { fromMs, toMs }) => sum + Math.max(0, Math.min(toMs, untilMs) - fromMs), 0);

const common = (a: Span, b: Span): number =>
  a.deviceId === b.deviceId ? Math.max(0, Math.min(a.toMs, b.toMs) - Math.max(a.fromMs, b.fromMs)) : 0;

export interface Evidence {
  readonly records: readonly JournalRecord[];
  /** When the devices sounded, as they know it themselves. */
  readonly spans: readonly Span[];
  readonly acknowledged: readonly string[];
  readonly honest: boolean;
}

/** @throws Error that says which promise was broken. */
export function judge({ records, spans, acknowledged, honest }: Evidence): void {
  const journaled = new Set(records.map((record) => dataOf(record).commandId));
  for (const commandId of acknowledged) {
    if (!journaled.has(commandId)) throw new Error(`command ${commandId} was acknowledged and is lost`);
  }
  for (const { playId, durationMs, allowed, countedAtMs } of truthOf(records).values()) {
    if (countedAtMs !== undefined && lengthOf(allowed, countedAtMs) < COUNTS_AT_MS) {
      throw new Error(`${playId} counted when the clock had allowed ${lengthOf(allowed, countedAtMs)} ms`);
    }
    if (!honest) continue;
    const heard = spans.filter((span) => span.playId === playId);
    if (countedAtMs !== undefined && lengthOf(heard) < COUNTS_AT_MS) {
      throw new Error(`${playId} counted although only ${lengthOf(heard)} ms of it were heard`);
    }
    const trueMs = heard.flatMap((span) => allowed.map((other) => common(span, other))).reduce(sum, 0);
    if (countedAtMs === undefined && trueMs >= COUNTS_AT_MS && durationMs >= COUNTS_AT_MS) {
      throw new Error(`${playId} did not count although ${trueMs} ms of it were heard`);
    }
  }
}

const sum = (a: number, b: number): number => a + b;
