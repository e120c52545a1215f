import { songs } from '../state/library.ts';
import { currentSong, state } from '../state/now.ts';
import { clearQueue, dequeue } from '../state/player.ts';
import { Cover } from '../ui/cover.tsx';
import { clock, plural } from '../ui/format.ts';
import { Icon } from '../ui/icons.tsx';
import { Empty } from '../ui/notices.tsx';

export function QueuePage() {
  const now = state.value;
  const current = currentSong.value;
  if (!now?.current)
    return <Empty title="The queue is empty.">Play an album, or add songs to the queue.</Empty>;
  const hidden = now.upNextTotal - now.upNext.length;
  return (
    <div class="page">
      <h1>Queue</h1>
      {current && (
        <section class="shelf">
          <h2>Now playing</h2>
          <ol class="songs">
            <li class="song">
              <QueueRow songId={current.songId} />
            </li>
          </ol>
        </section>
      )}
      <section class="shelf">
        <h2>Next</h2>
        {now.upNext.some((entry) => entry.source === 'queued') && (
          <button type="button" class="button" onClick={() => clearQueue()}>
            Clear what I queued
          </button>
        )}
        {now.upNext.length === 0 && <p class="fine">Nothing comes after this song.</p>}
        <ol class="songs">
          {now.upNext.map(({ entryId, songId, source }) => (
            <li key={entryId} class="song">
              <QueueRow songId={songId} />
              {source === 'queued' && <span class="badge">queued</span>}
              <button
                type="button"
                class="icon-button"
                aria-label={`Remove ${songs.value.get(songId)?.title ?? 'this song'} from the queue`}
                onClick={() => dequeue(entryId)}
              >
                <Icon name="close" size={18} />
              </button>
            </li>
          ))}
        </ol>
        {hidden > 0 && <p class="fine">and {plural(hidden, 'more song')}</p>}
      </section>
    </div>
  );
}

function QueueRow({ songId }: { songId: string }) {
  const song = songs.value.get(songId);
  return (
    <div class="queue-row">
      <Cover coverId={song?.album.coverId} px={44} />
      <span class="song-names">
        <span class="song-title">{song?.title ?? '…'}</span>
        <span class="song-artists">{song?.artists.map((artist) => artist.name).join(', ')}</span>
      </span>
      <span class="song-time">{song && clock(song.durationMs)}</span>
    </div>
  );
}
