import { currentSong } from '../../state/now.ts';
import type { Panel } from '../../state/view.ts';
import { t } from '../../texts/texts.ts';
import { EmptyState } from '../parts/states.tsx';
import { Credits } from './credits.tsx';
import { LyricsView } from './lyrics.tsx';
import { QueueView } from './queue.tsx';

/** Queue, lyrics or credits of what plays, in the panel and in the full-screen view. */
export function PanelContent({ of }: { of: Panel }) {
  const song = currentSong.value;
  if (of === 'queue') return <QueueView />;
  if (!song) return <EmptyState title={t('panel.nothing')} />;
  if (of === 'lyrics') return <LyricsView key={song.songId} song={song} />;
  return (
    <div class="panel-section">
      <h3>
        <bdi>{song.title}</bdi>
      </h3>
      <Credits songId={song.songId} />
    </div>
  );
}
