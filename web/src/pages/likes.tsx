import { PLAYER_QUEUE_MAX } from '../../../config/limits.ts';
import { api } from '../api/api.ts';
import { likes, need, rememberLiked, songOf } from '../state/library.ts';
import { play } from '../state/player.ts';
import { t } from '../texts/texts.ts';
import { Icon } from '../ui/icons.tsx';
import { Button } from '../ui/parts/button.tsx';
import { EmptyState, Problem, Skeleton } from '../ui/parts/states.tsx';
import { usePageTitle } from '../ui/shell/navigated.ts';
import { SongList } from '../ui/song-list.tsx';
import { usePages } from '../ui/use-pages.ts';

const PAGE = 100;

async function loadPage(cursor?: string) {
  const page = await api.likes({ limit: PAGE, ...(cursor && { cursor }) });
  const songIds = page.items.map((item) => item.songId);
  rememberLiked(songIds);
  await need(songIds);
  return page;
}

export function LikesPage() {
  usePageTitle(t('nav.likes'));
  const { first, items, hasMore, loadMore } = usePages('likes', loadPage, []);
  if (first.s === 'failed') return <Problem text={first.text} retry={first.reload} />;
  if (first.s === 'loading') return <Skeleton shape="album" />;
  const found = items.flatMap(({ songId }) => (likes.value.has(songId) ? (songOf(songId) ?? []) : []));
  const songIds = found.map((song) => song.songId).slice(0, PLAYER_QUEUE_MAX);
  const start = (shuffle: boolean) => play({ context: { type: 'likes' }, songIds, shuffle });
  return (
    <div class="page likes-page">
      <header class="hero">
        <span class="likes-art" aria-hidden="true">
          <Icon name="heartOn" size={72} />
        </span>
        <div class="hero-text">
          <p class="kind">{t('likes.kind')}</p>
          <h1>{t('nav.likes')}</h1>
          {found.length > 0 && (
            <>
              <p class="hero-line">{hasMore ? t('likes.many') : t('count.songs', { n: found.length })}</p>
              <div class="hero-buttons">
                <Button tone="primary" icon="play" onClick={() => start(false)}>
                  {t('action.play')}
                </Button>
                <Button icon="shuffle" onClick={() => start(true)}>
                  {t('action.shuffle')}
                </Button>
              </div>
            </>
          )}
        </div>
      </header>
      {found.length === 0 ? (
        <EmptyState title={t('likes.empty')} icon="heart">
          {t('likes.emptyText')}
        </EmptyState>
      ) : (
        <SongList
          songs={found}
          context={{ type: 'likes' }}
          label={t('nav.likes')}
          {...(hasMore && { onNearEnd: loadMore })}
        />
      )}
    </div>
  );
}
