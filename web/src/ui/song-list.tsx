import type { ComponentChildren } from 'preact';
import type { SongView } from '../../../actors/catalog/contract.ts';
import type { PlayContext } from '../../../actors/player-session/contract.ts';
import { likes, toggleLike } from '../state/library.ts';
import { currentSong, isPlaying } from '../state/now.ts';
import { enqueue, play, toggle } from '../state/player.ts';
import { reasonText } from '../state/reasons.ts';
import { Cover } from './cover.tsx';
import { clock } from './format.ts';
import { Icon } from './icons.tsx';

export const ArtistLinks = ({ artists }: { artists: SongView['artists'] }) => (
  <>
    {artists.map(({ artistId, name }, i) => (
      <span key={artistId}>
        {i > 0 && ', '}
        <a href={`/artists/${artistId}`}>{name}</a>
      </span>
    ))}
  </>
);

export function LikeButton({ song }: { song: SongView }) {
  const liked = likes.value.has(song.songId);
  return (
    <button
      type="button"
      class={`icon-button heart ${liked ? 'on' : ''}`}
      aria-label={liked ? `Remove ${song.title} from your likes` : `Like ${song.title}`}
      onClick={() => toggleLike(song.songId)}
    >
      <Icon name="heart" size={18} />
    </button>
  );
}

interface SongListProps {
  readonly songs: readonly SongView[];
  readonly context: PlayContext;
  /** Track numbers instead of covers, as on an album's page. */
  readonly numbered?: boolean;
  /** One line a song at the end of its row. */
  readonly note?: (song: SongView, index: number) => ComponentChildren;
}

export function SongList({ songs, context, numbered = false, note }: SongListProps) {
  const songIds = [...new Set(songs.map((song) => song.songId))];
  return (
    <ol class="songs">
      {songs.map((song, index) => {
        const playable = !song.unavailable;
        const current = currentSong.value?.songId === song.songId;
        const start = () => (current ? toggle() : play({ context, songIds, songId: song.songId }));
        return (
          <li
            key={`${song.songId}-${index}`}
            class={`song ${current ? 'current' : ''} ${playable ? '' : 'unavailable'}`}
          >
            <button
              type="button"
              class="song-play"
              disabled={!playable}
              onClick={() => void start()}
              aria-label={`${current && isPlaying.value ? 'Pause' : 'Play'} ${song.title}`}
            >
              {numbered ? (
                <span class="song-number" data-number={song.trackNumber || index + 1} />
              ) : (
                <Cover coverId={song.album.coverId} px={44} />
              )}
              <span class="song-glyph">
                <Icon name={current && isPlaying.value ? 'pause' : 'play'} size={18} />
              </span>
            </button>
            <div class="song-names">
              <span class="song-title">
                {song.title}
                {song.explicit && (
                  <abbr class="explicit" title="Explicit">
                    E
                  </abbr>
                )}
              </span>
              <span class="song-artists">
                {playable ? (
                  <ArtistLinks artists={song.artists} />
                ) : (
                  <em>{reasonText(song.unavailable ?? '')}</em>
                )}
              </span>
            </div>
            {!numbered && (
              <a class="song-album" href={`/albums/${song.album.albumId}`}>
                {song.album.title}
              </a>
            )}
            {note && <span class="song-note">{note(song, index)}</span>}
            <LikeButton song={song} />
            <button
              type="button"
              class="icon-button song-queue"
              disabled={!playable}
              aria-label={`Add ${song.title} to the queue`}
              title="Add to the queue"
              onClick={() => enqueue('add', [song.songId])}
            >
              <Icon name="queue" size={18} />
            </button>
            <span class="song-time">{clock(song.durationMs)}</span>
          </li>
        );
      })}
    </ol>
  );
}
