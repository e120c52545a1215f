/** The albums of a genre, and those of a decade. */
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

interface AlbumsOfProps {
  readonly name: string;
  readonly filter: { readonly genre: string } | { readonly decade: number };
  readonly kind: string;
  readonly title: string;
  readonly nothing: string;
}

function AlbumsOf({ name, filter, kind, title, nothing }: AlbumsOfProps) {
  usePageTitle(title);
  const { first, items, hasMore, loadMore } = usePages(
    name,
    (cursor) => api.albums({ ...filter, limit: PAGE, ...(cursor && { cursor }) }),
    [libraryVersion.value],
  );
  if (first.s === 'failed') return <Problem text={first.text} retry={first.reload} />;
  if (first.s === 'loading') return <Skeleton shape="page" />;
  const hue = hueOf(title);
  return (
    <div class="page" style={{ '--tint': `light-dark(hsl(${hue} 60% 88%), hsl(${hue} 36% 20%))` }}>
      <header class="page-head">
        <p class="kind">{kind}</p>
        <h1>
          <bdi>{title}</bdi>
        </h1>
      </header>
      {items.length === 0 ? (
        <EmptyState title={nothing} icon="disc" />
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

export function GenrePage() {
  const genre = useRoute().params.genre ?? '';
  return (
    <AlbumsOf
      name={`genre:${genre}`}
      filter={{ genre }}
      kind={t('kind.genre')}
      title={genre}
      nothing={t('genre.empty')}
    />
  );
}

export function DecadePage() {
  const decade = Number(useRoute().params.decade);
  return (
    <AlbumsOf
      name={`decade:${decade}`}
      filter={{ decade }}
      kind={t('kind.decade')}
      title={t('decade.title', { decade: String(decade) })}
      nothing={t('decade.empty')}
    />
  );
}
