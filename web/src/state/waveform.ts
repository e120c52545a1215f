/** Where the outline of the current song can be fetched: beside what may be fetched of its sound. */
import { computed, signal } from '@preact/signals';
import type { Stream } from '../../../actors/player-session/contract.ts';
import { state } from './now.ts';

const latest = signal<Stream | undefined>(undefined);

/** Call with each stream that the service grants for the current song. */
export function rememberStream(stream: Stream): void {
  latest.value = stream;
}

export const waveformUrl = computed<string | undefined>(() => {
  const stream = latest.value;
  return stream && stream.songId === state.value?.current?.songId
    ? new URL('waveform.json', new URL(stream.hlsUrl, location.href)).href
    : undefined;
});
