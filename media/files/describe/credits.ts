import type { Credit } from '../../../actors/catalog/contract.ts';
import type { ArtistName } from '../description.ts';
import { splitNames } from '../tags/split.ts';
import type { Tags } from '../tags/tags.ts';
import { nameOf, namesOf } from './texts.ts';

const SHARES_BP = 10_000;
const CREDITS_MAX = 100;

const ROLES: readonly (readonly [Credit['role'], ...string[]])[] = [
  ['soloist', 'SOLOIST', 'SOLOISTS'],
  ['conductor', 'CONDUCTOR'],
  ['orchestra', 'ORCHESTRA'],
  ['ensemble', 'ENSEMBLE', 'CHOIR'],
  ['composer', 'COMPOSER'],
  ['songwriter', 'WRITER', 'SONGWRITER', 'AUTHOR'],
  ['lyricist', 'LYRICIST'],
  ['arranger', 'ARRANGER'],
  ['producer', 'PRODUCER'],
  ['engineer', 'ENGINEER'],
  ['mixer', 'MIXER', 'MIXARTIST', 'DJMIXER'],
  ['remixer', 'REMIXER'],
  ['label', 'LABEL', 'ORGANIZATION'],
  ['publisher', 'PUBLISHER'],
];

/** Tags name no shares: the artists share equally until somebody corrects it. */
export function creditsOf(tags: Tags, artists: readonly ArtistName[]): Credit[] {
  const each = Math.floor(SHARES_BP / artists.length);
  const performers = artists.map(({ name }, i): Credit => {
    const shareBp = i === 0 ? SHARES_BP - each * (artists.length - 1) : each;
    return { role: 'performer', name, shareBp };
  });
  const others = ROLES.flatMap(([role, ...fields]) =>
    namesOf(tags.firstOf(...fields).flatMap(splitNames)).map((name): Credit => ({ role, name, shareBp: 0 })),
  );
  return [...performers, ...musicians(tags), ...others].slice(0, CREDITS_MAX);
}

/** `Ana (violin)`. */
function musicians(tags: Tags): Credit[] {
  return namesOf(tags.all('PERFORMER')).flatMap((text): Credit[] => {
    const match = /^(.*\S)\s*\(([^()]+)\)$/.exec(text);
    const [name, instrument] = [nameOf(match?.[1] ?? text), nameOf(match?.[2])];
    if (name === undefined) return [];
    return [{ role: 'performer', name, ...(instrument !== undefined && { instrument }), shareBp: 0 }];
  });
}
