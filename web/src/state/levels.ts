/** How loud each play sounds, and how the next one joins it. */
import type { Play } from '../playback/play.ts';
import { knownVersion, songOf } from './library.ts';
import { state } from './now.ts';
import { profile } from './session.ts';
import { levelOf, muted, volume } from './volume.ts';

/** Of two songs that overlap each keeps at least this part for itself. */
const OVERLAP_MAX = 1 / 3;

const songIn = ({ stream }: Play) => songOf(stream.songId);

/** Whether the song sounds where its album has it. */
function isInAlbum(albumId: string | undefined): boolean {
  const { context, shuffle } = state.value ?? {};
  return context?.type === 'album' && context.id === albumId && !shuffle;
}

export const levels = {
  /** Whoever calls it in an effect is called again when a level may have changed. */
  listenToChanges: () => [volume.value, muted.value, knownVersion.value, state.value, profile()],

  /** For an audio element, 0 to 1. */
  volumeOf(play: Play): number {
    if (muted.value) return 0;
    const song = songIn(play);
    const mode = profile()?.preferences.loudness ?? 'off';
    return Math.min(1, volume.value * levelOf(song, mode, isInAlbum(song?.album.albumId)));
  },

  /** None within an album that plays in order: its songs meet as they were made to. */
  overlapMs(play: Play, next: Play): number {
    const { crossfadeMs = 0 } = profile()?.preferences ?? {};
    const [before, after] = [songIn(play), songIn(next)];
    if (!before || !after) return 0;
    const { albumId } = before.album;
    if (albumId === after.album.albumId && isInAlbum(albumId)) return 0;
    return Math.min(crossfadeMs, before.durationMs * OVERLAP_MAX, after.durationMs * OVERLAP_MAX);
  },
};
