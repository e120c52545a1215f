/** How this browser shows the player; remembered here and nowhere else. */
import { effect, type Signal, signal } from '@preact/signals';

/** A signal that is the same after a reload. */
function remembered<T extends string>(name: string, choices: readonly T[], otherwise: T): Signal<T> {
  const key = `antiphon.view.${name}`;
  const before = localStorage.getItem(key);
  const chosen = signal(choices.find((choice) => choice === before) ?? otherwise);
  effect(() => localStorage.setItem(key, chosen.value));
  return chosen;
}

export const PANELS = ['queue', 'lyrics', 'credits'] as const;
export type Panel = (typeof PANELS)[number];
export const panel = remembered<Panel | 'none'>('panel', [...PANELS, 'none'], 'none');
/** Where it covers the page, it is not there before it is asked for. */
if (matchMedia('(max-width: 1180px)').matches) panel.value = 'none';
export const togglePanel = (wanted: Panel): void => {
  panel.value = panel.value === wanted ? 'none' : wanted;
};

export const column = remembered<'open' | 'narrow'>('column', ['open', 'narrow'], 'open');

export const COLUMN_LISTS = ['albums', 'artists', 'songs', 'likes', 'playlists'] as const;
export type ColumnList = (typeof COLUMN_LISTS)[number];
export const columnList = remembered<ColumnList>('column.list', COLUMN_LISTS, 'albums');

export const ALBUM_SORTS = ['added', 'title', 'artist', 'year'] as const;
export type AlbumSort = (typeof ALBUM_SORTS)[number];
export const columnSort = remembered<AlbumSort>('column.sort', ALBUM_SORTS, 'added');
export const albumSort = remembered<AlbumSort>('albums.sort', ALBUM_SORTS, 'added');

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];
export const theme = remembered<Theme>('theme', THEMES, 'auto');
effect(() => {
  document.documentElement.dataset.theme = theme.value;
});

export const nowPlayingOpen = signal(false);
export const helpOpen = signal(false);
/** The song whose credits are shown over the page. */
export const creditsOf = signal<{ readonly songId: string; readonly title: string } | undefined>(undefined);
