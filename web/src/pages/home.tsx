import { api } from '../api/api.ts';
import { catalogVersion } from '../state/library.ts';
import { historyVersion } from '../state/live.ts';
import { loadRecent } from '../state/recent.ts';
import { profile } from '../state/session.ts';
import { AlbumCard, ArtistCard, Shelf } from '../ui/cards.tsx';
import { Empty, Problem } from '../ui/notices.tsx';
import { SongList } from '../ui/song-list.tsx';
import { useLoad } from '../ui/use-load.ts';

const RECENT_SHOWN = 5;

function greeting(hour: number): string {
  if (hour < 5) return 'Still up';
  if (hour < 12) return 'Good morning';
  return hour < 18 ? 'Good afternoon' : 'Good evening';
}

async function loadHome() {
  const [albums, artists, genres] = await Promise.all([
    api.albums({ sort: 'added', limit: 24 }),
    api.artists({ limit: 24 }),
    api.genres(),
  ]);
  return { albums: albums.items, artists: artists.items, genres: genres.items };
}

export function HomePage() {
  const home = useLoad(loadHome, [catalogVersion.value]);
  const recent = useLoad(() => loadRecent(RECENT_SHOWN), [historyVersion.value]);
  const name = profile()?.displayName ?? '';
  if (home.s === 'failed') return <Problem text={home.text} retry={home.reload} />;
  if (home.s === 'loading') return <div class="loading" aria-busy="true" />;
  const { albums, artists, genres } = home.value;
  return (
    <div class="page">
      <h1>
        {greeting(new Date().getHours())}, {name}
      </h1>
      {albums.length === 0 && (
        <Empty title="Music is on its way">
          The first songs are being prepared; they appear here by themselves. Your own music comes in with{' '}
          <code>npm run import -- FOLDER</code>.
        </Empty>
      )}
      {recent.s === 'ready' && recent.value.length > 0 && (
        <section class="shelf">
          <h2>Recently played</h2>
          <SongList songs={recent.value} context={{ type: 'history' }} />
        </section>
      )}
      {albums.length > 0 && (
        <Shelf title="Recently added">
          {albums.map((album) => (
            <AlbumCard key={album.albumId} album={album} />
          ))}
        </Shelf>
      )}
      {artists.length > 0 && (
        <Shelf title="Artists">
          {artists.map((artist) => (
            <ArtistCard key={artist.artistId} artist={artist} />
          ))}
        </Shelf>
      )}
      {genres.length > 0 && (
        <section class="shelf">
          <h2>Genres</h2>
          <div class="chips">
            {genres.map(({ name: genre, songCount }) => (
              <a key={genre} class="chip" href={`/genres/${encodeURIComponent(genre)}`}>
                {genre} <small>{songCount}</small>
              </a>
            ))}
          </div>
        </section>
      )}
    </div>
  );
}
