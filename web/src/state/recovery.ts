/** Sound that fails: its address may have run out, the network may be away, or the song may be broken. */
import { playerApi } from '../api/api.ts';
import type { Play } from '../playback/play.ts';
import { t } from '../texts/texts.ts';
import { catchUp } from './following.ts';
import { soundsHere } from './now.ts';
import { output } from './sound.ts';
import { toast } from './toasts.ts';

const AGAIN_AFTER_MS = 2000;
const AGAIN_AFTER_MS_MAX = 10_000;
/** The service gave this many fresh addresses, and none of them sounded, over some 25 s. */
const TRIES_MAX = 4;
/** Sound that came this much further was mended in between. */
const MENDED_AFTER_MS = 5000;
/** So many songs in a row are no accident of one song. */
const BROKEN_IN_A_ROW_MAX = 3;

let failing: { readonly play: Play; atMs: number; tries: number } | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let brokenInARow = 0;

export interface LastResorts {
  giveUp(play: Play): Promise<void>;
  stop(): Promise<void>;
}

/** Asks for a fresh address, later each time, and gives the song up at last. */
export function recover(resorts: LastResorts): void {
  const play = output.current;
  if (!play || timer !== undefined) return;
  const atMs = output.positionMs;
  const isMended = atMs > (failing?.atMs ?? 0) + MENDED_AFTER_MS;
  if (isMended) brokenInARow = 0;
  if (failing?.play !== play || isMended) failing = { play, atMs, tries: 0 };
  if (failing.tries >= TRIES_MAX) {
    failing = undefined;
    if (++brokenInARow < BROKEN_IN_A_ROW_MAX) {
      toast(t('player.broken'), 'error');
      void resorts.giveUp(play);
    } else {
      brokenInARow = 0;
      toast(t('player.brokenInARow'), 'error');
      void resorts.stop();
    }
    return;
  }
  const waitMs = Math.min(AGAIN_AFTER_MS * 2 ** failing.tries, AGAIN_AFTER_MS_MAX);
  timer = setTimeout(() => {
    timer = undefined;
    renew(play).catch(() => recover(resorts));
  }, waitMs);
}

async function renew(play: Play): Promise<void> {
  if (output.current !== play) return;
  const { stream, state: now } = await playerApi.get();
  // A service that is away says nothing about the song.
  if (failing) failing.tries++;
  if (!soundsHere.value || output.current !== play) return;
  if (!play.is(now.current)) return catchUp();
  if (!stream) throw new Error('no address at the moment');
  output.renew(stream);
}

export function stopRecovering(): void {
  clearTimeout(timer);
  timer = undefined;
  failing = undefined;
  brokenInARow = 0;
}
