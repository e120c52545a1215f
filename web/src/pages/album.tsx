import { useRoute } from 'preact-iso';
import { api } from '../api/api.ts';
import { catalogVersion, remember } from '../state/library.ts';
import { play } from '../state/player.ts';
import { Cover } from '../ui/cover.tsx';
import { plural, roughDuration } from '../ui/format.ts';
import { Icon } from '../ui/icons.tsx';
import { Problem } from '../ui/notices.tsx';
import { ArtistLinks, SongList } from '../ui/song-list.tsx';
import { useLoad } from '../ui/use-load.ts';

const KINDS = { album: 'Album', single: 'Single', ep: 'EP', compilation: 'Compilation' } as const;

async function loadAlbum(albumId: string) {
  const album = await api.album(albumId);
  remember(album.songs);
  return album;
}

export function AlbumPage() {
  const albumId = useRoute().params.albumId ?? '';
  const album = useLoad(() => loadAlbum(albumId), [albumId, catalogVersion.value]);
  if (album.s === 'failed') return <Problem text={album.text} retry={album.reload} />;
  if (album.s === 'loading') return <div class="loading" aria-busy="true" />;
  const { title, artists, coverId, year, label, songs, durationMs, type } = album.value;
  const context = { type: 'album', id: albumId } as const;
  return (
    <div class="page">
      <header class="hero">
        <Cover coverId={coverId} px={232} title={`Cover of ${title}`} />
        <div class="hero-text">
          <p class="kind">{KINDS[type]}</p>
          <h1>{title}</h1>
          <p class="hero-line">
            <ArtistLinks artists={artists} />
            {year ? ` · ${year}` : ''} · {plural(songs.length, 'song')}, {roughDuration(durationMs)}
          </p>
          <div class="hero-buttons">
            <button type="button" class="button primary" onClick={() => play({ context, shuffle: false })}>
              <Icon name="play" size={18} /> Play
            </button>
            <button type="button" class="button" onClick={() => play({ context, shuffle: true })}>
              <Icon name="shuffle" size={18} /> Shuffle
            </button>
          </div>
        </div>
      </header>
      <SongList songs={songs} context={context} numbered />
      {label && <p class="fine">© {label}</p>}
    </div>
  );
}
