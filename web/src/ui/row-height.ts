import { signal } from '@preact/signals';

/** As in style/tokens.css: a finger needs more than a pointer. */
const narrow = matchMedia('(max-width: 760px)');
export const isNarrow = signal(narrow.matches);
narrow.addEventListener('change', () => {
  isNarrow.value = narrow.matches;
});

export const songRowPx = (): number => (isNarrow.value ? 60 : 56);
