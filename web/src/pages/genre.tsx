import { useRoute } from 'preact-iso';
import { api } from '../api/api.ts';
import { libraryVersion } from '../state/library.ts';
import { t } from '../texts/texts.ts';
import { AlbumCard } from '../ui/cards.tsx';
import { hueOf } from '../ui/genre-tiles.tsx';
import { GrowingGrid } from '../ui/growing-grid.tsx';
import { EmptyState, Problem, Skeleton } from '../ui/parts/states.tsx';
import { usePageTitle } from '../ui/shell/navigated.ts';
import { usePages } from '../ui/use-pages.ts';

const PAGE = 60;

export function GenrePage() {
  const genre = useRoute().params.genre ?? '';
  usePageTitle(genre);
  const { first, items, hasMore, loadMore } = usePages(
    `genre:${genre}`,
    (cursor) => api.albums({ genre, limit: PAGE, ...(cursor && { cursor }) }),
    [libraryVersion.value],
  );
  if (first.s === 'failed') return <Problem text={first.text} retry={first.reload} />;
  if (first.s === 'loading') return <Skeleton shape="page" />;
  return (
    <div class="page" style={{ '--tint': `hsl(${hueOf(genre)}deg 45% 50%)` }}>
      <header class="page-head">
        <p class="kind">{t('kind.genre')}</p>
        <h1>{genre}</h1>
      </header>
      {items.length === 0 ? (
        <EmptyState title={t('genre.empty')} icon="disc" />
      ) : (
        <GrowingGrid {...(hasMore && { onNearEnd: loadMore })}>
          {items.map((album) => (
            <AlbumCard key={album.albumId} album={album} />
          ))}
        </GrowingGrid>
      )}
    </div>
  );
}
