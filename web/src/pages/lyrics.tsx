import { useEffect, useRef } from 'preact/hooks';
import type { Lyrics } from '../../../actors/catalog/contract.ts';
import { api } from '../api/api.ts';
import { currentSong, positionMs } from '../state/now.ts';
import { seek } from '../state/player.ts';
import { Empty, Problem } from '../ui/notices.tsx';
import { useLoad } from '../ui/use-load.ts';

export function LyricsPage() {
  const song = currentSong.value;
  if (!song) return <Empty title="Nothing is playing." />;
  if (song.lyrics === 'none') return <Empty title={`“${song.title}” has no lyrics.`} />;
  return <LyricsOf key={song.songId} songId={song.songId} title={song.title} />;
}

function LyricsOf({ songId, title }: { songId: string; title: string }) {
  const lyrics = useLoad(() => api.lyrics(songId), [songId]);
  if (lyrics.s === 'failed') return <Problem text={lyrics.text} retry={lyrics.reload} />;
  if (lyrics.s === 'loading') return <div class="loading" aria-busy="true" />;
  return (
    <div class="page lyrics" lang={lyrics.value.language}>
      <h1 class="visually-hidden">Lyrics of {title}</h1>
      {lyrics.value.synced ? (
        <Synced lines={lyrics.value.lines} />
      ) : (
        lyrics.value.lines.map((line, i) => <p key={i}>{line.text || '\u00a0'}</p>)
      )}
    </div>
  );
}

function Synced({ lines }: { lines: Lyrics['lines'] }) {
  const now = lines.findLastIndex((line) => (line.atMs ?? 0) <= positionMs.value);
  const current = useRef<HTMLButtonElement>(null);
  const gentle = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
  useEffect(() => current.current?.scrollIntoView({ block: 'center', behavior: gentle }), [now]);
  return (
    <>
      {lines.map((line, i) => (
        <button
          key={i}
          type="button"
          ref={i === now ? current : null}
          class={`line ${i === now ? 'now' : i < now ? 'past' : ''}`}
          aria-current={i === now ? 'true' : undefined}
          onClick={() => line.atMs !== undefined && seek(line.atMs)}
        >
          {line.text || '♪'}
        </button>
      ))}
    </>
  );
}
