import { useRoute } from 'preact-iso';
import { api } from '../api/api.ts';
import { catalogVersion, remember } from '../state/library.ts';
import { play } from '../state/player.ts';
import { AlbumCard, Shelf } from '../ui/cards.tsx';
import { Cover } from '../ui/cover.tsx';
import { plural } from '../ui/format.ts';
import { Icon } from '../ui/icons.tsx';
import { Problem } from '../ui/notices.tsx';
import { SongList } from '../ui/song-list.tsx';
import { useLoad } from '../ui/use-load.ts';

async function loadArtist(artistId: string) {
  const artist = await api.artist(artistId);
  remember(artist.songs);
  return artist;
}

export function ArtistPage() {
  const artistId = useRoute().params.artistId ?? '';
  const artist = useLoad(() => loadArtist(artistId), [artistId, catalogVersion.value]);
  if (artist.s === 'failed') return <Problem text={artist.text} retry={artist.reload} />;
  if (artist.s === 'loading') return <div class="loading" aria-busy="true" />;
  const { name, about, coverId, albums, songs, albumCount, songCount } = artist.value;
  const context = { type: 'artist', id: artistId } as const;
  return (
    <div class="page">
      <header class="hero artist-hero">
        <Cover coverId={coverId} px={232} title={name} />
        <div class="hero-text">
          <p class="kind">Artist</p>
          <h1>{name}</h1>
          <p class="hero-line">
            {plural(albumCount, 'album')}, {plural(songCount, 'song')}
          </p>
          {about && <p class="about">{about}</p>}
          <div class="hero-buttons">
            <button type="button" class="button primary" onClick={() => play({ context })}>
              <Icon name="play" size={18} /> Play
            </button>
          </div>
        </div>
      </header>
      <section class="shelf">
        <h2>Songs</h2>
        <SongList songs={songs} context={context} />
      </section>
      <Shelf title="Albums">
        {albums.map((album) => (
          <AlbumCard key={album.albumId} album={album} />
        ))}
      </Shelf>
    </div>
  );
}
