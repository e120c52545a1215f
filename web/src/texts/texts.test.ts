/**
 * Goal: every language says all that English says, with the same values in it, in all its plural forms.
 * Method: each language's table against the English one.
 */
import t from 'tap';

t.intercept(globalThis, 'localStorage', { value: { getItem: () => null } });
t.intercept(globalThis, 'document', { value: { documentElement: {} } });
const { en } = await import('./en.ts');
const { LANGUAGES } = await import('./texts.ts');

const SAMPLES_MAX = 120;
const formsOf = (text: string | object): string[] =>
  typeof text === 'string' ? [text] : Object.values(text);
const holesOf = (form: string): string[] =>
  [...form.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name).sort();

for (const [code, { load, tag }] of Object.entries(LANGUAGES)) {
  t.test(code, async (t) => {
    const texts = await load();
    t.same(Object.keys(texts).sort(), Object.keys(en).sort(), 'no key is missing, none is left over');
    const rules = new Intl.PluralRules(tag);
    const needed = new Set(Array.from({ length: SAMPLES_MAX }, (_, n) => rules.select(n)));
    for (const [key, text] of Object.entries(texts)) {
      const english = en[key as keyof typeof en];
      t.equal(typeof text, typeof english, `${key} is ${typeof english}`);
      const wanted = new Set(formsOf(english).flatMap(holesOf));
      for (const form of formsOf(text)) {
        t.ok(form.trim(), `${key} says something`);
        for (const hole of holesOf(form)) t.ok(wanted.has(hole), `${key}: {${hole}} is given`);
      }
      const said = new Set(formsOf(text).flatMap(holesOf));
      t.same([...said].sort(), [...wanted].sort(), `${key} leaves no value out`);
      if (typeof text === 'object') {
        for (const form of needed) t.ok(form in text, `${key} has the form for ${form}`);
      }
    }
  });
}
