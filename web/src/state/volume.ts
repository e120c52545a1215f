import { signal } from '@preact/signals';
import type { LoudnessMode } from '../../../actors/accounts/contract.ts';
import type { SongView } from '../../../actors/catalog/contract.ts';

/** Programme loudness that songs are brought to (EBU R 128 s2, streaming). */
const TARGET_LUFS = -14;
/** What a song that is turned up may reach at most, so that no decoder clips (EBU R 128). */
const TRUE_PEAK_DBTP_MAX = -1;
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

const factorOf = (db: number): number => 10 ** (db / 20);

/**
 * What brings `song` to the loudness of all others, as a factor. A loud song is turned down, a quiet one up as
 * far as its true peak allows; where that is not known it stays as it is.
 *
 * @param inAlbum its album sounds in order, and keeps its own loud and quiet songs in mode `album`.
 */
export function levelOf(song: SongView | undefined, mode: LoudnessMode, inAlbum: boolean): number {
  const { loudness: ofSong, album } = song ?? {};
  const loudness = mode === 'album' && inAlbum ? (album?.loudness ?? ofSong) : ofSong;
  if (mode === 'off' || !loudness) return 1;
  const { integratedLufs, truePeakDbtp = TRUE_PEAK_DBTP_MAX } = loudness;
  const mostUp = Math.max(1, factorOf(TRUE_PEAK_DBTP_MAX - truePeakDbtp));
  return Math.min(factorOf(TARGET_LUFS - integratedLufs), mostUp);
}
