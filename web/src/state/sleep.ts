/** When the listener wants it to be quiet. It holds for this page, also after a reload. */
import { effect, signal } from '@preact/signals';
import { songOf } from './library.ts';

export type Sleep =
  | { readonly until: 'time'; readonly endsAtMs: number }
  | { readonly until: 'song' }
  | { readonly until: 'album' };

const SLEEP_KEY = 'antiphon.sleep';

export const sleep = signal<Sleep | undefined>(
  JSON.parse(sessionStorage.getItem(SLEEP_KEY) ?? 'null') ?? undefined,
);
/** Undefined where no time was set. */
export const sleepLeftMs = signal<number | undefined>(undefined);

effect(() => {
  if (sleep.value) sessionStorage.setItem(SLEEP_KEY, JSON.stringify(sleep.value));
  else sessionStorage.removeItem(SLEEP_KEY);
});

export function sleepIn(minutes: number): void {
  sleep.value = { until: 'time', endsAtMs: Date.now() + minutes * 60_000 };
}

export function sleepAfter(until: 'song' | 'album'): void {
  sleep.value = { until };
}

export function cancelSleep(): void {
  sleep.value = undefined;
}

/** Whether it is to be quiet between the two. */
export function sleepsBetween(songId: string | undefined, nextId: string | undefined): boolean {
  const until = sleep.value?.until;
  if (until === undefined || until === 'time') return false;
  if (until === 'song' || !songId || !nextId) return true;
  return songOf(songId)?.album.albumId !== songOf(nextId)?.album.albumId;
}
