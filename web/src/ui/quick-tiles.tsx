/** The albums that were listened to last, at hand on top of the home page; new ones fill the row. */
import type { AlbumView, SongView } from '../../../actors/catalog/contract.ts';
import { currentSong, isPlaying } from '../state/now.ts';
import { play, toggle } from '../state/player.ts';
import { t } from '../texts/texts.ts';
import { Cover } from './cover.tsx';
import { Icon } from './icons.tsx';

const SHOWN_MAX = 6;

interface Tile {
  readonly albumId: string;
  readonly title: string;
  readonly coverId?: string;
}

export function quickTilesOf(songs: readonly SongView[], albums: readonly AlbumView[]): Tile[] {
  const tiles = new Map<string, Tile>();
  for (const { album } of songs) if (!tiles.has(album.albumId)) tiles.set(album.albumId, album);
  for (const album of albums) if (!tiles.has(album.albumId)) tiles.set(album.albumId, album);
  return [...tiles.values()].slice(0, SHOWN_MAX);
}

export function QuickTiles({ songs, albums }: { songs: readonly SongView[]; albums: readonly AlbumView[] }) {
  const tiles = quickTilesOf(songs, albums);
  if (songs.length === 0 || tiles.length === 0) return null;
  return (
    <section class="quick" aria-label={t('home.quick')}>
      {tiles.map(({ albumId, title, coverId }) => {
        const isHere = currentSong.value?.album.albumId === albumId;
        const sounds = isHere && isPlaying.value;
        return (
          <div key={albumId} class={`quick-tile ${isHere ? 'now' : ''}`}>
            <Cover coverId={coverId} px={64} />
            <a href={`/albums/${albumId}`}>
              <bdi>{title}</bdi>
            </a>
            <button
              type="button"
              class="quick-play"
              aria-label={sounds ? t('song.pause', { title }) : t('song.play', { title })}
              onClick={() => (isHere ? toggle() : play({ context: { type: 'album', id: albumId } }))}
            >
              <Icon name={sounds ? 'pause' : 'play'} size={18} />
            </button>
          </div>
        );
      })}
    </section>
  );
}
