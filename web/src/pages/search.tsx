import { useEffect, useRef, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { api } from '../api/api.ts';
import { libraryVersion, remember } from '../state/library.ts';
import { historyVersion } from '../state/live.ts';
import { loadRecent } from '../state/recent.ts';
import { t } from '../texts/texts.ts';
import { AlbumCard, ArtistCard, Shelf } from '../ui/cards.tsx';
import { GenreTiles } from '../ui/genre-tiles.tsx';
import { Icon } from '../ui/icons.tsx';
import { EmptyState, Problem } from '../ui/parts/states.tsx';
import { usePageTitle } from '../ui/shell/navigated.ts';
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

type Found = Awaited<ReturnType<typeof find>>;

export function SearchPage() {
  const location = useLocation();
  const [typed, setTyped] = useState(location.query.q ?? '');
  const [query, setQuery] = useState(typed);
  usePageTitle(query.trim() ? t('search.titleOf', { query: query.trim() }) : t('nav.search'));
  useEffect(() => {
    if (typed === query) return;
    const timer = setTimeout(() => {
      setQuery(typed);
      location.route(typed.trim() ? `/search?q=${encodeURIComponent(typed)}` : '/search', true);
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const found = useLoad(`search:${query}`, () => find(query), [], { keeps: false });
  // What was found before stays while the next is looked for.
  const shown = useRef<Found>(undefined);
  if (found.s === 'ready') shown.current = found.value;

  return (
    <div class="page">
      <h1 class="visually-hidden">{t('nav.search')}</h1>
      <div class="search-frame">
        <Icon name="search" size={22} />
        <input
          type="search"
          class="search-box"
          placeholder={t('search.placeholder')}
          aria-label={t('nav.search')}
          value={typed}
          maxLength={200}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </div>
      {found.s === 'failed' && !found.isAway && <Problem text={found.text} retry={found.reload} />}
      {found.s === 'failed' && found.isAway && <SearchAway retry={found.reload} />}
      {found.s !== 'failed' && (shown.current ? <Results found={shown.current} /> : <Browse />)}
    </div>
  );
}

function Browse() {
  const genres = useLoad('genres', () => api.genres(), [libraryVersion.value]);
  if (genres.s !== 'ready' || genres.value.items.length === 0) return null;
  return (
    <section class="shelf">
      <h2>{t('search.browse')}</h2>
      <GenreTiles genres={genres.value.items} />
    </section>
  );
}

function SearchAway({ retry }: { retry: () => void }) {
  const recent = useLoad('search:recent', () => loadRecent(RECENT_SHOWN), [historyVersion.value]);
  return (
    <>
      <Problem text={t('search.away')} retry={retry} />
      {recent.s === 'ready' && recent.value.length > 0 && (
        <section class="shelf">
          <h2>{t('home.played')}</h2>
          <SongList songs={recent.value} context={{ type: 'history' }} label={t('home.played')} />
        </section>
      )}
    </>
  );
}

function Results({ found }: { found: NonNullable<Found> }) {
  const { songs, albums, artists, query } = found;
  if (!songs?.total && !albums?.total && !artists?.total) {
    return (
      <EmptyState title={t('search.nothing', { query: query.trim() })} icon="search">
        {t('search.nothingText')}
      </EmptyState>
    );
  }
  return (
    <>
      {songs && songs.items.length > 0 && (
        <section class="shelf">
          <h2>{t('list.songs')}</h2>
          <SongList songs={songs.items} context={{ type: 'search' }} label={t('list.songs')} />
        </section>
      )}
      {artists && artists.items.length > 0 && (
        <Shelf title={t('list.artists')}>
          {artists.items.map((artist) => (
            <ArtistCard key={artist.artistId} artist={artist} />
          ))}
        </Shelf>
      )}
      {albums && albums.items.length > 0 && (
        <Shelf title={t('list.albums')}>
          {albums.items.map((album) => (
            <AlbumCard key={album.albumId} album={album} />
          ))}
        </Shelf>
      )}
    </>
  );
}
