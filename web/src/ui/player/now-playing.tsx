/** What plays, over everything: its cover, its lyrics, and the controls at a size for a thumb or a sofa. */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { currentSong } from '../../state/now.ts';
import { nowPlayingOpen, PANELS, type Panel } from '../../state/view.ts';
import { waveformUrl } from '../../state/waveform.ts';
import { t } from '../../texts/texts.ts';
import { Cover } from '../cover.tsx';
import { DevicesButton } from '../devices-menu.tsx';
import { songMenu } from '../menus.ts';
import { PanelContent } from '../panel/panel-content.tsx';
import { IconButton } from '../parts/button.tsx';
import { openMenuAt } from '../parts/menu.tsx';
import { ArtistLinks, LikeButton } from '../song-list.tsx';
import { useTint } from '../tint.ts';
import { CountedMark, Quality } from './player-bar.tsx';
import { SeekBar } from './seek-bar.tsx';
import { SleepButton } from './sleep-button.tsx';
import { Transport } from './transport.tsx';

const BARS = 160;
const SWIPE_PX = 90;

/** What is shown beside the cover; on a phone, in its place. */
const beside = signal<Panel | undefined>(undefined);

const ICONS = { lyrics: 'lyrics', queue: 'queue', credits: 'credits' } as const;

const close = (): void => {
  nowPlayingOpen.value = false;
};

export function NowPlaying() {
  const song = currentSong.value;
  const root = useRef<HTMLDivElement>(null);
  const tint = useTint(song?.album.coverId);
  const isOpen = nowPlayingOpen.value && song !== undefined;
  useEffect(() => {
    if (!isOpen) return;
    const before = document.activeElement as HTMLElement | null;
    root.current?.focus();
    // The browser's way back closes it, as it would leave a page.
    history.pushState({ ...history.state, over: true }, '');
    const onBack = () => close();
    addEventListener('popstate', onBack, { once: true });
    return () => {
      removeEventListener('popstate', onBack);
      if ((history.state as { over?: boolean } | null)?.over) history.back();
      before?.focus();
    };
  }, [isOpen]);

  const startY = useRef(0);
  if (!isOpen || !song) return null;
  const shown = beside.value;
  return (
    <div
      ref={root}
      class={`now-playing ${shown ? 'split' : ''}`}
      role="dialog"
      aria-modal="true"
      aria-label={t('player.nowPlaying')}
      tabIndex={-1}
      style={tint}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        close();
      }}
    >
      {song.album.coverId && (
        <img class="now-backdrop" src={`/c/${song.album.coverId}/96.webp`} alt="" aria-hidden="true" />
      )}
      <header
        class="now-head"
        onTouchStart={(event) => {
          startY.current = event.touches[0]?.clientY ?? 0;
        }}
        onTouchEnd={(event) => {
          if ((event.changedTouches[0]?.clientY ?? 0) - startY.current > SWIPE_PX) close();
        }}
      >
        <IconButton icon="chevronDown" size={24} label={t('player.closeNow')} onClick={close} />
        <p class="now-from">
          <a href={`/albums/${song.album.albumId}`} onClick={close}>
            <bdi>{song.album.title}</bdi>
          </a>
        </p>
        <IconButton
          icon="more"
          label={t('song.more', { title: song.title })}
          aria-haspopup="menu"
          onClick={(event) => openMenuAt(event.currentTarget, song.title, songMenu(song))}
        />
      </header>
      <div class="now-stage">
        <div class="now-art">
          <Cover
            coverId={song.album.coverId}
            px={640}
            sizes="min(100vw, 62vh)"
            title={song.album.title}
            eager
          />
        </div>
        {shown && (
          <div class="now-beside" data-scroller>
            <PanelContent of={shown} />
          </div>
        )}
      </div>
      <footer class="now-foot">
        <div class="now-line">
          <div class="now-names">
            <h2>
              <bdi>{song.title}</bdi>
              <CountedMark />
            </h2>
            <p onClickCapture={close}>
              <ArtistLinks artists={song.artists} />
            </p>
          </div>
          <LikeButton song={song} />
        </div>
        <SeekBar waveformUrl={waveformUrl.value} bars={BARS} />
        <Transport large />
        <div class="now-extras">
          {PANELS.map((name) => (
            <IconButton
              key={name}
              icon={ICONS[name]}
              label={t(`panel.${name}`)}
              on={shown === name}
              aria-pressed={shown === name}
              onClick={() => {
                beside.value = shown === name ? undefined : name;
              }}
            />
          ))}
          <SleepButton />
          <DevicesButton />
          <Quality />
        </div>
      </footer>
    </div>
  );
}
