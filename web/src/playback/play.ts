/** One sounding of one song, as this device hears it. */
import type { Stream } from '../../../actors/player-session/contract.ts';
import { ListeningMeter } from './listening.ts';

export class Play {
  readonly meter = new ListeningMeter();
  stream: Stream;
  /** What the service knows of the meter. */
  reportedMs: number;
  /** Not before this time, by `performance.now()`, is a report sent by itself. */
  reportFromMs = 0;

  /** @param heardMs listened time of this play that the service knows already, e.g. before a reload. */
  constructor(stream: Stream, heardMs = 0) {
    this.stream = stream;
    this.reportedMs = heardMs;
    this.meter.reset(heardMs);
  }

  get playId(): string {
    return this.stream.playId;
  }

  /** A play's id is promised before it is known which song it will be of. */
  is(other: { readonly playId: string; readonly songId: string } | undefined): boolean {
    return this.stream.playId === other?.playId && this.stream.songId === other.songId;
  }
}
