import { useEffect, useRef, useState } from 'preact/hooks';
import type { Lyrics, SongView } from '../../../../actors/catalog/contract.ts';
import { api } from '../../api/api.ts';
import { positionMs } from '../../state/now.ts';
import { seek } from '../../state/player.ts';
import { t } from '../../texts/texts.ts';
import { Button } from '../parts/button.tsx';
import { EmptyState, Problem, Skeleton } from '../parts/states.tsx';
import { useLoad } from '../use-load.ts';

export function LyricsView({ song }: { song: SongView }) {
  if (song.lyrics === 'none') {
    return <EmptyState title={t('lyrics.none')} icon="lyrics" />;
  }
  return <LyricsOf songId={song.songId} title={song.title} />;
}

function LyricsOf({ songId, title }: { songId: string; title: string }) {
  const lyrics = useLoad(`lyrics:${songId}`, () => api.lyrics(songId));
  if (lyrics.s === 'failed') return <Problem text={lyrics.text} retry={lyrics.reload} />;
  if (lyrics.s === 'loading') return <Skeleton shape="rows" />;
  const { synced, lines, language } = lyrics.value;
  return (
    <div class={`lyrics ${synced ? 'synced' : ''}`} lang={language} dir="auto">
      <h3 class="visually-hidden">{t('lyrics.of', { title })}</h3>
      {synced ? <Synced lines={lines} /> : lines.map((line, i) => <p key={i}>{line.text || '\u00a0'}</p>)}
    </div>
  );
}

/** Who scrolls away from the line that is sung is left alone until they come back to it. */
function Synced({ lines }: { lines: Lyrics['lines'] }) {
  const now = lines.findLastIndex((line) => (line.atMs ?? 0) <= positionMs.value);
  const root = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);

  useEffect(() => {
    if (!follows) return;
    const line = root.current?.querySelector<HTMLElement>('.line.now, .line');
    const scroller = root.current?.closest<HTMLElement>('[data-scroller]');
    if (!line || !scroller) return;
    const isGentle = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const box = scroller.getBoundingClientRect();
    const at = line.getBoundingClientRect();
    const top = scroller.scrollTop + at.top - box.top - scroller.clientHeight * 0.36;
    scroller.scrollTo({ top, behavior: isGentle ? 'auto' : 'smooth' });
  }, [now, follows]);

  useEffect(() => {
    const scroller = root.current?.closest<HTMLElement>('[data-scroller]');
    const leave = () => setFollows(false);
    scroller?.addEventListener('wheel', leave, { passive: true });
    scroller?.addEventListener('touchmove', leave, { passive: true });
    return () => {
      scroller?.removeEventListener('wheel', leave);
      scroller?.removeEventListener('touchmove', leave);
    };
  }, []);

  return (
    <div ref={root}>
      {lines.map((line, i) => (
        <button
          key={i}
          type="button"
          class={`line ${i === now ? 'now' : i < now ? 'past' : ''}`}
          aria-current={i === now ? 'true' : undefined}
          onClick={() => {
            if (line.atMs !== undefined) seek(line.atMs);
            setFollows(true);
          }}
        >
          {line.text || '♪'}
        </button>
      ))}
      {!follows && (
        <div class="follow">
          <Button tone="primary" onClick={() => setFollows(true)}>
            {t('lyrics.follow')}
          </Button>
        </div>
      )}
    </div>
  );
}
