/**
 * What a listener's device plays and how much of it truly sounded, by its own clock and by nobody's word: the
 * measure that the service's counts are held against. Pure.
 */
import type { PlayerState } from '../../actors/player-session/contract.ts';
import { COUNTED_AFTER_LISTENED_MS, PROGRESS_REPORT_EVERY_MS } from '../../config/limits.ts';

interface Sounding {
  readonly playId: string;
  readonly songId: string;
  readonly durationMs: number;
}

export interface Report {
  readonly playId: string;
  readonly listenedMs: number;
  readonly positionMs: number;
  readonly playing: boolean;
}

export class Device {
  readonly #deviceId: string;
  #current: Sounding | undefined;
  /** Since when it sounds, and where it was in the song then. */
  #since: { readonly atMs: number; readonly positionMs: number } | undefined;
  #positionMs = 0;
  #reportedMs = 0;
  readonly heardMsByPlay = new Map<string, number>();

  constructor(deviceId: string) {
    this.#deviceId = deviceId;
  }

  get current(): Sounding | undefined {
    return this.#current;
  }

  get sounds(): boolean {
    return this.#since !== undefined;
  }

  /** Takes in what the service says; what follows counts as heard from now on. */
  follow(state: PlayerState, nowMs: number): void {
    this.hush(nowMs);
    const { current, status, deviceId } = state;
    if (current?.playId !== this.#current?.playId) this.#reportedMs = 0;
    this.#current = current && {
      playId: current.playId,
      songId: current.songId,
      durationMs: current.durationMs,
    };
    if (!current) return;
    const movedMs = status === 'playing' ? Math.max(0, nowMs - current.asOfMs) : 0;
    this.#positionMs = Math.min(current.durationMs, current.positionMs + movedMs);
    if (status === 'playing' && deviceId === this.#deviceId) {
      this.#since = { atMs: nowMs, positionMs: this.#positionMs };
    }
  }

  /** The sound stops: paused, looking for another place, or on the way to another song. */
  hush(nowMs: number): void {
    this.#positionMs = this.positionMs(nowMs);
    const playId = this.#current?.playId;
    if (playId !== undefined) this.heardMsByPlay.set(playId, this.#heardMs(nowMs));
    this.#since = undefined;
  }

  positionMs(nowMs: number): number {
    if (!this.#since || !this.#current) return this.#positionMs;
    const { atMs, positionMs } = this.#since;
    return Math.min(this.#current.durationMs, positionMs + nowMs - atMs);
  }

  #heardMs(nowMs: number): number {
    if (!this.#current) return 0;
    const soundedMs = this.#since ? this.positionMs(nowMs) - this.#since.positionMs : 0;
    return Math.floor((this.heardMsByPlay.get(this.#current.playId) ?? 0) + soundedMs);
  }

  hasEnded(nowMs: number): boolean {
    return this.sounds && this.positionMs(nowMs) >= (this.#current?.durationMs ?? 0);
  }

  report(nowMs: number): Report | undefined {
    if (!this.#current) return undefined;
    return {
      playId: this.#current.playId,
      listenedMs: this.#heardMs(nowMs),
      positionMs: Math.floor(this.positionMs(nowMs)),
      playing: this.sounds,
    };
  }

  /** As the web player: every 10 s of listening, and when 30 s are reached. */
  isReportDue(nowMs: number): boolean {
    const heardMs = this.#heardMs(nowMs);
    const crosses = this.#reportedMs < COUNTED_AFTER_LISTENED_MS && heardMs >= COUNTED_AFTER_LISTENED_MS;
    return this.sounds && (crosses || heardMs - this.#reportedMs >= PROGRESS_REPORT_EVERY_MS);
  }

  /** Told once a report was answered; one that was not is due again. */
  reported({ playId, listenedMs }: Report): void {
    if (playId === this.#current?.playId) this.#reportedMs = listenedMs;
  }
}
