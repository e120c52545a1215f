import { useEffect } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { toggleLike } from '../state/library.ts';
import { currentSong, positionMs, state } from '../state/now.ts';
import { next, previous, seek, setMode, toggle } from '../state/player.ts';
import { column, helpOpen, nowPlayingOpen, panel, togglePanel } from '../state/view.ts';
import { setVolume, toggleMuted, volume } from '../state/volume.ts';

const SEEK_STEP_MS = 5000;
const VOLUME_STEP = 0.05;

const nudge = (byMs: number) =>
  seek(Math.max(0, Math.min(state.value?.current?.durationMs ?? 0, positionMs.value + byMs)));

const NEXT_REPEAT = { off: 'all', all: 'one', one: 'off' } as const;

/** Keys as music players share them; never while typing, never over a browser's own shortcut. */
const SHORTCUTS: Readonly<Record<string, () => unknown>> = {
  ' ': () => toggle(),
  k: () => toggle(),
  n: () => next(),
  p: () => previous(),
  m: () => toggleMuted(),
  s: () => setMode({ shuffle: !state.value?.shuffle }),
  r: () => setMode({ repeat: NEXT_REPEAT[state.value?.repeat ?? 'off'] }),
  h: () => currentSong.value && toggleLike(currentSong.value.songId),
  q: () => togglePanel('queue'),
  l: () => togglePanel('lyrics'),
  f: () => {
    nowPlayingOpen.value = !nowPlayingOpen.value;
  },
  '[': () => {
    column.value = column.value === 'open' ? 'narrow' : 'open';
  },
  '?': () => {
    helpOpen.value = true;
  },
  Escape: () => {
    panel.value = 'none';
  },
  ArrowRight: () => nudge(SEEK_STEP_MS),
  ArrowLeft: () => nudge(-SEEK_STEP_MS),
  '+': () => setVolume(Math.min(1, volume.value + VOLUME_STEP)),
  '-': () => setVolume(Math.max(0, volume.value - VOLUME_STEP)),
};

/** Held down, the others would be told many times a second. */
const REPEATED = new Set(['ArrowRight', 'ArrowLeft', '+', '-']);

const OWN_KEYS = 'input, textarea, select, dialog, [contenteditable], [role=slider]';

function focusSearch(): boolean {
  const field = document.querySelector<HTMLInputElement>('input[type=search]');
  field?.focus();
  return field !== null;
}

export function useKeyboard(): void {
  const { route } = useLocation();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || target.closest(OWN_KEYS)) return;
      if (event.key === ' ' && target.closest('button, a, [role=button]')) return;
      if (event.key === '/') {
        event.preventDefault();
        if (!focusSearch()) route('/search');
        return;
      }
      const action = SHORTCUTS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!action) return;
      event.preventDefault();
      if (!event.repeat || REPEATED.has(event.key)) action();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [route]);
}
