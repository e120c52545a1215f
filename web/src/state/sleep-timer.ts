/** Brings the sleep about: fades out, pauses, and keeps the next song from following. */
import { effect } from '@preact/signals';
import { prepareNext } from './following.ts';
import { isPlaying } from './now.ts';
import { toggle } from './player.ts';
import { cancelSleep, sleep, sleepLeftMs } from './sleep.ts';
import { output } from './sound.ts';

const FADE_MS = 10_000;
const STEP_MS = 200;

function step(): void {
  const wish = sleep.value;
  if (wish?.until !== 'time') {
    sleepLeftMs.value = undefined;
    output.dim(1);
    return;
  }
  const leftMs = Math.max(0, wish.endsAtMs - Date.now());
  // In whole seconds: whoever shows it is drawn once a second.
  sleepLeftMs.value = Math.ceil(leftMs / 1000) * 1000;
  output.dim(Math.min(1, leftMs / FADE_MS));
  if (leftMs > 0) return;
  cancelSleep();
  if (isPlaying.value) void toggle().then(() => output.dim(1));
  else output.dim(1);
}

/** @returns what ends it. */
export function startSleepTimer(): () => void {
  const timer = setInterval(step, STEP_MS);
  const stop = effect(() => {
    if (sleep.value?.until !== 'time') prepareNext();
  });
  return () => {
    clearInterval(timer);
    stop();
    cancelSleep();
    output.dim(1);
  };
}
