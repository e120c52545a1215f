/**
 * The player of this device: what the service says is playing, made to sound here when it is our turn.
 *
 * The service's answer is the truth; sound never waits for it where it need not: pausing and going to the
 * next song happen here at once and are told to the service after.
 */
import { computed, effect, signal } from '@preact/signals';
import type { PlayerAnswer, PlayerState, Stream } from '../../../actors/player-session/contract.ts';
import { type PlayRequest, playerApi } from '../api/api.ts';
import { ApiError, currentSession } from '../api/http.ts';
import { Deck, type DeckEvent, loadHls } from '../playback/deck.ts';
import { isReportDue, reportProgress } from '../playback/progress.ts';
import { report } from '../playback/telemetry.ts';
import { need, songs } from './library.ts';
import { profile } from './session.ts';
import { toast, toastError } from './toasts.ts';
import { outputVolume } from './volume.ts';

const TICK_MS = 500;
const RELOAD_AFTER_MS = 2000;
const CATCH_UP_AFTER_MS = 3000;
const JUST_BEGUN_MS = 1500;
/** Where a play was left when the page went away: the service's own clock runs on for a while. */
const LEFT_KEY = 'antiphon.left';
/** A page that comes back within this time was only loaded anew. */
const AWAY_AFTER_MS = 10_000;

export const state = signal<PlayerState | undefined>(undefined);
export const positionMs = signal(0);
export const buffering = signal(false);
export const rung = signal(0);
export const maxRung = signal<{ rung: number; reason?: string } | undefined>(undefined);

export const soundsHere = computed(() => state.value?.deviceId === currentSession()?.deviceId);
export const isPlaying = computed(() => state.value?.status === 'playing');
export const currentSong = computed(() => {
  const songId = state.value?.current?.songId;
  return songId ? songs.value.get(songId) : undefined;
});

let clicked: { atMs: number; how: 'cold' | 'prefetched' } | undefined;
let stalledSinceMs: number | undefined;

/** What may be fetched for the song after this one. */
let nextStream: Stream | undefined;
/** Commands of ours that are not answered yet, and the newest state that was told meanwhile. */
let asking = 0;
let toldMeanwhile: PlayerState | undefined;

let active = new Deck(onDeck);
let spare = new Deck(onDeck);

effect(() => {
  const loud = outputVolume(currentSong.value, profile()?.preferences.normalizeLoudness === true);
  active.audio.volume = loud;
  spare.audio.volume = loud;
});

// -- what the service says ------------------------------------------------------------------------

/** Takes an answer in, unless a newer one is already here. */
function accept(next: PlayerState): boolean {
  if (state.value && next.version < state.value.version) return false;
  state.value = next;
  if (!soundsHere.value || !active.holds(next.current)) showRemotePosition();
  const wanted = [next.current?.songId, ...next.upNext.map((entry) => entry.songId)];
  need(wanted.filter((id) => id !== undefined)).catch(() => undefined);
  return true;
}

function showRemotePosition(): void {
  const current = state.value?.current;
  if (!current) positionMs.value = 0;
  else {
    const sinceMs = isPlaying.value ? Date.now() - current.asOfMs : 0;
    positionMs.value = Math.min(current.durationMs, current.positionMs + Math.max(0, sinceMs));
  }
}

/** Brings the decks in line with an answer. */
async function follow(answer: PlayerAnswer): Promise<void> {
  for (const { reason } of answer.skipped.slice(0, 1)) toast(`Skipped a song: ${reasonText(reason)}`);
  if (!accept(answer.state)) return;
  const { current, status } = answer.state;
  if (!current || !soundsHere.value || status === 'idle' || status === 'ended') {
    silence();
    return;
  }
  if (answer.stream) {
    const { maxRung: rungAllowed, maxRungReason } = answer.stream;
    maxRung.value = { rung: rungAllowed, ...(maxRungReason && { reason: maxRungReason }) };
  }
  if (!active.holds(current)) {
    if (spare.holds(current)) swap();
    else if (answer.stream) {
      tellProgress();
      const loading = spare.load(answer.stream, positionNow(answer.state), current.listenedMs);
      swap();
      await loading;
    } else return follow(await playerApi.get());
  }
  // The service was away when the song ended.
  if (status === 'playing' && active.audio.ended) return next('ended');
  // It was away when the listener went on.
  if (!spare.audio.paused) spare.clear();
  if (status === 'playing') active.play();
  else active.pause();
  nextStream = answer.nextStream;
  await prepareNext();
}

/** Fetches the next song ahead, once the one before has what it needs to sound. */
async function prepareNext(): Promise<void> {
  if (isPlaying.value && !active.started) return;
  if (!nextStream) spare.clear();
  else if (!spare.holds(nextStream)) await spare.load(nextStream);
}

const positionNow = ({ current, status }: PlayerState): number => {
  if (!current) return 0;
  const sinceMs = status === 'playing' ? Math.max(0, Date.now() - current.asOfMs) : 0;
  const positionMs = current.positionMs + sinceMs;
  // A song that has only just begun starts at its first sample.
  return positionMs < JUST_BEGUN_MS ? 0 : positionMs;
};

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
  accept(next);
  if (!soundsHere.value) {
    if (active.stream && next.status === 'playing') toast('Playing on another device now.');
    silence();
  } else if (next.current && !active.holds(next.current)) {
    refresh().catch(toastError);
  } else if (next.status === 'paused') active.pause();
  else if (next.status === 'playing') active.play();
}

export const refresh = async (): Promise<void> => follow(await playerApi.get());

// -- what the listener asks -----------------------------------------------------------------------

async function ask(command: () => Promise<PlayerAnswer>): Promise<void> {
  asking++;
  const answer = await command().catch((error: unknown) => toastError(error));
  asking--;
  try {
    if (answer) await follow(answer);
    else {
      clicked = undefined;
      buffering.value = false;
      await refresh();
    }
  } catch (error) {
    toastError(error);
    if (error instanceof ApiError && error.isAway) catchUpLater();
  }
  if (asking === 0 && toldMeanwhile) onRemoteState(toldMeanwhile);
}

let catchingUp = false;

/** Until the service answers: what sounds here may have gone on without it. Silence asked for stays. */
function catchUpLater(): void {
  if (catchingUp) return;
  catchingUp = true;
  setTimeout(() => {
    catchingUp = false;
    if (asking === 0 && isPlaying.value) refresh().catch(catchUpLater);
  }, CATCH_UP_AFTER_MS);
}

export function play(request: PlayRequest): Promise<void> {
  clicked = { atMs: performance.now(), how: 'cold' };
  buffering.value = true;
  tellProgress();
  spare.prepare();
  return ask(() => playerApi.play(request));
}

export function toggle(): Promise<void> {
  const now = state.value;
  if (!now?.current) return Promise.resolve();
  if (now.status !== 'playing') {
    if (soundsHere.value && active.holds(now.current)) active.play();
    return ask(() => playerApi.resume());
  }
  tick();
  active.pause();
  tellProgress();
  state.value = { ...now, status: 'paused' };
  return ask(() => playerApi.pause());
}

export function next(reason: 'skip' | 'ended' | 'failed' = 'skip'): Promise<void> {
  const playId = state.value?.current?.playId;
  active.listen();
  const { listenedMs } = active.meter;
  if (soundsHere.value && spare.stream) {
    clicked = reason === 'skip' ? { atMs: performance.now(), how: 'prefetched' } : undefined;
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

export function seek(toMs: number): Promise<void> {
  if (soundsHere.value) {
    tellProgress();
    active.seek(toMs);
  }
  positionMs.value = toMs;
  return ask(() => playerApi.seek(Math.round(toMs)));
}

export const setMode = (mode: Parameters<typeof playerApi.mode>[0]): Promise<void> =>
  ask(() => playerApi.mode(mode));
export const transfer = (deviceId: string): Promise<void> => {
  tellProgress();
  return ask(() => playerApi.transfer(deviceId));
};

export function enqueue(op: 'add' | 'playNext', songIds: readonly string[]): Promise<void> {
  toast(op === 'add' ? 'Added to the queue.' : 'Plays next.');
  return ask(() => playerApi.enqueue(op, songIds));
}
export const dequeue = (entryId: string): Promise<void> => ask(() => playerApi.dequeue(entryId));
export const clearQueue = (): Promise<void> => ask(() => playerApi.clearQueue());

// -- what the ears meet ---------------------------------------------------------------------------

function onDeck(deck: Deck, event: DeckEvent): void {
  if (deck === spare) {
    if (event === 'playing') reportStart();
    return;
  }
  if (event === 'playing') {
    reportStart();
    buffering.value = false;
    prepareNext().catch(toastError);
    active.meter.interrupt();
    if (stalledSinceMs !== undefined) {
      report({ type: 'underrun', stalledMs: Math.round(performance.now() - stalledSinceMs) });
      stalledSinceMs = undefined;
    }
  } else if (event === 'waiting') {
    active.meter.interrupt();
    buffering.value = true;
    if (deck.started && !deck.audio.seeking) stalledSinceMs = performance.now();
  } else if (event === 'rung') {
    const { fromRung, rung: toRung } = deck;
    rung.value = toRung ?? 0;
    if (fromRung && toRung) report({ type: 'rungSwitch', fromRung, toRung });
  } else if (event === 'time') tick();
  else if (event === 'ended') {
    tick();
    next('ended').catch(() => undefined);
  } else if (event === 'failed') {
    report({ type: 'error', code: 'media' });
    buffering.value = true;
    reloadLater();
  } else if (event === 'blocked') {
    buffering.value = false;
    ask(() => playerApi.pause()).catch(() => undefined);
  }
}

/** The token may have run out, or the network be away: a fresh answer brings a fresh address. */
function reloadLater(): void {
  const playId = active.stream?.playId;
  setTimeout(() => {
    if (active.stream?.playId === playId) reload().catch(reloadLater);
  }, RELOAD_AFTER_MS);
}

async function reload(): Promise<void> {
  const { stream, state: now } = await playerApi.get();
  if (!stream || !soundsHere.value || stream.playId !== active.stream?.playId) return;
  await active.load(stream, active.positionMs, active.meter.listenedMs);
  if (now.status === 'playing') active.play();
}

function reportStart(): void {
  if (!clicked) return;
  report({
    type: 'playbackStart',
    startupMs: Math.round(performance.now() - clicked.atMs),
    how: clicked.how,
  });
  clicked = undefined;
}

function tick(): void {
  if (!active.stream || active.audio.paused) return;
  active.listen();
  positionMs.value = active.positionMs;
  if (isReportDue(active)) tellProgress();
}

function tellProgress(keepalive = false): void {
  const playId = active.stream?.playId;
  reportProgress(active, keepalive).then((answer) => {
    const now = state.value;
    if (!answer || keepalive || !now?.current || now.current.playId !== playId) return;
    if (!answer.current && isPlaying.value && soundsHere.value) refresh().catch(() => undefined);
    else if (answer.counted && !now.current.counted) {
      state.value = { ...now, current: { ...now.current, counted: true } };
    }
  }, toastError);
}

setInterval(() => (soundsHere.value ? tick() : isPlaying.value && showRemotePosition()), TICK_MS);
addEventListener('pagehide', () => {
  tellProgress(true);
  const playId = active.stream?.playId;
  if (playId)
    localStorage.setItem(
      LEFT_KEY,
      JSON.stringify({ playId, positionMs: active.positionMs, atMs: Date.now() }),
    );
});
addEventListener('online', () => active.retry());

export function startPlayer(): void {
  loadHls().catch(() => undefined);
  comeBack().catch(() => undefined);
}

/** Whoever closed the page in the middle of a song finds it paused where it was. */
async function comeBack(): Promise<void> {
  const answer = await playerApi.get();
  const left = JSON.parse(localStorage.getItem(LEFT_KEY) ?? '{}') as {
    playId?: string;
    positionMs?: number;
    atMs?: number;
  };
  const { current, status, deviceId } = answer.state;
  const wasHere = current?.playId === left.playId && deviceId === currentSession()?.deviceId;
  const awayMs = Date.now() - (left.atMs ?? 0);
  if (status !== 'playing' || !wasHere || left.positionMs === undefined || awayMs < AWAY_AFTER_MS) {
    return follow(answer);
  }
  await playerApi.pause();
  await follow(await playerApi.seek(left.positionMs));
}

export function stopPlayer(): void {
  silence();
  state.value = undefined;
}

const REASONS: Readonly<Record<string, string>> = {
  NOT_IN_REGION: 'not available in your country',
  NOT_RELEASED: 'not released yet',
  NOT_LICENSED: 'not licensed at the moment',
  NOT_READY: 'still being prepared',
  REMOVED: 'no longer here',
  EXPLICIT_FILTERED: 'explicit, which your settings leave out',
  PREMIUM_REQUIRED: 'needs premium',
  PLAYING_ELSEWHERE: 'playing on another device',
  NOTHING_TO_PLAY: 'nothing to play',
};
export const reasonText = (reason: string): string => REASONS[reason] ?? reason;
