import { computed } from '@preact/signals';

/** Where the outline of the current song is; undefined while another device sounds. */
export const waveformUrl = computed<string | undefined>(() => undefined);
