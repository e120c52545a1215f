import { useRef, useState } from 'preact/hooks';
import { positionMs, state } from '../../state/now.ts';
import { seek } from '../../state/player.ts';
import { t } from '../../texts/texts.ts';
import { clock } from '../format.ts';
import { useWaveMask } from './wave.ts';

/** Position and times. Time runs from left to right in every script, as on every player. */
export function SeekBar({ waveformUrl, bars }: { waveformUrl: string | undefined; bars: number }) {
  const [draggedMs, setDraggedMs] = useState<number | undefined>(undefined);
  const [pointedAt, setPointedAt] = useState<number | undefined>(undefined);
  const track = useRef<HTMLDivElement>(null);
  const mask = useWaveMask(waveformUrl, bars);
  const durationMs = state.value?.current?.durationMs ?? 0;
  const shownMs = Math.min(draggedMs ?? positionMs.value, durationMs);
  const part = durationMs ? shownMs / durationMs : 0;
  const point = (event: PointerEvent) => {
    const box = track.current?.getBoundingClientRect();
    if (box && box.width > 0) setPointedAt(Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)));
  };
  return (
    <div class="seek" dir="ltr">
      <time>{clock(shownMs)}</time>
      <div
        class={`seek-track ${mask ? 'waved' : ''}`}
        ref={track}
        style={{ '--filled': `${part * 100}%`, ...(mask && { '--wave': mask }) }}
        onPointerMove={point}
        onPointerLeave={() => setPointedAt(undefined)}
      >
        <span class="seek-shape" />
        <input
          type="range"
          min={0}
          max={Math.max(1, durationMs)}
          step={1000}
          value={shownMs}
          disabled={durationMs === 0}
          aria-label={t('player.position')}
          aria-valuetext={t('player.positionOf', { at: clock(shownMs), of: clock(durationMs) })}
          onInput={(event) => setDraggedMs(Number(event.currentTarget.value))}
          onChange={(event) => {
            setDraggedMs(undefined);
            seek(Number(event.currentTarget.value));
          }}
        />
        {pointedAt !== undefined && durationMs > 0 && (
          <span class="seek-tip" style={{ left: `${pointedAt * 100}%` }} aria-hidden="true">
            {clock(pointedAt * durationMs)}
          </span>
        )}
      </div>
      <time>{clock(durationMs)}</time>
    </div>
  );
}
