import { useEffect, useRef, useState } from 'preact/hooks';
import type { Lyrics, SongView } from '../../../../actors/catalog/contract.ts';
import { api } from '../../api/api.ts';
import { isPlaying, positionMs } from '../../state/now.ts';
import { seek } from '../../state/player.ts';
import { t } from '../../texts/texts.ts';
import { Button } from '../parts/button.tsx';
import { EmptyState, Problem, Skeleton } from '../parts/states.tsx';
import { useLoad } from '../use-load.ts';

type Line = Lyrics['lines'][number];

/** How finely the position is followed for lines, and for words. */
const LINE_MS = 120;
const WORD_MS = 60;

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

/** The position as it runs on between two reports of it; only as often as `fine` needs. */
function useSmoothPosition(fine: boolean): number {
  const reported = positionMs.value;
  const playing = isPlaying.value;
  const [ranMs, setRanMs] = useState(0);
  useEffect(() => {
    setRanMs(0);
    if (!playing) return;
    const startedMs = performance.now();
    const timer = setInterval(() => setRanMs(performance.now() - startedMs), fine ? WORD_MS : LINE_MS);
    return () => clearInterval(timer);
  }, [reported, playing, fine]);
  return reported + ranMs;
}

const Words = ({ words, atMs }: { words: NonNullable<Line['words']>; atMs: number }) => (
  <>
    {words.map((word, i) => (
      <span key={i} class={word.atMs <= atMs ? 'sung' : 'unsung'}>
        {word.text}
      </span>
    ))}
  </>
);

/** Who scrolls away from the line that is sung is left alone until they come back to it. */
function Synced({ lines }: { lines: Lyrics['lines'] }) {
  const atMs = useSmoothPosition(lines.some((line) => line.words));
  const now = lines.findLastIndex((line) => (line.atMs ?? 0) <= atMs);
  const root = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);

  useEffect(() => {
    if (!follows) return;
    const line =
      root.current?.querySelector<HTMLElement>('.line.now') ??
      root.current?.querySelector<HTMLElement>('.line');
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
          {i === now && line.words ? <Words words={line.words} atMs={atMs} /> : line.text || '♪'}
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
