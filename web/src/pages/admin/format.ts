import { languageTag, t } from '../../texts/texts.ts';

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

export function bytes(n: number): string {
  const step = Math.min(UNITS.length - 1, n < 1 ? 0 : Math.floor(Math.log10(n) / 3));
  return new Intl.NumberFormat(languageTag.value, {
    style: 'unit',
    unit: UNITS[step] ?? 'byte',
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: step > 2 ? 1 : 0,
  }).format(n / 1000 ** step);
}

export const milliseconds = (ms: number): string =>
  new Intl.NumberFormat(languageTag.value, {
    style: 'unit',
    unit: 'millisecond',
    unitDisplay: 'short',
    maximumFractionDigits: ms < 10 ? 1 : 0,
  }).format(ms);

export const decimal = (n: number): string =>
  new Intl.NumberFormat(languageTag.value, { maximumFractionDigits: n < 10 ? 1 : 0 }).format(n);

const STEPS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** How long something takes or has been, in its largest unit. */
export function lasting(ms: number): string {
  for (const [unit, unitMs] of STEPS) {
    if (ms >= unitMs) {
      const whole = { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 0 } as const;
      return new Intl.NumberFormat(languageTag.value, whole).format(Math.floor(ms / unitMs));
    }
  }
  return t('time.minutes', { n: 1 });
}

export const moment = (atMs: number): string =>
  new Intl.DateTimeFormat(languageTag.value, { dateStyle: 'medium', timeStyle: 'short' }).format(atMs);

export const hour = (atMs: number): string =>
  new Intl.DateTimeFormat(languageTag.value, { hour: 'numeric', minute: '2-digit' }).format(atMs);
