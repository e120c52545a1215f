import type { ComponentChildren } from 'preact';
import type { AlbumView, ArtistView } from '../../../actors/catalog/contract.ts';
import { play } from '../state/player.ts';
import { Cover } from './cover.tsx';
import { Icon } from './icons.tsx';

export const Shelf = ({ title, children }: { title: string; children: ComponentChildren }) => (
  <section class="shelf">
    <h2>{title}</h2>
    <div class="cards">{children}</div>
  </section>
);

export const AlbumCard = ({ album }: { album: AlbumView }) => (
  <article class="card">
    <a class="card-link" href={`/albums/${album.albumId}`}>
      <Cover coverId={album.coverId} px={180} />
      <h3>{album.title}</h3>
    </a>
    <p>{album.artists.map((artist) => artist.name).join(', ')}</p>
    <button
      type="button"
      class="card-play"
      aria-label={`Play ${album.title}`}
      onClick={() => play({ context: { type: 'album', id: album.albumId } })}
    >
      <Icon name="play" />
    </button>
  </article>
);

export const ArtistCard = ({ artist }: { artist: ArtistView }) => (
  <article class="card artist-card">
    <a class="card-link" href={`/artists/${artist.artistId}`}>
      <Cover coverId={artist.coverId} px={180} />
      <h3>{artist.name}</h3>
    </a>
    <p>{artist.genres.slice(0, 2).join(', ') || 'Artist'}</p>
  </article>
);
