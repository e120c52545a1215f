/**
 * Goal: every language says on the administration pages all that English says, with the same values in it.
 * Method: each language's table against the English one.
 */
import t from 'tap';

t.intercept(globalThis, 'localStorage', { value: { getItem: () => null } });
t.intercept(globalThis, 'document', { value: { documentElement: {} } });
const { adminEn } = await import('./en.ts');
const { OTHERS } = await import('./texts.ts');
const { LANGUAGES } = await import('../texts.ts');

const SAMPLES_MAX = 120;
const formsOf = (text: string | object): string[] =>
  typeof text === 'string' ? [text] : Object.values(text);
const holesOf = (text: string | object): string[] =>
  [
    ...new Set(
      formsOf(text).flatMap((form) => [...form.matchAll(/\{(\w+)\}/g)].map(([, hole = '']) => hole)),
    ),
  ].sort();

for (const [code, load] of Object.entries(OTHERS)) {
  t.test(code, async (t) => {
    const texts = await load();
    t.same(Object.keys(texts).sort(), Object.keys(adminEn).sort());
    const rules = new Intl.PluralRules(LANGUAGES[code as keyof typeof LANGUAGES].tag);
    const needed = new Set(Array.from({ length: SAMPLES_MAX }, (_, n) => rules.select(n)));
    for (const [key, text] of Object.entries(texts)) {
      const english = adminEn[key as keyof typeof adminEn];
      t.equal(typeof text, typeof english, `${key} is ${typeof english}`);
      t.same(holesOf(text), holesOf(english), `${key} has the same values`);
      for (const form of formsOf(text)) t.ok(form.trim(), `${key} says something`);
      if (typeof text === 'object') for (const form of needed) t.ok(form in text, `${key} has ${form}`);
    }
  });
}
