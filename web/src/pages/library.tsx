/** Everything there is: albums, artists, songs and genres. */
import type { ComponentChildren } from 'preact';
import { useLocation, useRoute } from 'preact-iso';
import { PLAYER_QUEUE_MAX } from '../../../config/limits.ts';
import { api } from '../api/api.ts';
import { libraryVersion, remember } from '../state/library.ts';
import { play } from '../state/player.ts';
import { ALBUM_SORTS, type AlbumSort, albumSort } from '../state/view.ts';
import { t } from '../texts/texts.ts';
import { AlbumCard, ArtistCard } from '../ui/cards.tsx';
import { DecadeTiles, GenreTiles } from '../ui/genre-tiles.tsx';
import { GrowingGrid } from '../ui/growing-grid.tsx';
import { Button } from '../ui/parts/button.tsx';
import { openMenuAt } from '../ui/parts/menu.tsx';
import { EmptyState, Problem, Skeleton } from '../ui/parts/states.tsx';
import { usePageTitle } from '../ui/shell/navigated.ts';
import { SongList } from '../ui/song-list.tsx';
import { useLoad } from '../ui/use-load.ts';
import { type Pages, usePages } from '../ui/use-pages.ts';

const LISTS = ['albums', 'artists', 'songs', 'genres'] as const;
type List = (typeof LISTS)[number];
const GRID_PAGE = 60;
const SONG_PAGE = 100;

export function LibraryPage() {
  const { list: asked } = useRoute().params;
  const list = LISTS.find((name) => name === asked) ?? 'albums';
  usePageTitle(t(`list.${list}`));
  return (
    <div class="page library-page">
      <header class="page-head">
        <h1>{t('nav.library')}</h1>
        <ListLinks chosen={list} />
      </header>
      {list === 'albums' && <Albums />}
      {list === 'artists' && <Artists />}
      {list === 'songs' && <Songs />}
      {list === 'genres' && <Genres />}
    </div>
  );
}

const ListLinks = ({ chosen }: { chosen: List }) => (
  <nav class="chips" aria-label={t('nav.library')}>
    {LISTS.map((name) => (
      <a
        key={name}
        class="chip"
        href={`/library/${name}`}
        aria-current={name === chosen ? 'page' : undefined}
      >
        {t(`list.${name}`)}
      </a>
    ))}
    <a class="chip phone-only" href="/history">
      {t('nav.history')}
    </a>
  </nav>
);

interface StatesProps<T> {
  readonly pages: Pages<T>;
  readonly shape: 'cards' | 'rows';
  readonly children: ComponentChildren;
}

function States<T>({ pages: { first, items }, shape, children }: StatesProps<T>) {
  if (first.s === 'failed') return <Problem text={first.text} retry={first.reload} />;
  if (first.s === 'loading') return <Skeleton shape={shape} />;
  if (items.length === 0) return <EmptyState title={t('home.empty')}>{t('home.emptyText')}</EmptyState>;
  return <>{children}</>;
}

const SortButton = ({ sort, onChoose }: { sort: AlbumSort; onChoose: (sort: AlbumSort) => void }) => (
  <Button
    tone="quiet"
    icon="sort"
    aria-haspopup="menu"
    onClick={(event) =>
      openMenuAt(
        event.currentTarget,
        t('sort.label'),
        ALBUM_SORTS.map((name) => ({
          label: t(`sort.${name}`),
          checked: name === sort,
          act: () => onChoose(name),
        })),
      )
    }
  >
    {t(`sort.${sort}`)}
  </Button>
);

function Albums() {
  const sort = albumSort.value;
  const { route, query } = useLocation();
  const genre = query.genre ?? '';
  const genres = useLoad('genres', () => api.genres(), [libraryVersion.value]);
  const pages = usePages(
    `albums:${sort}:${genre}`,
    (cursor) => api.albums({ sort, limit: GRID_PAGE, ...(genre && { genre }), ...(cursor && { cursor }) }),
    [libraryVersion.value],
  );
  return (
    <>
      <div class="tools">
        <SortButton
          sort={sort}
          onChoose={(chosen) => {
            albumSort.value = chosen;
          }}
        />
        {genres.s === 'ready' && genres.value.items.length > 1 && (
          <select
            aria-label={t('kind.genre')}
            value={genre}
            onChange={(event) => {
              const { value } = event.currentTarget;
              route(value ? `/library/albums?genre=${encodeURIComponent(value)}` : '/library/albums', true);
            }}
          >
            <option value="">{t('library.allGenres')}</option>
            {genres.value.items.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        )}
      </div>
      <States pages={pages} shape="cards">
        <GrowingGrid {...(pages.hasMore && { onNearEnd: pages.loadMore })}>
          {pages.items.map((album) => (
            <AlbumCard key={album.albumId} album={album} />
          ))}
        </GrowingGrid>
      </States>
    </>
  );
}

function Artists() {
  const pages = usePages(
    'artists',
    (cursor) => api.artists({ limit: GRID_PAGE, ...(cursor && { cursor }) }),
    [libraryVersion.value],
  );
  return (
    <States pages={pages} shape="cards">
      <GrowingGrid {...(pages.hasMore && { onNearEnd: pages.loadMore })}>
        {pages.items.map((artist) => (
          <ArtistCard key={artist.artistId} artist={artist} />
        ))}
      </GrowingGrid>
    </States>
  );
}

async function loadSongs(cursor?: string) {
  const page = await api.allSongs({ limit: SONG_PAGE, ...(cursor && { cursor }) });
  remember(page.items);
  return page;
}

function Songs() {
  const pages = usePages('songs', loadSongs, [libraryVersion.value]);
  const counts = useLoad('counts', () => api.counts(), [libraryVersion.value]);
  const total = counts.s === 'ready' ? counts.value.songs : undefined;
  const songIds = pages.items.map((song) => song.songId);
  return (
    <>
      {pages.items.length > 0 && (
        <div class="tools">
          <Button
            tone="primary"
            icon="shuffle"
            onClick={() =>
              play({ context: { type: 'songs' }, songIds: songIds.slice(0, PLAYER_QUEUE_MAX), shuffle: true })
            }
          >
            {t('action.shuffle')}
          </Button>
          {total !== undefined && <p class="fine">{t('count.songs', { n: total })}</p>}
        </div>
      )}
      <States pages={pages} shape="rows">
        <SongList
          songs={pages.items}
          context={{ type: 'songs' }}
          label={t('list.songs')}
          {...(total !== undefined && { total })}
          {...(pages.hasMore && { onNearEnd: pages.loadMore })}
        />
      </States>
    </>
  );
}

function Genres() {
  const genres = useLoad('genres', () => api.genres(), [libraryVersion.value]);
  const decades = useLoad('decades', () => api.decades(), [libraryVersion.value]);
  if (genres.s === 'failed') return <Problem text={genres.text} retry={genres.reload} />;
  if (genres.s === 'loading') return <Skeleton shape="rows" />;
  return (
    <>
      <GenreTiles genres={genres.value.items} />
      {decades.s === 'ready' && decades.value.items.length > 0 && (
        <section class="shelf">
          <h2>{t('list.decades')}</h2>
          <DecadeTiles decades={decades.value.items} />
        </section>
      )}
    </>
  );
}
