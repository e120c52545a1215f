/** What the ears meet on this device: the sound itself, and what is seen and told of it. */
import { effect, signal } from '@preact/signals';
import type { Rung } from '../../../actors/catalog/contract.ts';
import { Output, type OutputEvent } from '../playback/output.ts';
import type { Play } from '../playback/play.ts';
import { isReportDue, reportProgress } from '../playback/progress.ts';
import { report, soundGoesOn, soundStalled, soundStarted } from '../playback/telemetry.ts';
import { keepLeft } from './left.ts';
import { levels } from './levels.ts';
import { heldNow, hold, isPlaying, positionMs, showHeldPosition, soundsHere, state } from './now.ts';
import { toastError } from './toasts.ts';

const TICK_MS = 500;

export const buffering = signal(false);
export const rung = signal<Rung | 0>(0);
/** How much of the song is here already, from its start on. */
export const bufferedToMs = signal(0);

/** What sound alone cannot decide. */
export interface SoundHandlers {
  /** The song was heard to its end, and the next one sounds. */
  passed(before: Play, listenedMs: number): void;
  /** The song was heard to its end, and nothing sounds. */
  ended(): void;
  /** Enough of the song is here for the next one to be fetched. */
  started(): void;
  failed(): void;
  /** The browser lets no page sound before a click. */
  blocked(): void;
  /** The service counts on another play than the one that sounds here. */
  doubted(): void;
}
let handlers: SoundHandlers | undefined;
export const whenSound = (these: SoundHandlers): void => {
  handlers = these;
};

export const output = new Output(levels, onOutput);

let passing: { readonly play: Play; readonly listenedMs: number } | undefined;

function onOutput(event: OutputEvent): void {
  if (typeof event === 'object') {
    rung.value = event.rung;
    if (event.fromRung) report({ type: 'rungSwitch', fromRung: event.fromRung, toRung: event.rung });
    return;
  }
  switch (event) {
    case 'playing':
      soundStarted();
      soundGoesOn();
      buffering.value = false;
      output.current?.meter.interrupt();
      handlers?.started();
      break;
    case 'waiting':
      output.current?.meter.interrupt();
      buffering.value = true;
      if (output.started && !output.isSeeking) soundStalled();
      break;
    case 'time':
      tick();
      break;
    case 'passing':
      output.listen();
      if (output.current) passing = { play: output.current, listenedMs: output.current.meter.listenedMs };
      break;
    case 'passed':
      if (passing) handlers?.passed(passing.play, passing.listenedMs);
      passing = undefined;
      break;
    case 'ended':
      tick();
      handlers?.ended();
      break;
    case 'failed':
      report({ type: 'error', code: 'media' });
      if (output.bufferedToMs <= output.positionMs) buffering.value = true;
      handlers?.failed();
      break;
    case 'blocked':
      buffering.value = false;
      handlers?.blocked();
      break;
  }
}

effect(() => {
  levels.listenToChanges();
  output.setLevels();
  output.rejoin();
});

export function tick(): void {
  bufferedToMs.value = output.bufferedToMs;
  if (!output.current || output.isPaused) return;
  output.listen();
  positionMs.value = output.positionMs;
  if (isReportDue(output.current)) tellProgress();
}

/** Tells the service what was heard so far. */
export function tellProgress(keepalive = false): void {
  const play = output.current;
  if (!play) return;
  const toldMs = output.positionMs;
  const heldBefore = heldNow();
  const moment = {
    positionMs: toldMs,
    playing: !output.isPaused,
    isHeld: () => output.current === play,
    keepalive,
  };
  reportProgress(play, moment).then((answer) => {
    const now = state.value;
    if (!answer || keepalive || now?.current?.playId !== play.playId) return;
    if (answer.current) hold(toldMs, heldBefore);
    if (!answer.current && isPlaying.value && soundsHere.value) handlers?.doubted();
    else if (answer.counted && !now.current.counted) {
      state.value = { ...now, current: { ...now.current, counted: true } };
    }
  }, toastError);
}

/** Nothing sounds here any more, and what was heard is told. */
export function silence(): void {
  output.pause();
  tellProgress();
  output.clear();
  buffering.value = false;
  rung.value = 0;
  bufferedToMs.value = 0;
}

setInterval(() => (soundsHere.value ? tick() : isPlaying.value && showHeldPosition()), TICK_MS);
addEventListener('pagehide', () => {
  tellProgress(true);
  if (output.current) keepLeft(output.current.playId, output.positionMs);
});
addEventListener('online', () => output.retry());
