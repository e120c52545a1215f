import { useRef, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { currentSong, isPlaying, positionMs, soundsHere, state } from '../state/now.ts';
import { buffering, maxRung, next, previous, rung, seek, setMode, toggle } from '../state/player.ts';
import { reasonText } from '../state/reasons.ts';
import { muted, setVolume, toggleMuted, volume } from '../state/volume.ts';
import { Cover } from './cover.tsx';
import { DevicesMenu } from './devices-menu.tsx';
import { clock } from './format.ts';
import { Icon, type IconName } from './icons.tsx';
import { ArtistLinks, LikeButton } from './song-list.tsx';

const filled = (part: number) => ({ '--filled': `${Math.round(part * 1000) / 10}%` });

function SeekBar() {
  const [draggedMs, setDraggedMs] = useState<number | undefined>(undefined);
  const durationMs = state.value?.current?.durationMs ?? 0;
  const shownMs = Math.min(draggedMs ?? positionMs.value, durationMs);
  return (
    <div class="seek">
      <time>{clock(shownMs)}</time>
      <input
        type="range"
        class="slider"
        min={0}
        max={Math.max(1, durationMs)}
        step={1000}
        value={shownMs}
        disabled={durationMs === 0}
        style={filled(durationMs ? shownMs / durationMs : 0)}
        aria-label="Position"
        aria-valuetext={`${clock(shownMs)} of ${clock(durationMs)}`}
        onInput={(event) => setDraggedMs(Number(event.currentTarget.value))}
        onChange={(event) => {
          setDraggedMs(undefined);
          seek(Number(event.currentTarget.value));
        }}
      />
      <time>{clock(durationMs)}</time>
    </div>
  );
}

function VolumeBar() {
  return (
    <div class="volume">
      <button
        type="button"
        class="icon-button"
        aria-label={muted.value ? 'Unmute' : 'Mute'}
        onClick={toggleMuted}
      >
        <Icon name={muted.value || volume.value === 0 ? 'mute' : 'volume'} />
      </button>
      <input
        type="range"
        class="slider"
        min={0}
        max={1}
        step={0.01}
        value={muted.value ? 0 : volume.value}
        style={filled(muted.value ? 0 : volume.value)}
        aria-label="Volume"
        onInput={(event) => setVolume(Number(event.currentTarget.value))}
      />
    </div>
  );
}

function Transport() {
  const { shuffle = false, repeat = 'off', current } = state.value ?? {};
  const nextRepeat = { off: 'all', all: 'one', one: 'off' } as const;
  return (
    <div class="transport">
      <button
        type="button"
        class={`icon-button ${shuffle ? 'on' : ''}`}
        aria-pressed={shuffle}
        aria-label="Shuffle"
        onClick={() => setMode({ shuffle: !shuffle })}
      >
        <Icon name="shuffle" />
      </button>
      <button
        type="button"
        class="icon-button"
        disabled={!current}
        aria-label="Previous"
        onClick={() => previous()}
      >
        <Icon name="previous" size={24} />
      </button>
      <button
        type="button"
        class={`play-button ${buffering.value && isPlaying.value ? 'busy' : ''}`}
        disabled={!current}
        aria-label={isPlaying.value ? 'Pause' : 'Play'}
        onClick={() => toggle()}
      >
        <Icon name={isPlaying.value ? 'pause' : 'play'} size={26} />
      </button>
      <button type="button" class="icon-button" disabled={!current} aria-label="Next" onClick={() => next()}>
        <Icon name="next" size={24} />
      </button>
      <button
        type="button"
        class={`icon-button ${repeat === 'off' ? '' : 'on'}`}
        aria-label={`Repeat: ${repeat}`}
        onClick={() => setMode({ repeat: nextRepeat[repeat] })}
      >
        <Icon name="repeat" />
        {repeat === 'one' && <span class="repeat-one">1</span>}
      </button>
    </div>
  );
}

function PanelLink({ to, label, icon }: { to: string; label: string; icon: IconName }) {
  const { path, url, route } = useLocation();
  const before = useRef('/');
  const open = path === to;
  return (
    <button
      type="button"
      class={`icon-button ${open ? 'on' : ''}`}
      aria-label={label}
      aria-pressed={open}
      title={label}
      onClick={() => {
        if (!open) before.current = url;
        route(open ? before.current : to);
      }}
    >
      <Icon name={icon} />
    </button>
  );
}

function Quality() {
  if (!soundsHere.value || !rung.value) return null;
  const limit = maxRung.value;
  const why = limit?.reason ? `, at most ${limit.rung}: ${reasonText(limit.reason)}` : '';
  return (
    <span class="rung" title={`AAC, ${rung.value} kbit/s${why}`}>
      {rung.value}
      <small> kbit/s</small>
    </span>
  );
}

export function PlayerBar() {
  const song = currentSong.value;
  const counted = state.value?.current?.counted;
  return (
    <section class="player-bar" aria-label="Player">
      <div class="now">
        {song ? (
          <>
            <a href={`/albums/${song.album.albumId}`} class="now-cover">
              <Cover coverId={song.album.coverId} px={64} title={song.album.title} />
            </a>
            <div class="now-names">
              <span class="now-title">
                {song.title}
                {counted && (
                  <span class="counted" title="Heard for 30 seconds: this stream counts">
                    <Icon name="check" size={14} />
                  </span>
                )}
              </span>
              <span class="now-artists">
                <ArtistLinks artists={song.artists} />
              </span>
            </div>
            <LikeButton song={song} />
          </>
        ) : (
          <span class="now-nothing">Nothing is playing. Pick a song.</span>
        )}
      </div>
      <div class="controls">
        <Transport />
        <SeekBar />
      </div>
      <div class="extras">
        <Quality />
        <PanelLink to="/lyrics" label="Lyrics" icon="lyrics" />
        <PanelLink to="/queue" label="Queue" icon="queue" />
        <DevicesMenu />
        <VolumeBar />
      </div>
    </section>
  );
}
