/** What plays, as the service said it last. */
import { computed, effect, signal } from '@preact/signals';
import type { PlayerState } from '../../../actors/player-session/contract.ts';
import { currentSession } from '../api/http.ts';
import { need, songOf } from './library.ts';
import { soundsInOtherTab } from './tabs.ts';

export const state = signal<PlayerState | undefined>(undefined);
export const positionMs = signal(0);

export const soundsHere = computed(
  () => state.value?.deviceId === currentSession()?.deviceId && !soundsInOtherTab.value,
);
export const isPlaying = computed(() => state.value?.status === 'playing');
export const currentSong = computed(() => {
  const songId = state.value?.current?.songId;
  return songId ? songOf(songId) : undefined;
});

// It may be too long ago that it was shown.
effect(() => {
  const songId = state.value?.current?.songId;
  if (songId && !songOf(songId)) need([songId]).catch(() => undefined);
});

/**
 * Where the service holds the play to be. Its clock and ours do not show the same time, so that ours only
 * measures what has passed since.
 */
let held = { positionMs: 0, atMs: 0 };

/** @param since what was held when this was found out; it is old when something else is held by now. */
export function hold(positionMs: number, since = held): void {
  if (since === held) held = { positionMs, atMs: performance.now() };
}
export const heldNow = (): typeof held => held;

export const heldPositionMs = (): number =>
  held.positionMs + (isPlaying.value ? performance.now() - held.atMs : 0);

export function showHeldPosition(): void {
  positionMs.value = Math.min(state.value?.current?.durationMs ?? 0, heldPositionMs());
}

/** Takes a state in, unless a newer one is already here. */
export function accept(next: PlayerState): boolean {
  if (state.value && next.version < state.value.version) return false;
  state.value = next;
  hold(next.current?.positionMs ?? 0);
  const wanted = [next.current?.songId, ...next.upNext.map((entry) => entry.songId)];
  need(wanted.filter((id) => id !== undefined)).catch(() => undefined);
  return true;
}

/** What the service is about to say: the song after this one sounds already. */
export function showNext({ playId, songId }: { readonly playId: string; readonly songId: string }): void {
  const now = state.value;
  if (!now) return;
  const [first, ...rest] = now.upNext;
  const isFirst = first?.songId === songId;
  const durationMs = songOf(songId)?.durationMs ?? 0;
  const moment = { positionMs: 0, asOfMs: Date.now(), listenedMs: 0, counted: false };
  state.value = {
    ...now,
    status: 'playing',
    current: { entryId: isFirst ? first.entryId : playId, songId, playId, durationMs, ...moment },
    ...(isFirst && { upNext: rest, upNextTotal: now.upNextTotal - 1 }),
  };
  hold(0);
  positionMs.value = 0;
}
