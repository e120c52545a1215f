/**
 * The player of this device: what the service says is playing, made to sound here when it is our turn.
 *
 * The service's answer is the truth; sound never waits for it where it need not: pausing, going on and going
 * to the next song happen here at once and are told to the service after.
 */
import { effect, signal } from '@preact/signals';
import type { PlayerAnswer, PlayerState, Stream } from '../../../actors/player-session/contract.ts';
import { type PlayRequest, playerApi } from '../api/api.ts';
import { ApiError, currentSession } from '../api/http.ts';
import { Deck, type DeckEvent, loadHls } from '../playback/deck.ts';
import { isReportDue, reportProgress } from '../playback/progress.ts';
import { report, soundGoesOn, soundStalled, soundStarted, startAsked } from '../playback/telemetry.ts';
import { t } from '../texts/texts.ts';
import { keepLeft, leftAt } from './left.ts';
import {
  accept,
  currentSong,
  heldNow,
  heldPositionMs,
  hold,
  isPlaying,
  positionMs,
  showHeldPosition,
  soundsHere,
  state,
} from './now.ts';
import { reasonText } from './reasons.ts';
import { profile } from './session.ts';
import { toast, toastError } from './toasts.ts';
import { outputVolume } from './volume.ts';

const TICK_MS = 500;
const RELOAD_AFTER_MS = 2000;
const CATCH_UP_AGAIN_AFTER_MS = 3000;
const JUST_BEGUN_MS = 1500;
/** A key held down seeks many times a second; the service is told where it ends. */
const SEEK_SETTLES_MS = 200;
/** A page that comes back within this time was only loaded anew. */
const AWAY_AFTER_MS = 10_000;
const NO_STREAM = { code: 'NO_STREAM', detail: 'This song cannot be fetched at the moment.' };

export const buffering = signal(false);
export const rung = signal(0);
export const maxRung = signal<{ rung: number; reason?: string } | undefined>(undefined);

/** What may be fetched for the song after this one. */
let nextStream: Stream | undefined;
/** Commands of ours that are not answered yet, and the newest state that was told meanwhile. */
let asking = 0;
let toldMeanwhile: PlayerState | undefined;
/** Grows when the listener signs out: what was asked before is no answer for the next one. */
let listener = 0;
/** The play that the listener paused, until the service has taken it. */
let pauseOwedOf: string | undefined;
/** Where the listener wants to be, until the service is told. */
let sought: { readonly toMs: number; readonly timer: ReturnType<typeof setTimeout> } | undefined;

let active = new Deck(onDeck);
let spare = new Deck(onDeck);

effect(() => {
  const loud = outputVolume(currentSong.value, profile()?.preferences.normalizeLoudness === true);
  active.audio.volume = loud;
  spare.audio.volume = loud;
});

// -- what the service says ------------------------------------------------------------------------

/** Brings the decks in line with an answer. */
async function follow(answer: PlayerAnswer): Promise<void> {
  tellSkipped(answer);
  if (!accept(answer.state)) return;
  const { current, status } = answer.state;
  if (!soundsHere.value || !active.holds(current)) showHeldPosition();
  if (!current || !soundsHere.value) {
    silence();
    return;
  }
  if (answer.stream) {
    const { maxRung: rungAllowed, maxRungReason } = answer.stream;
    maxRung.value = { rung: rungAllowed, ...(maxRungReason && { reason: maxRungReason }) };
  }
  if (!active.holds(current)) {
    if (spare.holds(current)) swap();
    else {
      tellProgress();
      if (!answer.stream) {
        active.pause();
        throw new ApiError(503, NO_STREAM);
      }
      // A song that has only just begun starts at its first sample.
      const fromMs = current.positionMs < JUST_BEGUN_MS ? 0 : current.positionMs;
      const loading = spare.load(answer.stream, fromMs, current.listenedMs);
      swap();
      await loading;
    }
  }
  // The service was away when the song ended.
  if (status === 'playing' && active.audio.ended) return next('ended');
  // It was away when the listener went on.
  if (!spare.audio.paused) spare.clear();
  if (status === 'playing') sound(current.playId);
  else active.pause();
  nextStream = answer.nextStream;
  await prepareNext();
}

function tellSkipped({ skipped }: PlayerAnswer): void {
  for (const { reason } of skipped.slice(0, 1)) toast(t('player.skipped', { why: reasonText(reason) }));
}

/** The service says that the play sounds; it may not know yet that the listener paused it. */
function sound(playId: string): void {
  if (playId === pauseOwedOf) void toggle();
  else active.play();
}

/** Fetches the next song ahead, once the one before has what it needs to sound. */
async function prepareNext(): Promise<void> {
  if (isPlaying.value && !active.started) return;
  if (!nextStream) spare.clear();
  else if (!spare.holds(nextStream)) await spare.load(nextStream);
}

function silence(): void {
  nextStream = undefined;
  active.pause();
  tellProgress();
  active.clear();
  spare.clear();
  buffering.value = false;
}

function swap(): void {
  active.pause();
  [active, spare] = [spare, active];
  spare.clear();
}

/** A state told by the service: another device acted, or our own command came back. */
export function onRemoteState(next: PlayerState): void {
  const known = state.value;
  if (known && next.version <= known.version) return;
  if (asking > 0) {
    toldMeanwhile = next;
    return;
  }
  const { current, status } = next;
  accept(next);
  if (!current || !soundsHere.value) {
    if (active.stream && status === 'playing') toast(t('player.elsewhere'));
    silence();
    showHeldPosition();
  } else if (!active.holds(current)) void catchUp();
  else {
    // Its position alone says nothing: the service may have heard no report for a while, or be heard late.
    if (current.soughtAtMs !== known?.current?.soughtAtMs && !sought) active.seek(current.positionMs);
    if (status === 'playing') sound(current.playId);
    else active.pause();
  }
}

async function refresh(): Promise<void> {
  const asker = listener;
  const answer = await playerApi.get();
  // The answer to a command on its way says more.
  if (asker === listener && asking === 0) await follow(answer);
}

let catchingUp: Promise<void> | undefined;

/** Asks how things stand until the service says it, and brings page and decks in line. */
export function catchUp(): Promise<void> {
  catchingUp ??= untilCaughtUp().finally(() => {
    catchingUp = undefined;
  });
  return catchingUp;
}

async function untilCaughtUp(): Promise<void> {
  while (currentSession()) {
    try {
      return await (state.value ? refresh() : comeBack());
    } catch {
      await new Promise((done) => setTimeout(done, CATCH_UP_AGAIN_AFTER_MS));
    }
  }
}

// -- what the listener asks -----------------------------------------------------------------------

async function ask(command: () => Promise<PlayerAnswer>): Promise<void> {
  // Any other command may be about another song.
  if (sought) tellSought();
  const asker = listener;
  asking++;
  const answer = await command().catch((error: unknown) => {
    startAsked(undefined);
    buffering.value = false;
    toastError(error);
  });
  if (asker !== listener) return;
  asking--;
  if (asking > 0) {
    // The answer to the last one says how things stand; to go by this one would undo what came after it.
    if (answer) tellSkipped(answer);
    return;
  }
  try {
    if (answer) await follow(answer);
    else void catchUp();
  } catch (error) {
    toastError(error);
    if (error instanceof ApiError && error.isAway) void catchUp();
  }
  if (asking === 0 && toldMeanwhile) {
    const told = toldMeanwhile;
    toldMeanwhile = undefined;
    onRemoteState(told);
  }
}

export function play(request: PlayRequest): Promise<void> {
  startAsked('cold');
  buffering.value = true;
  tellProgress();
  spare.prepare();
  return ask(() => playerApi.play(request));
}

export function toggle(): Promise<void> {
  const now = state.value;
  if (!now?.current) return Promise.resolve();
  const { playId } = now.current;
  if (now.status !== 'playing') {
    pauseOwedOf = undefined;
    if (soundsHere.value && active.holds(now.current)) {
      active.play();
      hold(active.positionMs);
      state.value = { ...now, status: 'playing' };
    }
    return ask(() => playerApi.resume());
  }
  tick();
  active.pause();
  tellProgress();
  hold(heldPositionMs());
  state.value = { ...now, status: 'paused' };
  pauseOwedOf = playId;
  return ask(async () => {
    const answer = await playerApi.pause();
    if (pauseOwedOf === playId) pauseOwedOf = undefined;
    return answer;
  });
}

export function next(reason: 'skip' | 'ended' = 'skip'): Promise<void> {
  const playId = state.value?.current?.playId;
  active.listen();
  // A device that only commands has heard nothing of this play.
  const listenedMs = active.stream?.playId === playId ? active.meter.listenedMs : undefined;
  if (soundsHere.value && spare.stream) {
    startAsked(reason === 'skip' ? 'prefetched' : undefined);
    active.pause();
    spare.play();
  }
  return ask(() => playerApi.next(playId, reason, listenedMs));
}

export function previous(): Promise<void> {
  tellProgress();
  return ask(async () => {
    const answer = await playerApi.previous();
    const { current } = answer.state;
    // Late in a song it goes back to its start, within the same play.
    if (soundsHere.value && current && active.holds(current)) active.seek(current.positionMs);
    return answer;
  });
}

export function seek(toMs: number): void {
  if (soundsHere.value) {
    if (!sought) tellProgress();
    active.seek(toMs);
  }
  hold(toMs);
  positionMs.value = toMs;
  clearTimeout(sought?.timer);
  sought = { toMs: Math.round(toMs), timer: setTimeout(tellSought, SEEK_SETTLES_MS) };
}

function tellSought(): void {
  if (!sought) return;
  const { toMs, timer } = sought;
  clearTimeout(timer);
  sought = undefined;
  void ask(() => playerApi.seek(toMs));
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

// -- what the ears meet ---------------------------------------------------------------------------

function onDeck(deck: Deck, event: DeckEvent): void {
  if (deck === spare) {
    if (event === 'playing') soundStarted();
    // Better fetched when it is due than silent when it is due.
    if (event === 'failed') spare.clear();
    return;
  }
  if (event === 'playing') {
    soundStarted();
    buffering.value = false;
    prepareNext().catch(toastError);
    active.meter.interrupt();
    soundGoesOn();
  } else if (event === 'waiting') {
    active.meter.interrupt();
    buffering.value = true;
    if (deck.started && !deck.audio.seeking) soundStalled();
  } else if (event === 'rung') {
    const { fromRung, rung: toRung } = deck;
    rung.value = toRung ?? 0;
    if (fromRung && toRung) report({ type: 'rungSwitch', fromRung, toRung });
  } else if (event === 'time') tick();
  else if (event === 'ended') {
    tick();
    void next('ended');
  } else if (event === 'failed') {
    report({ type: 'error', code: 'media' });
    buffering.value = true;
    reloadLater();
  } else if (event === 'blocked') {
    buffering.value = false;
    void ask(() => playerApi.pause());
  }
}

let reloadingOf: string | undefined;

/** The token may have run out, or the network be away: a fresh answer brings a fresh address. */
function reloadLater(): void {
  const playId = active.stream?.playId;
  if (playId === reloadingOf) return;
  reloadingOf = playId;
  setTimeout(() => {
    if (reloadingOf === playId) reloadingOf = undefined;
    if (active.stream?.playId === playId) reload().catch(reloadLater);
  }, RELOAD_AFTER_MS);
}

async function reload(): Promise<void> {
  const playId = active.stream?.playId;
  const { stream, state: now } = await playerApi.get();
  if (!soundsHere.value || active.stream?.playId !== playId) return;
  if (now.current?.playId !== playId) return catchUp();
  if (!stream) return reloadLater();
  await active.load(stream, active.positionMs, active.meter.listenedMs);
  if (isPlaying.value) active.play();
}

function tick(): void {
  if (!active.stream || active.audio.paused) return;
  active.listen();
  positionMs.value = active.positionMs;
  if (isReportDue(active)) tellProgress();
}

function tellProgress(keepalive = false): void {
  const playId = active.stream?.playId;
  const toldMs = active.positionMs;
  const heldBefore = heldNow();
  reportProgress(active, keepalive).then((answer) => {
    const now = state.value;
    if (!answer || keepalive || !now?.current || now.current.playId !== playId) return;
    if (answer.current) hold(toldMs, heldBefore);
    if (!answer.current && isPlaying.value && soundsHere.value && asking === 0) void catchUp();
    else if (answer.counted && !now.current.counted) {
      state.value = { ...now, current: { ...now.current, counted: true } };
    }
  }, toastError);
}

setInterval(() => (soundsHere.value ? tick() : isPlaying.value && showHeldPosition()), TICK_MS);
addEventListener('pagehide', () => {
  tellProgress(true);
  if (active.stream) keepLeft(active.stream.playId, active.positionMs);
});
addEventListener('online', () => active.retry());

export function startPlayer(): void {
  loadHls().catch(() => undefined);
  void catchUp();
}

/** Whoever closed the page in the middle of a song finds it paused where it was. */
async function comeBack(): Promise<void> {
  const asker = listener;
  const answer = await playerApi.get();
  if (asker !== listener || asking > 0) return;
  const { current, status, deviceId } = answer.state;
  const left = deviceId === currentSession()?.deviceId ? leftAt(current?.playId) : undefined;
  if (status !== 'playing' || !left || left.awayMs < AWAY_AFTER_MS) return follow(answer);
  await playerApi.pause();
  await follow(await playerApi.seek(left.positionMs));
}

export function stopPlayer(): void {
  listener++;
  asking = 0;
  // Nobody is signed in any more who could report what was heard.
  active.clear();
  silence();
  clearTimeout(sought?.timer);
  sought = undefined;
  toldMeanwhile = undefined;
  pauseOwedOf = undefined;
  state.value = undefined;
}
