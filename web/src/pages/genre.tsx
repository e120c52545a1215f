import { useRoute } from 'preact-iso';
import { api } from '../api/api.ts';
import { catalogVersion } from '../state/library.ts';
import { AlbumCard } from '../ui/cards.tsx';
import { Empty, Problem } from '../ui/notices.tsx';
import { useLoad } from '../ui/use-load.ts';

export function GenrePage() {
  const genre = useRoute().params.genre ?? '';
  const albums = useLoad(() => api.albums({ genre, limit: 100 }), [genre, catalogVersion.value]);
  if (albums.s === 'failed') return <Problem text={albums.text} retry={albums.reload} />;
  if (albums.s === 'loading') return <div class="loading" aria-busy="true" />;
  return (
    <div class="page">
      <h1>{genre}</h1>
      {albums.value.items.length === 0 && <Empty title="No album of this genre." />}
      <div class="cards grid">
        {albums.value.items.map((album) => (
          <AlbumCard key={album.albumId} album={album} />
        ))}
      </div>
    </div>
  );
}
