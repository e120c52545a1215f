import { useEffect } from 'preact/hooks';
import { positionMs, state } from '../state/now.ts';
import { next, previous, seek, toggle } from '../state/player.ts';
import { setVolume, toggleMuted, volume } from '../state/volume.ts';

const SEEK_STEP_MS = 5000;
const VOLUME_STEP = 0.05;

const nudge = (byMs: number) =>
  seek(Math.max(0, Math.min(state.value?.current?.durationMs ?? 0, positionMs.value + byMs)));

/** Keys as music players share them; never while typing, never over a browser's own shortcut. */
const SHORTCUTS: Readonly<Record<string, () => unknown>> = {
  ' ': () => toggle(),
  k: () => toggle(),
  n: () => next(),
  p: () => previous(),
  m: () => toggleMuted(),
  ArrowRight: () => nudge(SEEK_STEP_MS),
  ArrowLeft: () => nudge(-SEEK_STEP_MS),
  '+': () => setVolume(Math.min(1, volume.value + VOLUME_STEP)),
  '-': () => setVolume(Math.max(0, volume.value - VOLUME_STEP)),
  '/': () => document.querySelector<HTMLInputElement>('input[type=search]')?.focus(),
};

/** Held down, the others would be told many times a second. */
const REPEATED = new Set(['ArrowRight', 'ArrowLeft', '+', '-']);

const OWN_KEYS = 'input, textarea, select, [contenteditable], [role=slider]';

export function useKeyboard(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || target.closest(OWN_KEYS)) return;
      if (event.key === ' ' && target.closest('button, a, [role=button]')) return;
      const action = SHORTCUTS[event.key];
      if (!action) return;
      event.preventDefault();
      if (!event.repeat || REPEATED.has(event.key)) action();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}
