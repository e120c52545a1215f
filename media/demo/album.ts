/** What the demo's albums say of themselves. Every name, word and note is invented. */
import type { Credit, RightsWindow } from '../../actors/catalog/contract.ts';
import type { Song } from './score.ts';

export interface DemoTrack {
  readonly slug: string;
  readonly title: string;
  readonly genres: readonly string[];
  readonly moods: readonly string[];
  /** BCP 47; absent for instrumentals. */
  readonly language?: string;
  readonly explicit?: boolean;
  readonly credits: readonly Credit[];
  readonly rights: readonly RightsWindow[];
  readonly song: Song;
  /** The bars of `song` that this track holds, where two tracks are one piece without a gap. */
  readonly part?: { readonly fromBar: number; readonly untilBar?: number };
}

export interface DemoAlbum {
  readonly slug: string;
  readonly title: string;
  readonly type: 'album' | 'ep';
  readonly artist: string;
  readonly about: string;
  readonly label: string;
  /** UTC day, `1986-05-02`. */
  readonly releasedOn: string;
  /** An SVG document, 1000 x 1000. */
  cover(seed: string): string;
  readonly tracks: readonly DemoTrack[];
}

export const EVERYWHERE: readonly RightsWindow[] = [{ regions: [] }];

/** ISO 3166-1 alpha-2, with the code for an unknown country. */
const COUNTRIES =
  'ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZWZZ';

export const everywhereBut = (country: string): readonly RightsWindow[] => [
  { regions: (COUNTRIES.match(/../g) ?? []).filter((code) => code !== country) },
];

/** Performers share 60 %, writers 25 %, the label keeps 10 % and the publisher 5 %. */
export function creditsOf(
  performers: readonly string[],
  writers: readonly string[],
  label: string,
  publisher: string,
): Credit[] {
  const share = (role: Credit['role'], names: readonly string[], totalBp: number): Credit[] =>
    names.map((name, i) => ({
      role,
      name,
      shareBp: Math.floor(totalBp / names.length) + (i < totalBp % names.length ? 1 : 0),
    }));
  return [
    ...share('performer', performers, 6000),
    ...share('songwriter', writers, 2500),
    ...share('label', [label], 1000),
    ...share('publisher', [publisher], 500),
  ];
}
