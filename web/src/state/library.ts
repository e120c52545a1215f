/** Songs by id as they become known, and which of them the listener has saved. */
import { effect, signal } from '@preact/signals';
import type { SongView } from '../../../actors/catalog/contract.ts';
import { api } from '../api/api.ts';
import { forgetKept } from './kept.ts';
import { toastError } from './toasts.ts';

const LOOKUP_MAX = 100;
/** As many as the longest page shows, and some more. */
const SONGS_KNOWN_MAX = 6000;

const known = new Map<string, SongView>();
/** Grows when a song becomes known: a map of thousands is not copied for each page of a list. */
export const knownVersion = signal(0);
/** Whoever calls it in an effect is called again when more is known. */
export function songOf(songId: string): SongView | undefined {
  knownVersion.value;
  return known.get(songId);
}

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

/** Where nothing changes, nothing is drawn again. */
function changeLikes(added: readonly string[], gone: readonly string[]): void {
  if (!added.some((id) => !likes.value.has(id)) && !gone.some((id) => likes.value.has(id))) return;
  const next = new Set(likes.value);
  for (const id of added) next.add(id);
  for (const id of gone) next.delete(id);
  likes.value = next;
}

async function learnLikes(songIds: readonly string[]): Promise<void> {
  const unknown = songIds.filter((id) => !asked.has(id));
  if (unknown.length === 0) return;
  const before = likes.value;
  for (const id of unknown) asked.add(id);
  try {
    const answers = await Promise.all(chunksOf(unknown).map((ids) => api.liked(ids)));
    const told = new Set(answers.flatMap((answer) => answer.liked));
    // What was liked since the question is not in the answer.
    const gone = unknown.filter((id) => likes.value.has(id) && before.has(id) && !told.has(id));
    changeLikes([...told], gone);
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
  knownVersion.value = knownVersion.peek() + 1;
  learnLikes(found.map((song) => song.songId)).catch(() => undefined);
}

/** Looks up the songs that are not known here yet. */
export async function need(songIds: readonly string[]): Promise<void> {
  const missing = [...new Set(songIds)].filter((id) => !known.has(id));
  const answers = await Promise.all(chunksOf(missing).map((ids) => api.songs(ids)));
  remember(answers.flatMap((answer) => answer.items));
}

export function showLiked(songId: string, liked: boolean): void {
  if (liked) changeLikes([songId], []);
  else changeLikes([], [songId]);
}

/** Songs told to be liked. */
export const rememberLiked = (songIds: readonly string[]): void => changeLikes(songIds, []);

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
  known.clear();
  knownVersion.value = knownVersion.peek() + 1;
  likes.value = new Set();
  asked.clear();
  forgetKept();
}
