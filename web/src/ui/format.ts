import { languageTag, t } from '../texts/texts.ts';

export function clock(ms: number): string {
  const totalSec = Math.floor(ms / 1000);
  const [hours, minutes, seconds] = [
    Math.floor(totalSec / 3600),
    Math.floor(totalSec / 60) % 60,
    totalSec % 60,
  ];
  const two = (part: number) => String(part).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

export function roughDuration(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 60
    ? t('time.minutes', { n: minutes })
    : t('time.hoursMinutes', { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

const STEPS = [
  ['year', 365 * 86_400_000],
  ['month', 30 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

export function ago(atMs: number, nowMs = Date.now()): string {
  const relative = new Intl.RelativeTimeFormat(languageTag.value, { numeric: 'auto' });
  for (const [unit, unitMs] of STEPS) {
    if (nowMs - atMs >= unitMs) return relative.format(-Math.floor((nowMs - atMs) / unitMs), unit);
  }
  return t('time.justNow');
}

export const day = (atMs: number): string =>
  new Intl.DateTimeFormat(languageTag.value, { dateStyle: 'long', timeZone: 'UTC' }).format(atMs);

export const count = (n: number): string => new Intl.NumberFormat(languageTag.value).format(n);

export const list = (names: readonly string[]): string =>
  new Intl.ListFormat(languageTag.value, { type: 'unit', style: 'short' }).format(names);
