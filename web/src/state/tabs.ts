/**
 * Tabs of one browser are one device to the service; one of them sounds. It is the one in which something was
 * played last. They agree over a BroadcastChannel, which pages over plain HTTP have, too (Web Locks they have not).
 */
import { signal } from '@preact/signals';

const CHANNEL = 'antiphon.sound';
/** A tab answers much sooner. */
const ANSWER_MS_MAX = 120;
/** A page that is only loaded anew is back by then. */
const BACK_AFTER_MS = 3000;

export const soundsInOtherTab = signal(false);

type Note = 'whose' | 'mine' | 'left';

let channel: BroadcastChannel | undefined;
let isMine = false;
let vacancy: ReturnType<typeof setTimeout> | undefined;

const tell = (note: Note): void => channel?.postMessage(note);

function give(): void {
  clearTimeout(vacancy);
  isMine = false;
  soundsInOtherTab.value = true;
}

/** This tab sounds from now on. */
export function claimSound(): void {
  clearTimeout(vacancy);
  const wasMine = isMine;
  isMine = true;
  soundsInOtherTab.value = false;
  if (!wasMine) tell('mine');
}

/**
 * Finds out whether another tab has the sound already.
 * @param onVacant the tab that had it is gone, and this one has it now.
 */
export async function startTabs(onVacant: () => void): Promise<void> {
  if (typeof BroadcastChannel === 'undefined') return;
  stopTabs();
  channel = new BroadcastChannel(CHANNEL);
  const answered = new Promise<void>((done) => {
    setTimeout(done, ANSWER_MS_MAX);
    channel?.addEventListener('message', ({ data }: MessageEvent<Note>) => {
      if (data === 'whose' && isMine) tell('mine');
      else if (data === 'mine') {
        give();
        done();
      } else if (data === 'left' && soundsInOtherTab.value) {
        clearTimeout(vacancy);
        vacancy = setTimeout(() => {
          claimSound();
          onVacant();
        }, BACK_AFTER_MS);
      }
    });
  });
  tell('whose');
  await answered;
  if (!soundsInOtherTab.value) claimSound();
}

export function stopTabs(): void {
  if (isMine) tell('left');
  clearTimeout(vacancy);
  channel?.close();
  channel = undefined;
  isMine = false;
  soundsInOtherTab.value = false;
}

addEventListener('pagehide', () => isMine && tell('left'));
