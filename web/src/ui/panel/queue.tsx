import { useState } from 'preact/hooks';
import type { QueueEntry } from '../../../../actors/player-session/contract.ts';
import { songOf } from '../../state/library.ts';
import { currentSong, state } from '../../state/now.ts';
import { clearQueue, dequeue, moveInQueue, skipTo } from '../../state/player.ts';
import { t } from '../../texts/texts.ts';
import { Cover } from '../cover.tsx';
import { clock } from '../format.ts';
import { Icon } from '../icons.tsx';
import { songMenu } from '../menus.ts';
import { Button, IconButton } from '../parts/button.tsx';
import { menuOf } from '../parts/menu.tsx';
import { EmptyState } from '../parts/states.tsx';
import { useReorder } from './reorder.ts';

export function QueueView() {
  const now = state.value;
  const current = currentSong.value;
  if (!now?.current)
    return (
      <EmptyState title={t('queue.empty')} icon="queue">
        {t('queue.emptyText')}
      </EmptyState>
    );
  const hidden = now.upNextTotal - now.upNext.length;
  return (
    <div class="queue">
      {current && (
        <section class="panel-section">
          <h3>{t('queue.now')}</h3>
          <div class="queue-row current">
            <QueueSong songId={current.songId} />
            <span class="song-time">{clock(current.durationMs)}</span>
          </div>
        </section>
      )}
      <section class="panel-section">
        <header class="panel-section-head">
          <h3>{t('queue.next')}</h3>
          {now.upNext.some((entry) => entry.source === 'queued') && (
            <Button tone="quiet" onClick={() => clearQueue()}>
              {t('queue.clear')}
            </Button>
          )}
        </header>
        {now.upNext.length === 0 ? <p class="fine">{t('queue.last')}</p> : <UpNext entries={now.upNext} />}
        {hidden > 0 && <p class="fine">{t('queue.more', { n: hidden })}</p>}
      </section>
    </div>
  );
}

function UpNext({ entries }: { entries: readonly QueueEntry[] }) {
  const [told, setTold] = useState('');
  const titleOf = (songId: string) => songOf(songId)?.title ?? t('song.unknown');

  async function move(from: number, to: number): Promise<void> {
    const entry = entries[from];
    if (!entry || from === to || to < 0 || to >= entries.length) return;
    const rest = entries.filter((other) => other !== entry);
    setTold(t('queue.moved', { title: titleOf(entry.songId), place: to + 1, of: entries.length }));
    await moveInQueue(entry.entryId, rest[to - 1]?.entryId);
  }

  const { list, dragged, shiftOf, grip } = useReorder(entries.length, move);
  return (
    <>
      <p class="visually-hidden" role="status" aria-live="assertive">
        {told}
      </p>
      <ol class={`queue-list ${dragged === undefined ? '' : 'dragging'}`} ref={list}>
        {entries.map(({ entryId, songId, source }, index) => {
          const song = songOf(songId);
          const title = titleOf(songId);
          return (
            <li
              key={entryId}
              class={`song queue-row ${source} ${dragged === index ? 'dragged' : ''}`}
              style={{ transform: `translateY(${shiftOf(index)}px)` }}
              {...(song && menuOf(title, () => songMenu(song)))}
            >
              <button
                type="button"
                class="queue-song"
                title={t('queue.skipTo', { title })}
                onClick={(event) => {
                  // The second click of two falls on the row that has moved up.
                  if (event.detail < 2) void skipTo(entryId);
                }}
              >
                <QueueSong songId={songId} />
              </button>
              {source === 'queued' && (
                <span class="queue-mark" role="img" aria-label={t('queue.queued')} title={t('queue.queued')}>
                  <Icon name="queue" size={16} />
                </span>
              )}
              <span class="queue-end">
                <span class="song-time">{song && clock(song.durationMs)}</span>
                <span class="queue-tools">
                  <IconButton
                    icon="close"
                    size={16}
                    class="queue-remove"
                    label={t('queue.remove', { title })}
                    onClick={() => dequeue(entryId)}
                  />
                  <button
                    type="button"
                    class="queue-grip"
                    aria-label={t('queue.move', { title })}
                    title={t('queue.moveHint')}
                    {...grip(index)}
                  >
                    <Icon name="drag" size={18} />
                  </button>
                </span>
              </span>
            </li>
          );
        })}
      </ol>
    </>
  );
}

function QueueSong({ songId }: { songId: string }) {
  const song = songOf(songId);
  return (
    <>
      <Cover coverId={song?.album.coverId} px={44} />
      <span class="song-names">
        <span class="song-title">
          <bdi>{song?.title ?? '…'}</bdi>
        </span>
        <span class="song-artists">
          <bdi>{song?.artists.map((artist) => artist.name).join(', ')}</bdi>
        </span>
      </span>
    </>
  );
}
