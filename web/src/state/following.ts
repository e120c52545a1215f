/**
 * Keeps what sounds here in line with the service. Its answer is the truth; what the listener did here that it
 * has not been told yet is told first.
 */
import { signal } from '@preact/signals';
import type { PlayerAnswer, PlayerState, Stream } from '../../../actors/player-session/contract.ts';
import { playerApi } from '../api/api.ts';
import { ApiError, currentSession } from '../api/http.ts';
import { startAsked } from '../playback/telemetry.ts';
import { t } from '../texts/texts.ts';
import { leftAt } from './left.ts';
import { accept, hold, isPlaying, positionMs, showHeldPosition, soundsHere, state } from './now.ts';
import { reasonText } from './reasons.ts';
import { sleepsBetween } from './sleep.ts';
import { buffering, output, silence, tellProgress } from './sound.ts';
import { toast, toastError } from './toasts.ts';
import { rememberStream } from './waveform.ts';

const CATCH_UP_AGAIN_AFTER_MS = 3000;
const JUST_BEGUN_MS = 1500;
/** A page that comes back within this time was only loaded anew. */
const AWAY_AFTER_MS = 10_000;
/** A key held down seeks many times a second; the service is told where it ends. */
const SEEK_SETTLES_MS = 200;
const NO_STREAM = { code: 'NO_STREAM', detail: 'This song cannot be fetched at the moment.' };

export const maxRung = signal<{ rung: number; reason?: string } | undefined>(undefined);

/** What may be fetched for the song after this one. */
let nextStream: Stream | undefined;
/** Commands of ours that are not answered yet, and the newest state that was told meanwhile. */
let asking = 0;
let toldMeanwhile: PlayerState | undefined;
/** Grows when the listener signs out: what was asked before is no answer for the next one. */
let listener = 0;

/** Where the listener wants to be, until the service is told. */
let sought: { readonly toMs: number; readonly timer: ReturnType<typeof setTimeout> } | undefined;

type Command = () => Promise<PlayerAnswer>;
/** By the play that it ends or stops: what has happened here and the service has not taken yet. */
const owed = new Map<string, Command>();

// -- what the service says ------------------------------------------------------------------------

/** Brings the sound in line with an answer. */
function follow(answer: PlayerAnswer): void {
  tellSkipped(answer);
  if (!accept(answer.state)) return;
  const { current, status } = answer.state;
  if (!soundsHere.value || !output.current?.is(current)) showHeldPosition();
  nextStream = answer.nextStream;
  if (!current || !soundsHere.value) {
    silence();
    return;
  }
  if (answer.stream) {
    rememberStream(answer.stream);
    const { maxRung: rungAllowed, maxRungReason } = answer.stream;
    maxRung.value = { rung: rungAllowed, ...(maxRungReason && { reason: maxRungReason }) };
  }
  if (!output.current?.is(current)) {
    tellProgress();
    if (output.next?.is(current)) output.goOn();
    else if (answer.stream) {
      // A song that has only just begun starts at its first sample.
      const fromMs = current.positionMs < JUST_BEGUN_MS ? 0 : current.positionMs;
      output.load(answer.stream, fromMs, current.listenedMs);
    } else {
      output.pause();
      throw new ApiError(503, NO_STREAM);
    }
  }
  soundAs(status);
  prepareNext();
}

function soundAs(status: PlayerState['status']): void {
  if (status === 'playing') output.play();
  else output.pause();
}

function tellSkipped({ skipped }: PlayerAnswer): void {
  for (const { reason } of skipped.slice(0, 1)) toast(t('player.skipped', { why: reasonText(reason) }));
}

/** Fetches the next song ahead, once the one before has what it needs to sound. */
export function prepareNext(): void {
  if (isPlaying.value && !output.started) return;
  const isWanted = !sleepsBetween(output.current?.stream.songId, nextStream?.songId);
  output.follow(isWanted ? nextStream : undefined);
}

/** The next song has begun by itself: what follows it is not known yet. */
export function forgetNext(): void {
  nextStream = undefined;
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
    if (output.current && status === 'playing') toast(t('player.elsewhere'));
    silence();
    showHeldPosition();
  } else if (!output.current?.is(current) || owed.has(current.playId)) void catchUp();
  else {
    // Its position alone says nothing: the service may have heard no report for a while, or be heard late.
    if (current.soughtAtMs !== known?.current?.soughtAtMs && !sought) output.seek(current.positionMs);
    soundAs(status);
  }
}

async function refresh(): Promise<void> {
  const asker = listener;
  let answer = await playerApi.get();
  for (let tell = owedFor(answer); tell && asker === listener && asking === 0; tell = owedFor(answer))
    answer = await tell();
  // The answer to a command on its way says more.
  if (asker === listener && asking === 0) follow(answer);
}

/** What the service knows nothing of is about plays that it has gone past. */
function owedFor({ state: { current } }: PlayerAnswer): Command | undefined {
  const tell = current && owed.get(current.playId);
  if (!tell) owed.clear();
  return tell;
}

let catchingUp: Promise<void> | undefined;

/** Asks how things stand until the service says it, and brings page and sound in line. */
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

/** Whoever closed the page in the middle of a song finds it paused where it was. */
async function comeBack(): Promise<void> {
  const asker = listener;
  const answer = await playerApi.get();
  if (asker !== listener || asking > 0) return;
  const { current, status, deviceId } = answer.state;
  const left = deviceId === currentSession()?.deviceId ? leftAt(current?.playId) : undefined;
  if (status !== 'playing' || !left || left.awayMs < AWAY_AFTER_MS) {
    follow(answer);
    return;
  }
  await playerApi.pause();
  follow(await playerApi.seek(left.positionMs));
}

// -- what the service is told ---------------------------------------------------------------------

export async function ask(command: Command): Promise<void> {
  // Any other command may be about another song.
  tellSought();
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
    if (answer) follow(answer);
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

export function seek(toMs: number): void {
  if (soundsHere.value) {
    if (!sought) tellProgress();
    output.seek(toMs);
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

/** What has happened to `playId` here already: told now, and again until the service has taken it. */
export function askLater(playId: string, command: Command): Promise<void> {
  const tell = async () => {
    try {
      const answer = await command();
      forgive(playId, tell);
      return answer;
    } catch (error) {
      if (!(error instanceof ApiError) || !error.isAway) forgive(playId, tell);
      throw error;
    }
  };
  owed.set(playId, tell);
  return ask(tell);
}

/** The listener has changed their mind, or the service has taken it. */
export function forgive(playId: string, tell = owed.get(playId)): void {
  if (owed.get(playId) === tell) owed.delete(playId);
}

export const isAsking = (): boolean => asking > 0;

export function stopFollowing(): void {
  listener++;
  asking = 0;
  nextStream = undefined;
  toldMeanwhile = undefined;
  clearTimeout(sought?.timer);
  sought = undefined;
  owed.clear();
  // Nobody is signed in any more who could report what was heard.
  output.clear();
  silence();
  state.value = undefined;
}
