/** Songs by id as they become known, and which of them the listener has saved. */
import { effect, signal } from '@preact/signals';
import type { SongView } from '../../../actors/catalog/contract.ts';
import { api } from '../api/api.ts';
import { forgetKept } from './kept.ts';
import { toastError } from './toasts.ts';

const LOOKUP_MAX = 100;
/** As many as the longest page shows, and some more. */
const SONGS_KNOWN_MAX = 6000;

export const songs = signal<ReadonlyMap<string, SongView>>(new Map());
export const likes = signal<ReadonlySet<string>>(new Set());
/** Grows when the catalogue changes. */
export const catalogVersion = signal(0);
/** Grows with it, so that pages load anew; an import changes the catalogue many times a second. */
export const libraryVersion = signal(0);

const PAGES_LOAD_AGAIN_AFTER_MS = 3000;
let pending: ReturnType<typeof setTimeout> | undefined;
let changedAtMs = -PAGES_LOAD_AGAIN_AFTER_MS;

effect(() => {
  if (catalogVersion.value === 0 || pending !== undefined) return;
  const waitMs = Math.max(0, changedAtMs + PAGES_LOAD_AGAIN_AFTER_MS - performance.now());
  pending = setTimeout(() => {
    pending = undefined;
    changedAtMs = performance.now();
    libraryVersion.value++;
  }, waitMs);
});

const asked = new Set<string>();

const chunksOf = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / LOOKUP_MAX) }, (_, i) =>
    items.slice(i * LOOKUP_MAX, (i + 1) * LOOKUP_MAX),
  );

async function learnLikes(songIds: readonly string[]): Promise<void> {
  const unknown = songIds.filter((id) => !asked.has(id));
  if (unknown.length === 0) return;
  const before = likes.value;
  for (const id of unknown) asked.add(id);
  try {
    const answers = await Promise.all(chunksOf(unknown).map((ids) => api.liked(ids)));
    // What was liked since the question is not in the answer.
    const kept = [...likes.value].filter((id) => !unknown.includes(id) || !before.has(id));
    likes.value = new Set([...kept, ...answers.flatMap((answer) => answer.liked)]);
  } catch (error) {
    for (const id of unknown) asked.delete(id);
    throw error;
  }
}

/** Changes may have been missed: they are asked for again as their songs are shown. */
export const doubtLikes = (): void => asked.clear();

/** Songs that an answer brought along. */
export function remember(found: readonly SongView[]): void {
  if (found.length === 0) return;
  const known = new Map(songs.value);
  for (const song of found) {
    // At the end are those that were seen last.
    known.delete(song.songId);
    known.set(song.songId, song);
  }
  for (const songId of known.keys()) {
    if (known.size <= SONGS_KNOWN_MAX) break;
    known.delete(songId);
    asked.delete(songId);
  }
  songs.value = known;
  learnLikes(found.map((song) => song.songId)).catch(() => undefined);
}

/** Looks up the songs that are not known here yet. */
export async function need(songIds: readonly string[]): Promise<void> {
  const missing = [...new Set(songIds)].filter((id) => !songs.value.has(id));
  const answers = await Promise.all(chunksOf(missing).map((ids) => api.songs(ids)));
  remember(answers.flatMap((answer) => answer.items));
}

export function showLiked(songId: string, liked: boolean): void {
  const next = new Set(likes.value);
  if (liked) next.add(songId);
  else next.delete(songId);
  likes.value = next;
}

/** Songs told to be liked. */
export function rememberLiked(songIds: readonly string[]): void {
  likes.value = new Set([...likes.value, ...songIds]);
}

let lastTold: Promise<unknown> = Promise.resolve();

/** Told one after another: of two requests at once the first may arrive last. */
export async function toggleLike(songId: string): Promise<void> {
  const liked = !likes.value.has(songId);
  showLiked(songId, liked);
  const told = lastTold.then(() => api.setLiked(songId, liked));
  lastTold = told.catch(() => undefined);
  try {
    await told;
  } catch (error) {
    showLiked(songId, !liked);
    toastError(error);
  }
}

export function forgetLibrary(): void {
  songs.value = new Map();
  likes.value = new Set();
  asked.clear();
  forgetKept();
}
