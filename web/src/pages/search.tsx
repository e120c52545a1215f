import { useEffect, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { api } from '../api/api.ts';
import { remember } from '../state/library.ts';
import { historyVersion } from '../state/live.ts';
import { loadRecent } from '../state/recent.ts';
import { AlbumCard, ArtistCard, Shelf } from '../ui/cards.tsx';
import { Empty, Problem } from '../ui/notices.tsx';
import { SongList } from '../ui/song-list.tsx';
import { useLoad } from '../ui/use-load.ts';

/** Typing pauses at least this long before a search is sent: the service allows 30 a minute. */
const SETTLE_MS = 250;
const RECENT_SHOWN = 20;

async function find(query: string) {
  if (!query.trim()) return undefined;
  const found = await api.search(query.trim());
  remember(found.songs?.items ?? []);
  return { ...found, query };
}

export function SearchPage() {
  const location = useLocation();
  const [typed, setTyped] = useState(location.query.q ?? '');
  const [query, setQuery] = useState(typed);
  useEffect(() => {
    const timer = setTimeout(() => {
      setQuery(typed);
      location.route(typed.trim() ? `/search?q=${encodeURIComponent(typed)}` : '/search', true);
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const found = useLoad(() => find(query), [query]);

  return (
    <div class="page">
      <h1 class="visually-hidden">Search</h1>
      <input
        type="search"
        class="search-box"
        placeholder="Songs, albums, artists, a line you remember"
        aria-label="Search"
        value={typed}
        maxLength={200}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      {found.s === 'failed' && !found.isAway && <Problem text={found.text} retry={found.reload} />}
      {found.s === 'failed' && found.isAway && <SearchAway retry={found.reload} />}
      {found.s === 'ready' && found.value && <Results found={found.value} />}
    </div>
  );
}

function SearchAway({ retry }: { retry: () => void }) {
  const recent = useLoad(() => loadRecent(RECENT_SHOWN), [historyVersion.value]);
  return (
    <>
      <Problem text="Search is away for the moment; what plays goes on." retry={retry} />
      {recent.s === 'ready' && recent.value.length > 0 && (
        <section class="shelf">
          <h2>Recently played</h2>
          <SongList songs={recent.value} context={{ type: 'history' }} />
        </section>
      )}
    </>
  );
}

function Results({ found }: { found: NonNullable<Awaited<ReturnType<typeof find>>> }) {
  const { songs, albums, artists, query } = found;
  if (!songs?.total && !albums?.total && !artists?.total) {
    return (
      <Empty title={`Nothing found for “${query.trim()}”.`}>
        Small typing errors are forgiven; try fewer words.
      </Empty>
    );
  }
  return (
    <>
      {songs && songs.items.length > 0 && (
        <section class="shelf">
          <h2>Songs</h2>
          <SongList songs={songs.items} context={{ type: 'search' }} />
        </section>
      )}
      {artists && artists.items.length > 0 && (
        <Shelf title="Artists">
          {artists.items.map((artist) => (
            <ArtistCard key={artist.artistId} artist={artist} />
          ))}
        </Shelf>
      )}
      {albums && albums.items.length > 0 && (
        <Shelf title="Albums">
          {albums.items.map((album) => (
            <AlbumCard key={album.albumId} album={album} />
          ))}
        </Shelf>
      )}
    </>
  );
}
