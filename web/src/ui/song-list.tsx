import { computed } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import type { SongView } from '../../../actors/catalog/contract.ts';
import type { PlayContext } from '../../../actors/player-session/contract.ts';
import { PLAYER_QUEUE_MAX } from '../../../config/limits.ts';
import { likes, toggleLike } from '../state/library.ts';
import { currentSong, isPlaying } from '../state/now.ts';
import { enqueue, play, toggle } from '../state/player.ts';
import { reasonText } from '../state/reasons.ts';
import { t } from '../texts/texts.ts';
import { Cover } from './cover.tsx';
import { clock } from './format.ts';
import { Icon } from './icons.tsx';
import { songMenu } from './menus.ts';
import { IconButton } from './parts/button.tsx';
import { menuOf, openMenuAt } from './parts/menu.tsx';
import { songRowPx } from './row-height.ts';
import { VirtualList } from './virtual-list.tsx';
import { playedFrom } from './window.ts';

export const ArtistLinks = ({ artists }: { artists: SongView['artists'] }) => (
  <>
    {artists.map(({ artistId, name }, i) => (
      <span key={artistId}>
        {i > 0 && ', '}
        <a href={`/artists/${artistId}`}>
          <bdi>{name}</bdi>
        </a>
      </span>
    ))}
  </>
);

export function LikeButton({ song }: { song: SongView }) {
  const { songId, title } = song;
  // Drawn again when this heart changes, not with every other one.
  const liked = useMemo(() => computed(() => likes.value.has(songId)), [songId]).value;
  return (
    <IconButton
      icon={liked ? 'heartOn' : 'heart'}
      class="heart"
      on={liked}
      size={18}
      label={liked ? t('song.unlike', { title }) : t('song.like', { title })}
      onClick={() => toggleLike(songId)}
    />
  );
}

export const MoreButton = ({ song }: { song: SongView }) => (
  <IconButton
    icon="more"
    size={18}
    class="song-more"
    label={t('song.more', { title: song.title })}
    aria-haspopup="menu"
    onClick={(event) => openMenuAt(event.currentTarget, song.title, songMenu(song))}
  />
);

/** Moves while the song sounds. */
const Equalizer = () => (
  <span class={`equalizer ${isPlaying.value ? '' : 'still'}`} aria-hidden="true">
    <i />
    <i />
    <i />
  </span>
);

interface SongListProps {
  readonly songs: readonly SongView[];
  /** What plays on after a song, when it is more than the list. */
  readonly played?: readonly SongView[];
  readonly context: PlayContext;
  readonly label: string;
  /** Track numbers instead of covers, as on an album's page. */
  readonly numbered?: boolean;
  /** One line a song at the end of its row. */
  readonly note?: (song: SongView, index: number) => ComponentChildren;
  readonly total?: number;
  readonly onNearEnd?: () => void;
}

export function SongList(props: SongListProps) {
  const { songs, played = songs, context, label, numbered = false, note, total, onNearEnd } = props;
  const songIds = useMemo(() => played.map((song) => song.songId), [played]);
  const placeOf = (song: SongView, index: number) => (played === songs ? index : played.indexOf(song));
  return (
    <VirtualList
      items={songs}
      rowPx={songRowPx()}
      drawnWith={`${context.type} ${context.id} ${played.length}`}
      label={label}
      class={`songs ${numbered ? 'numbered' : ''}`}
      keyOf={(song, index) => `${song.songId}-${index}`}
      rowClass={(song) => `song ${song.unavailable ? 'unavailable' : ''}`}
      rowProps={(song) => menuOf(song.title, () => songMenu(song))}
      render={(song, index) => (
        <SongCells
          song={song}
          index={index}
          numbered={numbered}
          start={() =>
            play({
              context,
              songIds: playedFrom(songIds, placeOf(song, index), PLAYER_QUEUE_MAX),
              songId: song.songId,
            })
          }
          note={note?.(song, index)}
        />
      )}
      {...(total !== undefined && { total })}
      {...(onNearEnd && { onNearEnd })}
    />
  );
}

interface SongCellsProps {
  readonly song: SongView;
  readonly index: number;
  readonly numbered: boolean;
  readonly start: () => unknown;
  readonly note: ComponentChildren;
}

function SongCells({ song, index, numbered, start, note }: SongCellsProps) {
  const playable = !song.unavailable;
  const current = currentSong.value?.songId === song.songId;
  const sounding = current && isPlaying.value;
  const { title } = song;
  return (
    <div class={`song-cells ${current ? 'current' : ''}`}>
      <button
        type="button"
        class="song-play"
        disabled={!playable}
        onClick={() => void (current ? toggle() : start())}
        aria-label={sounding ? t('song.pause', { title }) : t('song.play', { title })}
      >
        {numbered ? (
          <span class="song-number" data-number={song.trackNumber || index + 1} />
        ) : (
          <Cover coverId={song.album.coverId} px={44} />
        )}
        {current && <Equalizer />}
        <span class="song-glyph">
          <Icon name={sounding ? 'pause' : 'play'} size={18} />
        </span>
      </button>
      <div class="song-names">
        <span class="song-title">
          <bdi>{title}</bdi>
          {song.explicit && (
            <abbr class="explicit" title={t('song.explicit')}>
              {t('song.explicitMark')}
            </abbr>
          )}
        </span>
        <span class="song-artists">
          {playable ? <ArtistLinks artists={song.artists} /> : <em>{reasonText(song.unavailable ?? '')}</em>}
        </span>
      </div>
      {!numbered && (
        <a class="song-album" href={`/albums/${song.album.albumId}`}>
          <bdi>{song.album.title}</bdi>
        </a>
      )}
      {note && <span class="song-note">{note}</span>}
      <LikeButton song={song} />
      <IconButton
        icon="queue"
        size={18}
        class="song-queue"
        disabled={!playable}
        label={t('song.addToQueue', { title })}
        onClick={() => enqueue('add', [song.songId])}
      />
      <span class="song-time">{clock(song.durationMs)}</span>
      <MoreButton song={song} />
    </div>
  );
}
