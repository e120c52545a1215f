/** Who made a song and its album, as tags say it (docs/library.md, rules A1 to A9). */
import type { ArtistName } from '../description.ts';
import { splitNames } from '../tags/split.ts';
import type { Tags } from '../tags/tags.ts';
import { mbidsIn, nameOf, namesOf } from './texts.ts';

export const UNKNOWN_ARTIST = 'Unknown Artist';
export const VARIOUS_ARTISTS = 'Various Artists';
const VARIOUS =
  /^(various|various artists|va|v\.a\.|v\/a|diverse|verschiedene|divers|vari|varios|varios artistas|artistes divers|unknown album artist)$/i;
/** MusicBrainz's own. */
const VARIOUS_MBID = '89ad4ac3-39f7-470e-963a-56509c546377';

/** `feat.`, `ft.` and `featuring`, in brackets or not. */
const GUESTS =
  /\s*[([]\s*(?:feat\.?|ft\.?|featuring)\s+([^)\]]+)[)\]]|\s+(?:feat\.|ft\.|featuring|feat)\s+(.+)$/i;

/** A text without its guests, and the guests. Between guests stand commas and ampersands. */
export function withoutGuests(text: string): { readonly text: string; readonly guests: string[] } {
  const match = GUESTS.exec(text);
  if (!match) return { text, guests: [] };
  const rest = nameOf(
    text.slice(0, match.index) + (match[1] === undefined ? '' : text.slice(match.index + match[0].length)),
  );
  const guests = (match[1] ?? match[2] ?? '').split(/,\s*(?:&\s*|and\s+)?|\s+&\s+|\s+and\s+|;\s*/);
  return rest === undefined ? { text, guests: [] } : { text: rest, guests: namesOf(guests) };
}

export interface SongArtists {
  readonly artists: ArtistName[];
  /** The credit as tagged, when it is more than the names. */
  readonly displayArtist?: string;
}

/** @param titleGuests whom the title names */
export function songArtists(
  tags: Tags,
  titleGuests: readonly string[],
  fromName: string | undefined,
): SongArtists {
  const tagged = namesOf(tags.all('ARTIST'));
  const listed = namesOf(tags.all('ARTISTS').flatMap(splitNames));
  const credits = namesOf(tagged.flatMap(splitNames)).map(withoutGuests);
  // A list of names is cut better than we could; what it leaves out is taken from the credit.
  const main = listed.length > 0 ? listed : credits.map(({ text }) => text);
  const guests = [...(listed.length > 0 ? [] : credits.flatMap((credit) => credit.guests)), ...titleGuests];
  const names = namesOf([...main, ...guests]);
  if (names.length === 0) names.push(fromName ?? UNKNOWN_ARTIST);
  const credit = tagged.length === 1 ? tagged[0] : undefined;
  const shown = creditWith(credit ?? main.join(', '), credit, main, titleGuests);
  return {
    artists: withIds(names, tags, 'MUSICBRAINZ_ARTISTID', tags.firstOf('ARTISTSORT', 'ARTISTSSORT')),
    ...(shown !== undefined && shown !== names.join(', ') && { displayArtist: shown }),
  };
}

function creditWith(
  shown: string,
  credit: string | undefined,
  main: readonly string[],
  titleGuests: readonly string[],
): string | undefined {
  const missing = titleGuests.filter((guest) => !shown.toLowerCase().includes(guest.toLowerCase()));
  if (missing.length > 0 && shown !== '') return nameOf(`${shown} feat. ${missing.join(', ')}`);
  return credit !== undefined && credit !== main.join(', ') ? credit : undefined;
}

export interface AlbumArtists {
  readonly artists: ArtistName[];
  readonly isVarious: boolean;
  /** Nobody is tagged as the album's artist: the songs beside this one have a say. */
  readonly isGuess: boolean;
}

export function albumArtists(
  tags: Tags,
  songBy: readonly ArtistName[],
  isCompilation: boolean,
): AlbumArtists {
  const tagged = tags.all('ALBUMARTISTS').length > 0 ? tags.all('ALBUMARTISTS') : tags.all('ALBUMARTIST');
  const names = namesOf(namesOf(tagged).flatMap(splitNames));
  const ids = mbidsIn(tags.all('MUSICBRAINZ_ALBUMARTISTID'));
  const isVarious =
    (names.length > 0 && names.every((name) => VARIOUS.test(name))) || ids[0] === VARIOUS_MBID;
  if (isVarious || (names.length === 0 && isCompilation)) {
    return { artists: [{ name: VARIOUS_ARTISTS }], isVarious: true, isGuess: false };
  }
  if (names.length > 0) {
    const artists = withIds(
      names,
      tags,
      'MUSICBRAINZ_ALBUMARTISTID',
      tags.firstOf('ALBUMARTISTSORT', 'ALBUMARTISTSSORT'),
    );
    return { artists, isVarious: false, isGuess: false };
  }
  // A guest of one track does not make an album of his own.
  return { artists: songBy.slice(0, 1), isVarious: false, isGuess: true };
}

/** Ids and sort names belong to names only where there are as many. */
function withIds(
  names: readonly string[],
  tags: Tags,
  idField: string,
  sortNames: readonly string[],
): ArtistName[] {
  const ids = mbidsIn(tags.all(idField));
  const sorts = sortNames.length === names.length ? sortNames : namesOf(sortNames.flatMap(splitNames));
  return names.map((name, i) => {
    const mbid = ids.length === names.length ? ids[i] : undefined;
    const sortName = sorts.length === names.length ? nameOf(sorts[i]) : undefined;
    return {
      name,
      ...(sortName !== undefined && sortName !== name && { sortName }),
      ...(mbid !== undefined && mbid !== VARIOUS_MBID && { mbid }),
    };
  });
}
