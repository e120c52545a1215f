/** The texts of the administration pages: beside those of the player, since few listeners ever see them. */
import { effect, signal } from '@preact/signals';
import { filled, type Language, language, type Plural, type Values } from '../texts.ts';
import { adminEn } from './en.ts';

export type AdminKey = keyof typeof adminEn;
export type AdminTexts = Readonly<Record<AdminKey, string | Plural>>;

export const OTHERS: Readonly<Partial<Record<Language, () => Promise<AdminTexts>>>> = {
  de: async () => (await import('./de.ts')).adminDe,
  ar: async () => (await import('./ar.ts')).adminAr,
};

const spoken = signal<AdminTexts>(adminEn);

effect(() => {
  const wanted = language.value;
  const load = OTHERS[wanted] ?? (async () => adminEn);
  load().then(
    (texts) => {
      if (language.peek() === wanted) spoken.value = texts;
    },
    // It stays with the language it has.
    () => undefined,
  );
});

export const ta = (key: AdminKey, values?: Values): string => filled(spoken.value[key], values);

/** A text for a word that the service sent; the word itself when it has none. */
export const taOf = (prefix: string, word: string, values?: Values): string =>
  `${prefix}${word}` in adminEn ? ta(`${prefix}${word}` as AdminKey, values) : word;
