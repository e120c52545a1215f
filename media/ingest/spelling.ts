/** When two spellings of a name are one (docs/library.md, rules A7 and A8). */

/** Letters that have no base letter and a mark. */
const LIGATURES: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
};

/** The same for spellings that differ in case, accents of Latin letters, punctuation, `&` and `and`. */
export function spellingKey(name: string): string {
  const key = name
    .normalize('NFKD')
    // Marks of other scripts make other letters.
    .replace(/(\p{Script=Latin})\p{M}+/gu, '$1')
    .normalize('NFC')
    .toLowerCase()
    .replace(/[ßæœøłđðþ]/g, (letter) => LIGATURES[letter] ?? letter)
    .replace(/['’‘ʼ`´.]/g, '')
    .replace(/\s*[&+]\s*/g, ' and ')
    .replace(/[\p{P}\p{S}\s]+/gu, ' ')
    .trim();
  // A name of nothing but signs.
  return key === '' ? normalName(name) : key;
}

/** As `spellingKey`; an article before or behind the name is no part of it, unless it is all of it. */
export const artistKey = (name: string): string =>
  spellingKey(name.replace(/^(.+),\s*the$/i, 'The $1')).replace(/^the (?=.)/, '');

/** Names that differ in case, accents' encoding or spaces are one name. */
export const normalName = (name: string): string =>
  name.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ').trim();
