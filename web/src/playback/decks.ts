/** What every deck can do, whatever the browser offers. */
import type { Rung } from '../../../actors/catalog/contract.ts';
import type { Stream } from '../../../actors/player-session/contract.ts';
import type { Play } from './play.ts';

export type DeckEvent =
  | 'playing'
  | 'waiting'
  /** The song's last sample has sounded and the next one's first follows: before and after the change. */
  | 'passing'
  | 'passed'
  /** The last sample has sounded, and silence follows. */
  | 'ended'
  | 'failed'
  | 'time'
  | 'blocked'
  | { readonly type: 'rung'; readonly rung: Rung; readonly fromRung: Rung | undefined };

export type DeckListener = (deck: SoundDeck, event: DeckEvent) => void;

export interface SoundDeck {
  readonly audio: HTMLAudioElement;
  readonly current: Play | undefined;
  /** What follows it on this deck without a gap. */
  readonly next: Play | undefined;
  readonly positionMs: number;
  /** The length of the song that sounds, as far as it is known. */
  readonly endMs: number;
  readonly bufferedToMs: number;
  /** Waiting for data in the middle of a song, as opposed to before its start. */
  readonly started: boolean;
  readonly rung: Rung | undefined;
  prepare(): void;
  load(play: Play, fromMs: number): void;
  follow(play: Play | undefined): void;
  goOn(): void;
  play(): void;
  pause(): void;
  seek(positionMs: number): void;
  /** After a failure: a fresh address for the song that sounds. */
  renew(stream: Stream): void;
  /** After a lost connection: asks again for what did not come. */
  retry(): void;
  clear(): void;
}
