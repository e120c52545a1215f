import { api } from '../api/api.ts';
import { need, songOf } from '../state/library.ts';
import { historyVersion } from '../state/live.ts';
import { t } from '../texts/texts.ts';
import { ago, clock } from '../ui/format.ts';
import { Icon } from '../ui/icons.tsx';
import { EmptyState, Problem, Skeleton } from '../ui/parts/states.tsx';
import { usePageTitle } from '../ui/shell/navigated.ts';
import { SongList } from '../ui/song-list.tsx';
import { usePages } from '../ui/use-pages.ts';

const PAGE = 100;

async function loadPage(cursor?: string) {
  const page = await api.history({ limit: PAGE, ...(cursor && { cursor }) });
  await need(page.items.map((item) => item.songId));
  return page;
}

export function HistoryPage() {
  usePageTitle(t('nav.history'));
  const { first, items, hasMore, loadMore } = usePages('history', loadPage, [historyVersion.value]);
  if (first.s === 'failed') return <Problem text={first.text} retry={first.reload} />;
  if (first.s === 'loading') return <Skeleton shape="page" />;
  const plays = items.flatMap((entry) => {
    const song = songOf(entry.songId);
    return song ? [{ entry, song }] : [];
  });
  return (
    <div class="page">
      <header class="page-head">
        <h1>{t('nav.history')}</h1>
        <p class="fine">{t('history.about')}</p>
      </header>
      {plays.length === 0 ? (
        <EmptyState title={t('history.empty')} icon="history">
          {t('history.emptyText')}
        </EmptyState>
      ) : (
        <SongList
          songs={plays.map((play) => play.song)}
          context={{ type: 'history' }}
          label={t('nav.history')}
          note={(_song, index) => {
            const entry = plays[index]?.entry;
            if (!entry) return null;
            return (
              <>
                {entry.counted && (
                  <span class="counted" role="img" aria-label={t('history.counted')}>
                    <Icon name="check" size={15} />
                  </span>
                )}
                {ago(entry.startedAtMs)}
                {entry.listenedMs > 0 && (
                  <small> · {t('history.heard', { time: clock(entry.listenedMs) })}</small>
                )}
              </>
            );
          }}
          {...(hasMore && { onNearEnd: loadMore })}
        />
      )}
    </div>
  );
}
