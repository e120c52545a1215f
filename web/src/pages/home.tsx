import type { AlbumView } from '../../../actors/catalog/contract.ts';
import { api } from '../api/api.ts';
import { libraryVersion, remember } from '../state/library.ts';
import { historyVersion } from '../state/live.ts';
import { loadRecent } from '../state/recent.ts';
import { profile } from '../state/session.ts';
import { t } from '../texts/texts.ts';
import { AlbumCard, ArtistCard, Shelf } from '../ui/cards.tsx';
import { ForAdmins } from '../ui/for-admins.tsx';
import { GenreTiles } from '../ui/genre-tiles.tsx';
import { EmptyState, Problem, Skeleton } from '../ui/parts/states.tsx';
import { QuickTiles } from '../ui/quick-tiles.tsx';
import { usePageTitle } from '../ui/shell/navigated.ts';
import { SongList } from '../ui/song-list.tsx';
import { useTint } from '../ui/tint.ts';
import { useLoad } from '../ui/use-load.ts';

const RECENT_LOOKED_AT = 30;
const SONGS_SHOWN = 5;
const GENRES_SHOWN = 12;
const ROW_MAX = 24;

function greeting(hour: number): string {
  if (hour < 5) return t('home.night');
  if (hour < 12) return t('home.morning');
  return hour < 18 ? t('home.afternoon') : t('home.evening');
}

const nothing = () => ({ items: [] });

type Row = Awaited<ReturnType<typeof api.home>>['rows'][number];

/** What stands below the service's own rows is left out when it cannot be had. */
async function loadHome() {
  const [{ rows }, artists, genres] = await Promise.all([
    api.home(),
    api.artists({ limit: ROW_MAX }).catch(nothing),
    api.genres().catch(nothing),
  ]);
  for (const row of rows) if (row.row === 'mostPlayed') remember(row.items.map(({ song }) => song));
  return {
    rows,
    albums: rows.flatMap((row) => (row.row === 'recentlyAdded' ? row.albums : [])),
    artists: artists.items,
    genres: genres.items,
  };
}

/** What was played is told by the history as it happens: see below. */
function HomeRow({ row }: { row: Row }) {
  switch (row.row) {
    case 'recentlyPlayed':
      return null;
    case 'mostPlayed': {
      const songs = row.items.map(({ song }) => song);
      return (
        <section class="shelf">
          <header class="shelf-head">
            <h2>{t('home.most')}</h2>
          </header>
          <SongList
            songs={songs.slice(0, SONGS_SHOWN)}
            played={songs}
            context={{ type: 'songs' }}
            label={t('home.most')}
          />
        </section>
      );
    }
    case 'recentlyAdded':
      return <AlbumRow title={t('home.added')} href="/library/albums" albums={row.albums} />;
    case 'genre':
      return (
        <AlbumRow title={row.genre} href={`/genres/${encodeURIComponent(row.genre)}`} albums={row.albums} />
      );
    case 'decade':
      return (
        <AlbumRow
          title={t('decade.title', { decade: row.decade })}
          href={`/decades/${row.decade}`}
          albums={row.albums}
        />
      );
  }
}

const AlbumRow = ({ title, href, albums }: { title: string; href: string; albums: readonly AlbumView[] }) => (
  <Shelf title={title} href={href}>
    {albums.map((album) => (
      <AlbumCard key={album.albumId} album={album} />
    ))}
  </Shelf>
);

const keyOf = (row: Row): string =>
  row.row === 'genre' ? `genre ${row.genre}` : row.row === 'decade' ? `decade ${row.decade}` : row.row;

const addFolderPrompt = async () => (await import('./admin/add-folder-prompt.tsx')).AddFolderPrompt;

export function HomePage() {
  usePageTitle(t('nav.home'));
  const home = useLoad('home', loadHome, [libraryVersion.value]);
  const recent = useLoad('home:recent', () => loadRecent(RECENT_LOOKED_AT), [historyVersion.value]);
  const played = recent.s === 'ready' ? recent.value : [];
  const newest = home.s === 'ready' ? home.value.albums[0] : undefined;
  const tint = useTint(played[0]?.album.coverId ?? newest?.coverId);
  if (home.s === 'failed') return <Problem text={home.text} retry={home.reload} />;
  if (home.s === 'loading') return <Skeleton shape="page" />;
  const { albums, artists, genres, rows } = home.value;
  return (
    <div class="page home" style={tint}>
      <h1>
        {t('home.greeting', {
          greeting: greeting(new Date().getHours()),
          name: profile()?.displayName ?? '',
        })}
      </h1>
      <ForAdmins load={addFolderPrompt} />
      {albums.length === 0 && (
        <EmptyState title={t('home.empty')} icon="disc">
          {t('home.emptyText')}
        </EmptyState>
      )}
      <QuickTiles songs={played} albums={albums} />
      {played.length > 0 && (
        <section class="shelf">
          <header class="shelf-head">
            <h2>
              <a href="/history">{t('home.played')}</a>
            </h2>
          </header>
          <SongList
            songs={played.slice(0, SONGS_SHOWN)}
            context={{ type: 'history' }}
            label={t('home.played')}
          />
        </section>
      )}
      {rows.map((row) => (
        <HomeRow key={keyOf(row)} row={row} />
      ))}
      {artists.length > 0 && (
        <Shelf title={t('list.artists')} href="/library/artists">
          {artists.map((artist) => (
            <ArtistCard key={artist.artistId} artist={artist} />
          ))}
        </Shelf>
      )}
      {genres.length > 0 && (
        <section class="shelf">
          <header class="shelf-head">
            <h2>
              <a href="/library/genres">{t('list.genres')}</a>
            </h2>
          </header>
          <GenreTiles genres={genres.slice(0, GENRES_SHOWN)} />
        </section>
      )}
    </div>
  );
}
