/** Texts of tags, cut to what the catalogue takes. */
const NAME_CHARS_MAX = 500;
const NAMES_MAX = 20;

/** Without what commands a terminal or turns the text around it. */
export function nameOf(value: string | undefined): string | undefined {
  const name = value
    ?.slice(0, 4 * NAME_CHARS_MAX)
    .replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, NAME_CHARS_MAX)
    .trim();
  return name?.toWellFormed() || undefined;
}

/** Each once, in order; spellings that differ in case alone are one. */
export function namesOf(values: readonly (string | undefined)[]): string[] {
  const names = new Map<string, string>();
  for (const value of values) {
    const name = nameOf(value);
    if (name !== undefined && !names.has(name.toLowerCase())) names.set(name.toLowerCase(), name);
    if (names.size === NAMES_MAX) break;
  }
  return [...names.values()];
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** MusicBrainz ids, several in one text as well. */
export const mbidsIn = (values: readonly string[]): string[] =>
  values.flatMap((value) => value.slice(0, 4000).toLowerCase().match(UUID) ?? []);

/** 0 for what is no number of a disc, a track or a year. */
export function numberOf(value: string | undefined): number {
  const number = Number(/^\s*(\d{1,4})(?!\d)/.exec(value ?? '')?.[1] ?? 0);
  return number;
}

export const yearOf = (value: string | undefined): number | undefined => numberOf(value) || undefined;

/** UTC midnight of `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; times before 1970 cannot be told and stay out. */
export function dayOf(date: string | undefined): number | undefined {
  const match = /^\s*(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?/.exec(date ?? '');
  if (!match) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2] || 1) || 1, Number(match[3] || 1) || 1];
  const ms = month <= 12 && day <= 31 ? Date.UTC(year, month - 1, day) : Date.UTC(year, 0, 1);
  return ms >= 0 ? ms : undefined;
}
