import { api } from '../api/api.ts';
import { likes, need, rememberLiked, songs } from '../state/library.ts';
import { play } from '../state/player.ts';
import { Icon } from '../ui/icons.tsx';
import { Empty, Problem } from '../ui/notices.tsx';
import { SongList } from '../ui/song-list.tsx';
import { usePages } from '../ui/use-pages.ts';

async function loadPage(cursor?: string) {
  const page = await api.likes({ limit: 100, ...(cursor && { cursor }) });
  const songIds = page.items.map((item) => item.songId);
  rememberLiked(songIds);
  await need(songIds);
  return page;
}

export function LikesPage() {
  const { first, items, hasMore, loadMore } = usePages(loadPage, []);
  if (first.s === 'failed') return <Problem text={first.text} retry={first.reload} />;
  if (first.s === 'loading') return <div class="loading" aria-busy="true" />;
  const found = items.flatMap(({ songId }) =>
    likes.value.has(songId) ? (songs.value.get(songId) ?? []) : [],
  );
  const songIds = found.map((song) => song.songId);
  return (
    <div class="page">
      <h1>Likes</h1>
      {found.length === 0 ? (
        <Empty title="No likes yet.">
          Press the heart beside a song and find it here again, on every device.
        </Empty>
      ) : (
        <>
          <div class="hero-buttons">
            <button
              type="button"
              class="button primary"
              onClick={() => play({ context: { type: 'likes' }, songIds })}
            >
              <Icon name="play" size={18} /> Play
            </button>
          </div>
          <SongList songs={found} context={{ type: 'likes' }} />
        </>
      )}
      {hasMore && (
        <button type="button" class="button" onClick={loadMore}>
          Show more
        </button>
      )}
    </div>
  );
}
