import { api } from '../api/api.ts';
import { currentSession } from '../api/http.ts';
import { isPlaying, soundsHere, state } from '../state/now.ts';
import { transfer } from '../state/player.ts';
import { toastError } from '../state/toasts.ts';
import { t } from '../texts/texts.ts';
import { ago } from './format.ts';
import { IconButton } from './parts/button.tsx';
import { openMenuAt } from './parts/menu.tsx';

async function openDevices(opener: HTMLElement): Promise<void> {
  try {
    const { items } = await api.devices();
    const here = currentSession()?.deviceId;
    const sounding = state.value?.deviceId;
    const seen = (atMs: number) => t('devices.seen', { ago: ago(atMs) });
    openMenuAt(
      opener,
      t('devices.playOn'),
      items.map(({ deviceId, name, lastSeenAtMs }) => ({
        label: deviceId === here ? t('devices.here', { name }) : `${name} · ${seen(lastSeenAtMs)}`,
        checked: deviceId === sounding,
        disabled: !state.value?.current || deviceId === sounding,
        act: () => transfer(deviceId),
      })),
    );
  } catch (error) {
    toastError(error);
  }
}

export function DevicesButton() {
  const elsewhere = Boolean(state.value?.deviceId) && !soundsHere.value && isPlaying.value;
  return (
    <IconButton
      icon="devices"
      on={elsewhere}
      label={elsewhere ? t('devices.elsewhere') : t('devices.title')}
      aria-haspopup="menu"
      onClick={(event) => void openDevices(event.currentTarget)}
    />
  );
}
