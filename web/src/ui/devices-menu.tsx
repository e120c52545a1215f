import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../api/api.ts';
import { currentSession } from '../api/http.ts';
import { isPlaying, soundsHere, state } from '../state/now.ts';
import { transfer } from '../state/player.ts';
import { ago } from './format.ts';
import { Icon } from './icons.tsx';
import { useLoad } from './use-load.ts';

export function DevicesMenu() {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(false);
    opener.current?.focus();
  };
  useEffect(() => {
    if (!open) return;
    const onPointer = (event: Event) => !root.current?.contains(event.target as Node) && setOpen(false);
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && close();
    addEventListener('pointerdown', onPointer);
    addEventListener('keydown', onKey);
    return () => {
      removeEventListener('pointerdown', onPointer);
      removeEventListener('keydown', onKey);
    };
  }, [open]);
  const elsewhere = Boolean(state.value?.deviceId) && !soundsHere.value && isPlaying.value;
  return (
    <div class="menu-root" ref={root}>
      <button
        type="button"
        class={`icon-button ${elsewhere ? 'on' : ''}`}
        aria-label={elsewhere ? 'Devices: playing on another one' : 'Devices'}
        ref={opener}
        aria-expanded={open}
        title="Devices"
        onClick={() => setOpen(!open)}
      >
        <Icon name="devices" />
      </button>
      {open && <DeviceList onDone={close} />}
    </div>
  );
}

function DeviceList({ onDone }: { onDone: () => void }) {
  const devices = useLoad(() => api.devices(), []);
  const here = currentSession()?.deviceId;
  const sounding = state.value?.deviceId;
  return (
    <div class="menu">
      <h2>Play on</h2>
      {devices.s === 'failed' && <p>{devices.text}</p>}
      {devices.s === 'ready' &&
        devices.value.items.map(({ deviceId, name, lastSeenAtMs }) => (
          <button
            key={deviceId}
            type="button"
            class={`menu-item ${deviceId === sounding ? 'on' : ''}`}
            disabled={!state.value?.current || deviceId === sounding}
            onClick={() => {
              transfer(deviceId).catch(() => undefined);
              onDone();
            }}
          >
            <strong>{deviceId === here ? `${name} (this one)` : name}</strong>
            <small>{deviceId === sounding ? 'Playing here' : `Seen ${ago(lastSeenAtMs)}`}</small>
          </button>
        ))}
    </div>
  );
}
