import { isPlaying, state } from '../../state/now.ts';
import { buffering, next, previous, setMode, toggle } from '../../state/player.ts';
import { t } from '../../texts/texts.ts';
import { Icon } from '../icons.tsx';
import { IconButton } from '../parts/button.tsx';

export function PlayButton({ size = 26 }: { size?: number }) {
  return (
    <button
      type="button"
      class={`play-button ${buffering.value && isPlaying.value ? 'busy' : ''}`}
      disabled={!state.value?.current}
      aria-label={isPlaying.value ? t('player.pause') : t('player.play')}
      onClick={() => toggle()}
    >
      <Icon name={isPlaying.value ? 'pause' : 'play'} size={size} />
    </button>
  );
}

export function NextButton({ size = 24 }: { size?: number }) {
  return (
    <IconButton
      icon="next"
      size={size}
      disabled={!state.value?.current}
      label={t('player.next')}
      onClick={() => next()}
    />
  );
}

const NEXT_REPEAT = { off: 'all', all: 'one', one: 'off' } as const;

/** In the order of a tape, in every script. */
export function Transport({ large = false }: { large?: boolean }) {
  const { shuffle = false, repeat = 'off', current } = state.value ?? {};
  return (
    <div class={`transport ${large ? 'large' : ''}`} dir="ltr">
      <IconButton
        icon="shuffle"
        class="mode"
        on={shuffle}
        aria-pressed={shuffle}
        label={t('player.shuffle')}
        onClick={() => setMode({ shuffle: !shuffle })}
      />
      <IconButton
        icon="previous"
        size={large ? 30 : 24}
        disabled={!current}
        label={t('player.previous')}
        onClick={() => previous()}
      />
      <PlayButton size={large ? 34 : 26} />
      <NextButton size={large ? 30 : 24} />
      <IconButton
        icon="repeat"
        class="mode"
        on={repeat !== 'off'}
        label={t(`player.repeat.${repeat}`)}
        onClick={() => setMode({ repeat: NEXT_REPEAT[repeat] })}
      >
        {repeat === 'one' && <span class="repeat-one">1</span>}
      </IconButton>
    </div>
  );
}
