import { signal } from '@preact/signals';
import type { SongView } from '../../../actors/catalog/contract.ts';

/** Programme loudness that songs are turned down to (EBU R 128 s2, streaming). */
const TARGET_LUFS = -14;
const VOLUME_KEY = 'antiphon.volume';

export const volume = signal(Number(localStorage.getItem(VOLUME_KEY) ?? 0.8));
export const muted = signal(false);

export function setVolume(value: number): void {
  volume.value = value;
  muted.value = false;
  localStorage.setItem(VOLUME_KEY, String(value));
}

export function toggleMuted(): void {
  muted.value = !muted.value;
}

/** What an audio element is set to for `song`, 0 to 1; a louder song is turned down, none is turned up. */
export function outputVolume(song: SongView | undefined, normalized: boolean): number {
  if (muted.value) return 0;
  const lufs = song?.loudness?.integratedLufs;
  const gain = normalized && lufs !== undefined ? Math.min(1, 10 ** ((TARGET_LUFS - lufs) / 20)) : 1;
  return volume.value * gain;
}
