/**
 * What the listener can do with the player of this device. Sound never waits for the service where it need not:
 * pausing, going on, seeking and going to the next song happen here at once and are told to the service after.
 */
import { effect } from '@preact/signals';
import { type PlayRequest, playerApi } from '../api/api.ts';
import type { Play } from '../playback/play.ts';
import { startAsked } from '../playback/telemetry.ts';
import { t } from '../texts/texts.ts';
import {
  ask,
  askLater,
  catchUp,
  forgetNext,
  forgive,
  isAsking,
  prepareNext,
  stopFollowing,
} from './following.ts';
import { heldPositionMs, hold, isPlaying, showNext, soundsHere, state } from './now.ts';
import { recover, stopRecovering } from './recovery.ts';
import { cancelSleep, sleepsBetween } from './sleep.ts';
import { buffering, output, silence, tellProgress, tick, whenSound } from './sound.ts';
import { claimSound, soundsInOtherTab, startTabs, stopTabs } from './tabs.ts';
import { toast } from './toasts.ts';
import { rememberStream } from './waveform.ts';
import { windowOf } from './window.ts';

export { catchUp, maxRung, onRemoteState, seek } from './following.ts';
export { buffering, rung } from './sound.ts';

/** The list may be of any length. */
export function play(request: PlayRequest): Promise<void> {
  claimSound();
  startAsked('cold');
  buffering.value = true;
  tellProgress();
  output.prepare();
  const { songIds, songId, shuffle = state.value?.shuffle ?? false } = request;
  const songs = songIds && { songIds: windowOf(songIds, songId, shuffle) };
  return ask(() => playerApi.play({ ...request, ...songs }));
}

export function toggle(): Promise<void> {
  const now = state.value;
  if (!now?.current) return Promise.resolve();
  const { playId } = now.current;
  if (now.status !== 'playing') {
    claimSound();
    forgive(playId);
    if (soundsHere.value && output.current?.is(now.current)) {
      output.play();
      hold(output.positionMs);
      state.value = { ...now, status: 'playing' };
    }
    return ask(() => playerApi.resume());
  }
  tick();
  output.pause();
  tellProgress();
  hold(heldPositionMs());
  state.value = { ...now, status: 'paused' };
  return askLater(playId, () => playerApi.pause());
}

export function next(): Promise<void> {
  const { current, repeat } = state.value ?? {};
  const heard = heardOf(current);
  const tell = () => playerApi.next(current?.playId, 'skip', heard);
  // What is fetched ahead is what follows by itself: a song that repeats, but not when it is skipped.
  if (!current || !soundsHere.value || !output.next || repeat === 'one') return ask(tell);
  startAsked('prefetched');
  rememberStream(output.next.stream);
  showNext(output.next.stream);
  forgetNext();
  output.goOn();
  output.play();
  return askLater(current.playId, tell);
}

/** To an entry of what comes next; those before it are passed over. */
export function skipTo(entryId: string): Promise<void> {
  const { current, upNext } = state.value ?? {};
  if (upNext?.[0]?.entryId === entryId) return next();
  startAsked('cold');
  const heard = heardOf(current);
  return ask(() => playerApi.next(current?.playId, 'skip', { ...heard, entryId }));
}

/** A device that only commands has heard nothing of this play. */
function heardOf(play: Parameters<Play['is']>[0]): { listenedMs?: number } {
  output.listen();
  return output.current?.is(play) ? { listenedMs: output.current.meter.listenedMs } : {};
}

export function previous(): Promise<void> {
  tellProgress();
  return ask(async () => {
    const answer = await playerApi.previous();
    const { current } = answer.state;
    // Late in a song it goes back to its start, within the same play.
    if (soundsHere.value && output.current?.is(current)) output.seek(current?.positionMs ?? 0);
    return answer;
  });
}

export const setMode = (mode: Parameters<typeof playerApi.mode>[0]): Promise<void> =>
  ask(() => playerApi.mode(mode));
export const transfer = (deviceId: string): Promise<void> => {
  tellProgress();
  return ask(() => playerApi.transfer(deviceId));
};

export const enqueue = (op: 'add' | 'playNext', songIds: readonly string[]): Promise<void> =>
  ask(async () => {
    const answer = await playerApi.enqueue(op, songIds);
    toast(op === 'add' ? t('player.queued') : t('player.playsNext'));
    return answer;
  });
export const dequeue = (entryId: string): Promise<void> => ask(() => playerApi.dequeue(entryId));
export const moveInQueue = (entryId: string, afterEntryId: string | undefined): Promise<void> =>
  ask(() => playerApi.moveInQueue(entryId, afterEntryId));
export const clearQueue = (): Promise<void> => ask(() => playerApi.clearQueue());

// -- what happens by itself -----------------------------------------------------------------------

const endedAt = (play: Play, listenedMs: number): Promise<void> =>
  askLater(play.playId, () => playerApi.next(play.playId, 'ended', { listenedMs }));

whenSound({
  passed(before, listenedMs) {
    if (output.current) {
      rememberStream(output.current.stream);
      showNext(output.current.stream);
    }
    forgetNext();
    void endedAt(before, listenedMs);
  },
  ended() {
    const { current } = output;
    if (!current) return;
    void endedAt(current, current.meter.listenedMs);
    if (!sleepsBetween(current.stream.songId, state.value?.upNext[0]?.songId)) return;
    cancelSleep();
    void ask(() => playerApi.pause());
  },
  started: prepareNext,
  failed: () =>
    recover({
      giveUp: ({ playId, meter: { listenedMs } }) =>
        ask(() => playerApi.next(playId, 'failed', { listenedMs })),
      stop: () => ask(() => playerApi.pause()),
    }),
  blocked: () => void ask(() => playerApi.pause()),
  doubted: () => {
    if (!isAsking()) void catchUp();
  },
});

/** Another tab of this browser has taken the sound over. */
effect(() => {
  if (soundsInOtherTab.value) silence();
});

export async function startPlayer(): Promise<void> {
  // Whoever closes the tab that sounds wants silence, not another tab that goes on.
  await startTabs(() => {
    if (isPlaying.value) void ask(() => playerApi.pause());
  });
  await catchUp();
}

export function stopPlayer(): void {
  stopTabs();
  stopRecovering();
  stopFollowing();
}
