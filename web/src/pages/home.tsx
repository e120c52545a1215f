import { api } from '../api/api.ts';
import { libraryVersion } from '../state/library.ts';
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
const RECENT_SHOWN = 5;
const GENRE_ROWS = 3;
const GENRES_SHOWN = 12;
/** A row of fewer albums says nothing that the first row does not. */
const GENRE_ALBUMS_MIN = 3;
const ROW_MAX = 24;

function greeting(hour: number): string {
  if (hour < 5) return t('home.night');
  if (hour < 12) return t('home.morning');
  return hour < 18 ? t('home.afternoon') : t('home.evening');
}

const nothing = () => ({ items: [] });

/** A row that cannot be had is left out. */
async function loadHome() {
  const [albums, artists, genres] = await Promise.all([
    api.albums({ sort: 'added', limit: ROW_MAX }),
    api.artists({ limit: ROW_MAX }).catch(nothing),
    api.genres().catch(nothing),
  ]);
  const largest = genres.items.toSorted((a, b) => b.songCount - a.songCount);
  const rows = await Promise.all(
    largest.slice(0, GENRE_ROWS).map(async ({ name }) => {
      const { items } = await api.albums({ genre: name, limit: ROW_MAX }).catch(nothing);
      return { name, albums: items };
    }),
  );
  return {
    albums: albums.items,
    artists: artists.items,
    genres: largest,
    rows: rows.filter((row) => row.albums.length >= GENRE_ALBUMS_MIN),
  };
}

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
      {albums.length > 0 && (
        <Shelf title={t('home.added')} href="/library/albums">
          {albums.map((album) => (
            <AlbumCard key={album.albumId} album={album} />
          ))}
        </Shelf>
      )}
      {played.length > 0 && (
        <section class="shelf">
          <header class="shelf-head">
            <h2>
              <a href="/history">{t('home.played')}</a>
            </h2>
          </header>
          <SongList
            songs={played.slice(0, RECENT_SHOWN)}
            context={{ type: 'history' }}
            label={t('home.played')}
          />
        </section>
      )}
      {rows.map(({ name, albums: ofGenre }) => (
        <Shelf key={name} title={name} href={`/genres/${encodeURIComponent(name)}`}>
          {ofGenre.map((album) => (
            <AlbumCard key={album.albumId} album={album} />
          ))}
        </Shelf>
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
