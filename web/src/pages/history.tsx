import { api } from '../api/api.ts';
import { need, songs } from '../state/library.ts';
import { historyVersion } from '../state/live.ts';
import { ago, clock } from '../ui/format.ts';
import { Icon } from '../ui/icons.tsx';
import { Empty, Problem } from '../ui/notices.tsx';
import { SongList } from '../ui/song-list.tsx';
import { usePages } from '../ui/use-pages.ts';

async function loadPage(cursor?: string) {
  const page = await api.history({ limit: 50, ...(cursor && { cursor }) });
  await need(page.items.map((item) => item.songId));
  return page;
}

export function HistoryPage() {
  const { first, items, hasMore, loadMore } = usePages(loadPage, [historyVersion.value]);
  if (first.s === 'failed') return <Problem text={first.text} retry={first.reload} />;
  if (first.s === 'loading') return <div class="loading" aria-busy="true" />;
  const plays = items.flatMap((entry) => {
    const song = songs.value.get(entry.songId);
    return song ? [{ entry, song }] : [];
  });
  return (
    <div class="page">
      <h1>History</h1>
      <p class="fine">
        A play counts as a stream once it has been heard for 30 seconds; the check mark shows it.
      </p>
      {plays.length === 0 && (
        <Empty title="Nothing played yet.">What you play appears here, newest first.</Empty>
      )}
      <SongList
        songs={plays.map((play) => play.song)}
        context={{ type: 'history' }}
        note={(_song, index) => {
          const entry = plays[index]?.entry;
          if (!entry) return null;
          return (
            <>
              {entry.counted && (
                <span class="counted" role="img" aria-label="Counted as a stream">
                  <Icon name="check" size={15} />
                </span>
              )}
              {ago(entry.startedAtMs)}
              {entry.listenedMs > 0 && <small> · heard {clock(entry.listenedMs)}</small>}
            </>
          );
        }}
      />
      {hasMore && (
        <button type="button" class="button" onClick={loadMore}>
          Show more
        </button>
      )}
    </div>
  );
}
