/** Which disc of which album a song is on (docs/library.md, rules D1 to D4). */
import { basename, dirname } from 'node:path';
import type { Tags } from '../tags/tags.ts';
import { nameOf, numberOf } from './texts.ts';

export interface Place {
  /** Without the disc. */
  readonly albumTitle?: string;
  readonly discNumber: number;
  readonly discTitle?: string;
  /** 0 when unknown. */
  readonly trackNumber: number;
  /** Of the disc, when it is said. */
  readonly trackTotal: number;
  readonly isSingle: boolean;
  readonly isEp: boolean;
}

/** `CD1`, `Disc 2`, `Disk 03 - Live`: a folder of a box. */
const DISC_FOLDER = /^(?:cd|disc|disk|dis[ck]o|dvd|lp)[\s_.-]*(\d{1,2})(?:$|[\s_.:-]+(.*)$)/i;
/** `(Disc 2)`, `[CD 2: Live]`, `, Disc 2`, ` - CD2`, at the end of an album's title. */
const DISC_IN_TITLE =
  /\s*(?:[([]\s*(?:cd|disc|disk)[\s.]*(\d{1,2})(?:\s*[:-]\s*([^)\]]+))?\s*[)\]]|(?:,|\s-|:)?\s+(?:cd|disc|disk)\s?(\d{1,2})(?:\s*[:-]\s*(.+))?)$/i;
/** iTunes says so in the title. */
const KIND_IN_TITLE = /\s+-\s+(single|ep)$/i;

export function placeOf(path: string, tags: Tags): Place {
  const folder = DISC_FOLDER.exec(basename(dirname(path)));
  const tagged = nameOf(tags.first('ALBUM'));
  const inTitle = tagged === undefined ? null : DISC_IN_TITLE.exec(tagged);
  const cut = inTitle && inTitle.index > 0 ? tagged?.slice(0, inTitle.index) : tagged;
  const kind = KIND_IN_TITLE.exec(cut ?? '');
  const albumTitle = nameOf(kind ? cut?.slice(0, kind.index) : cut);
  const fromTitle = inTitle && inTitle.index > 0 ? inTitle : undefined;
  const discNumber =
    numberOf(tags.first('DISCNUMBER', 'DISC')) ||
    numberOf(fromTitle?.[1] ?? fromTitle?.[3]) ||
    numberOf(folder?.[1]) ||
    1;
  const discTitle = nameOf(
    tags.first('DISCSUBTITLE', 'SETSUBTITLE') ?? fromTitle?.[2] ?? fromTitle?.[4] ?? folder?.[2],
  );
  const track = tags.first('TRACKNUMBER', 'TRACK');
  return {
    ...(albumTitle !== undefined && { albumTitle }),
    discNumber: Math.min(discNumber, 999),
    ...(discTitle !== undefined && { discTitle }),
    trackNumber: numberOf(track),
    trackTotal: numberOf(track?.split('/')[1]) || numberOf(tags.first('TRACKTOTAL', 'TOTALTRACKS')),
    isSingle: kind?.[1]?.toLowerCase() === 'single',
    isEp: kind?.[1]?.toLowerCase() === 'ep',
  };
}
