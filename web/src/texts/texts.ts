/**
 * What the player says, in the listener's language. English is always here; another language is fetched when
 * it is wanted, and replaces it as a whole.
 */
import { computed, signal } from '@preact/signals';
import { en } from './en.ts';

/** By CLDR plural category. */
export type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };
export type TextKey = keyof typeof en;
export type Texts = Readonly<Record<TextKey, string | Plural>>;

/** The tag after the name is for Intl: digits stay those that clocks and tables show. */
export const LANGUAGES = {
  en: { name: 'English', tag: 'en', dir: 'ltr', load: async (): Promise<Texts> => en },
  de: { name: 'Deutsch', tag: 'de', dir: 'ltr', load: async () => (await import('./de.ts')).de },
  ar: { name: 'العربية', tag: 'ar-u-nu-latn', dir: 'rtl', load: async () => (await import('./ar.ts')).ar },
} as const;
export type Language = keyof typeof LANGUAGES;

const LANGUAGE_KEY = 'antiphon.language';
const isLanguage = (name: string | null | undefined): name is Language => Boolean(name && name in LANGUAGES);

const spoken = signal<{ language: Language; texts: Texts }>({ language: 'en', texts: en });
export const language = computed(() => spoken.value.language);
export const languageTag = computed(() => LANGUAGES[spoken.value.language].tag);

/** What the listener chose in the settings; undefined goes by the browser. */
export function chosenLanguage(): Language | undefined {
  const chosen = localStorage.getItem(LANGUAGE_KEY);
  return isLanguage(chosen) ? chosen : undefined;
}

function wantedLanguage(): Language {
  const offered = navigator.languages.map((tag) => new Intl.Locale(tag).language);
  return chosenLanguage() ?? offered.find(isLanguage) ?? 'en';
}

/** Speaks the wanted language; stays with the present one when it cannot be fetched. */
export async function startLanguage(): Promise<void> {
  const wanted = wantedLanguage();
  const { load, dir } = LANGUAGES[wanted];
  const texts = await load();
  spoken.value = { language: wanted, texts };
  document.documentElement.lang = wanted;
  document.documentElement.dir = dir;
}

export function chooseLanguage(chosen: Language | undefined): Promise<void> {
  if (chosen) localStorage.setItem(LANGUAGE_KEY, chosen);
  else localStorage.removeItem(LANGUAGE_KEY);
  return startLanguage();
}

export type Values = Readonly<Record<string, string | number>>;

const numbers = computed(() => new Intl.NumberFormat(languageTag.value));
const plurals = computed(() => new Intl.PluralRules(languageTag.value));

/** `{name}` in a text is replaced by that value; `n` also chooses the plural. */
export function filled(text: string | Plural, values: Values = {}): string {
  const pattern =
    typeof text === 'string' ? text : (text[plurals.value.select(Number(values.n))] ?? text.other);
  return pattern.replace(/\{(\w+)\}/g, (hole, name: string) => {
    const value = values[name];
    return typeof value === 'number' ? numbers.value.format(value) : (value ?? hole);
  });
}

export const t = (key: TextKey, values?: Values): string => filled(spoken.value.texts[key], values);

/** A text for a word that the service sent; undefined when it has none. */
export const tOf = (prefix: string, word: string): string | undefined =>
  `${prefix}${word}` in en ? t(`${prefix}${word}` as TextKey) : undefined;
