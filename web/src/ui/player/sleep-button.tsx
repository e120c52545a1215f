import { cancelSleep, sleep, sleepAfter, sleepIn, sleepLeftMs } from '../../state/sleep.ts';
import { t } from '../../texts/texts.ts';
import { clock } from '../format.ts';
import { IconButton } from '../parts/button.tsx';
import { type MenuItem, openMenuAt } from '../parts/menu.tsx';

const MINUTES = [15, 30, 45, 60] as const;

function choices(): readonly MenuItem[] {
  const until = sleep.value?.until;
  return [
    ...MINUTES.map((n) => ({ label: t('sleep.minutes', { n }), act: () => sleepIn(n) })),
    { label: t('sleep.song'), checked: until === 'song', act: () => sleepAfter('song') },
    { label: t('sleep.album'), checked: until === 'album', act: () => sleepAfter('album') },
    ...(until ? [{ label: t('sleep.off'), separated: true, act: () => cancelSleep() }] : []),
  ];
}

export function SleepButton() {
  const leftMs = sleepLeftMs.value;
  const isOn = sleep.value !== undefined;
  return (
    <IconButton
      icon="moon"
      on={isOn}
      label={leftMs === undefined ? t('sleep.title') : t('sleep.left', { time: clock(leftMs) })}
      aria-haspopup="menu"
      onClick={(event) => openMenuAt(event.currentTarget, t('sleep.title'), choices())}
    />
  );
}
