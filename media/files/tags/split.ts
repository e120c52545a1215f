/** Cuts one text into the names it holds, where a tag has no better way to hold several. */

/** Names that hold a slash and are one. */
const WITH_SLASH = /^(ac\/dc|love\/hate|he\/she|s\/he|w\/o|n\/a)$/i;

/** Version 2.3 of ID3: `Ana/Bo` is two people, `AC/DC` is one band. */
export function splitSlashes(text: string): string[] {
  const parts = text.split('/').map((part) => part.trim());
  // Initials on both sides are a name: two artists of two letters each are rarer.
  const isOneName = WITH_SLASH.test(text.trim()) || parts.some((part) => part.length <= 2);
  return isOneName ? [text] : parts;
}

/** Every scheme: `Ana; Bo` and `Ana / Bo`. Commas and ampersands belong to too many names. */
export const splitNames = (text: string): string[] => text.split(/\s*;\s+|\s*;$|\s+\/\s+/);

/** Genres are no names: also `Rock;Pop`, `Rock, Pop` and `Pop/Rock`. */
export const splitGenres = (text: string): string[] =>
  text.split(/[;,/]/).map((part) => part.replace(/^\s*&\s*/, ''));
