/** What plays, for the keys of keyboards and headphones, lock screens and cars (W3C Media Session). */
import { effect, untracked } from '@preact/signals';
import { currentSong, isPlaying, positionMs, soundsHere, state } from './now.ts';
import { next, previous, seek, toggle } from './player.ts';

const COVER_SIZES_PX = [96, 300, 640];
const SEEK_STEP_MS = 10_000;

const seekBy = (byMs: number): void =>
  seek(Math.max(0, Math.min(state.value?.current?.durationMs ?? 0, positionMs.value + byMs)));

const ACTIONS: Partial<Record<MediaSessionAction, (details: MediaSessionActionDetails) => unknown>> = {
  play: () => !isPlaying.value && toggle(),
  pause: () => isPlaying.value && toggle(),
  stop: () => isPlaying.value && toggle(),
  nexttrack: () => next(),
  previoustrack: () => previous(),
  seekbackward: ({ seekOffset }) => seekBy(-(seekOffset ? seekOffset * 1000 : SEEK_STEP_MS)),
  seekforward: ({ seekOffset }) => seekBy(seekOffset ? seekOffset * 1000 : SEEK_STEP_MS),
  seekto: ({ seekTime }) => seekTime !== undefined && seek(seekTime * 1000),
};

/** @returns what ends it. */
export function startMediaSession(): () => void {
  const { mediaSession } = navigator as Partial<Navigator>;
  if (!mediaSession) return () => undefined;
  const handle = (action: string, handler: MediaSessionActionHandler | null) => {
    try {
      mediaSession.setActionHandler(action as MediaSessionAction, handler);
    } catch {
      // A browser that does not know the action says so by throwing.
    }
  };
  for (const [action, work] of Object.entries(ACTIONS)) handle(action, (details) => void work(details));
  const ends = [
    effect(() => {
      const song = currentSong.value;
      if (!song) mediaSession.metadata = null;
      else {
        mediaSession.metadata = new MediaMetadata({
          title: song.title,
          artist: song.displayArtist ?? song.artists.map(({ name }) => name).join(', '),
          album: song.album.title,
          artwork: COVER_SIZES_PX.flatMap((px) =>
            song.album.coverId
              ? [{ src: `/c/${song.album.coverId}/${px}.webp`, sizes: `${px}x${px}`, type: 'image/webp' }]
              : [],
          ),
        });
      }
    }),
    effect(() => {
      const { current } = state.value ?? {};
      const playing = isPlaying.value && soundsHere.value;
      mediaSession.playbackState = current ? (playing ? 'playing' : 'paused') : 'none';
      const duration = (current?.durationMs ?? 0) / 1000;
      // The browser counts on by itself: told with each change, not with each tick.
      const position = Math.min(duration, untracked(() => positionMs.value) / 1000);
      if (duration > 0) mediaSession.setPositionState({ duration, position, playbackRate: 1 });
      else mediaSession.setPositionState();
    }),
  ];
  return () => {
    for (const end of ends) end();
    mediaSession.metadata = null;
    for (const action of Object.keys(ACTIONS)) handle(action, null);
  };
}
