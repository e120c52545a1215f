import { useRef } from 'preact/hooks';
import { currentSong, positionMs, soundsHere, state } from '../../state/now.ts';
import { maxRung, next, previous, rung } from '../../state/player.ts';
import { reasonText } from '../../state/reasons.ts';
import { nowPlayingOpen, type Panel, panel, togglePanel } from '../../state/view.ts';
import { muted, setVolume, toggleMuted, volume } from '../../state/volume.ts';
import { waveformUrl } from '../../state/waveform.ts';
import { t } from '../../texts/texts.ts';
import { Cover } from '../cover.tsx';
import { DevicesButton } from '../devices-menu.tsx';
import { Icon, type IconName } from '../icons.tsx';
import { songMenu } from '../menus.ts';
import { IconButton } from '../parts/button.tsx';
import { menuOf } from '../parts/menu.tsx';
import { ArtistLinks, LikeButton } from '../song-list.tsx';
import { SeekBar } from './seek-bar.tsx';
import { NextButton, PlayButton, Transport } from './transport.tsx';

const BARS = 120;

function VolumeBar() {
  const silent = muted.value || volume.value === 0;
  const shown = muted.value ? 0 : volume.value;
  return (
    <div class="volume" dir="ltr">
      <IconButton
        icon={silent ? 'mute' : 'volume'}
        label={muted.value ? t('player.unmute') : t('player.mute')}
        onClick={toggleMuted}
      />
      <input
        type="range"
        class="slider"
        min={0}
        max={1}
        step={0.01}
        value={shown}
        style={{ '--filled': `${shown * 100}%` }}
        aria-label={t('player.volume')}
        onInput={(event) => setVolume(Number(event.currentTarget.value))}
      />
    </div>
  );
}

const PANEL_ICONS: Readonly<Record<Panel, IconName>> = {
  lyrics: 'lyrics',
  queue: 'queue',
  credits: 'credits',
};

export const PanelButton = ({ of }: { of: Panel }) => (
  <IconButton
    icon={PANEL_ICONS[of]}
    label={t(`panel.${of}`)}
    on={panel.value === of}
    aria-pressed={panel.value === of}
    onClick={() => togglePanel(of)}
  />
);

export function Quality() {
  if (!soundsHere.value || !rung.value) return null;
  const limit = maxRung.value;
  const title = limit?.reason
    ? t('player.qualityLimited', { rung: rung.value, most: limit.rung, why: reasonText(limit.reason) })
    : t('player.quality', { rung: rung.value });
  return (
    <span class="rung" title={title}>
      {rung.value}
      <small> {t('player.kbps')}</small>
    </span>
  );
}

export function CountedMark() {
  return state.value?.current?.counted ? (
    <span class="counted" title={t('player.counted')}>
      <Icon name="check" size={14} />
    </span>
  ) : null;
}

const SWIPE_PX = 48;

/** A finger that moves sideways changes the song, one that moves up opens what plays. */
function useSwipe() {
  const from = useRef<{ x: number; y: number }>(undefined);
  return {
    onTouchStart: (event: TouchEvent) => {
      const [touch] = event.touches;
      from.current = touch && { x: touch.clientX, y: touch.clientY };
    },
    onTouchEnd: (event: TouchEvent) => {
      const [touch] = event.changedTouches;
      if (!touch || !from.current) return;
      const [x, y] = [touch.clientX - from.current.x, touch.clientY - from.current.y];
      if (y < -SWIPE_PX && Math.abs(y) > Math.abs(x)) nowPlayingOpen.value = true;
      else if (Math.abs(x) > SWIPE_PX) void (x < 0 ? next() : previous());
    },
  };
}

export function PlayerBar() {
  const song = currentSong.value;
  const swipe = useSwipe();
  const durationMs = state.value?.current?.durationMs ?? 0;
  const open = () => {
    nowPlayingOpen.value = true;
  };
  return (
    <section class="player-bar" aria-label={t('player.region')} {...swipe}>
      <i
        class="hairline"
        style={{ transform: `scaleX(${durationMs ? Math.min(1, positionMs.value / durationMs) : 0})` }}
      />
      <div class="now" {...(song && menuOf(song.title, () => songMenu(song)))}>
        {song ? (
          <>
            <button
              type="button"
              class="now-cover"
              aria-label={t('player.open')}
              title={t('player.open')}
              onClick={open}
            >
              <Cover coverId={song.album.coverId} px={64} />
              <span class="now-expand">
                <Icon name="expand" size={20} />
              </span>
            </button>
            <div class="now-names">
              <span class="now-title">
                <a href={`/albums/${song.album.albumId}`}>
                  <bdi>{song.title}</bdi>
                </a>
                <CountedMark />
              </span>
              <span class="now-artists">
                <ArtistLinks artists={song.artists} />
              </span>
            </div>
            <LikeButton song={song} />
          </>
        ) : (
          <span class="now-nothing">{t('player.nothing')}</span>
        )}
      </div>
      <div class="mini" dir="ltr">
        <PlayButton />
        <NextButton size={22} />
      </div>
      <div class="controls">
        <Transport />
        <SeekBar waveformUrl={waveformUrl.value} bars={BARS} />
      </div>
      <div class="extras">
        <Quality />
        <PanelButton of="lyrics" />
        <PanelButton of="queue" />
        <DevicesButton />
        <VolumeBar />
        <IconButton icon="expand" class="open-now" label={t('player.open')} disabled={!song} onClick={open} />
      </div>
    </section>
  );
}
