/** A song's description from its tags; what they leave out comes from the file's name. */
import { basename, extname } from 'node:path';
import { COVER_BYTES_MAX } from '../../../config/limits.ts';
import type { SongDescription, SongLyrics } from '../description.ts';
import { parseLyrics } from '../lyrics.ts';
import { splitGenres } from '../tags/split.ts';
import type { Picture, Tags } from '../tags/tags.ts';
import { albumArtists, songArtists, withoutGuests } from './artists.ts';
import { creditsOf } from './credits.ts';
import { type Place, placeOf } from './discs.ts';
import { loudnessOf } from './loudness.ts';
import { dayOf, mbidsIn, nameOf, namesOf, numberOf, yearOf } from './texts.ts';

export interface Described {
  readonly description: SongDescription;
  /** Nobody is tagged as the album's artist: the songs beside this one have a say. */
  readonly isLoose: boolean;
}

export function describe(path: string, tags: Tags): Described {
  const fromName = namesIn(path);
  const place = placeOf(path, tags);
  const { text: title, guests } = withoutGuests(nameOf(tags.first('TITLE')) ?? fromName.title);
  const { artists, displayArtist } = songArtists(tags, guests, fromName.artist);
  const types = tags
    .firstOf('RELEASETYPE', 'MUSICBRAINZ_ALBUMTYPE')
    .flatMap((type) => type.toLowerCase().split(/[;/,\s]+/));
  const isCompilation = /^(1|true|yes)$/i.test(tags.first('COMPILATION', 'ITUNESCOMPILATION') ?? '');
  const byAlbum = albumArtists(tags, artists, isCompilation);
  const year = yearOf(tags.first('DATE', 'YEAR', 'RELEASEDATE', 'ORIGINALDATE', 'ORIGINALYEAR'));
  const originalYear = yearOf(tags.first('ORIGINALDATE', 'ORIGINALYEAR', 'ORIGINALRELEASEDATE'));
  const releasedAtMs = dayOf(releaseDate(tags));
  const label = namesOf(tags.firstOf('LABEL', 'ORGANIZATION', 'PUBLISHER'))[0];
  const [mbid] = mbidsIn(tags.all('MUSICBRAINZ_ALBUMID'));
  const [releaseGroupMbid] = mbidsIn(tags.all('MUSICBRAINZ_RELEASEGROUPID'));
  const [recordingMbid] = mbidsIn(tags.all('MUSICBRAINZ_TRACKID'));
  const albumLoudness = loudnessOf(tags, 'ALBUM');
  const loudness = loudnessOf(tags, 'TRACK');
  const isrc = tags.all('ISRC').map(isrcOf).find(isIsrc);
  const lyrics = embeddedLyrics(tags);
  const compilation = isCompilation || byAlbum.isVarious || types.includes('compilation');
  const description: SongDescription = {
    title,
    ...optional('sortTitle', nameOf(tags.first('TITLESORT'))),
    ...optional('displayArtist', displayArtist),
    ...optional('work', nameOf(tags.first('WORK'))),
    ...optional('movement', movementOf(tags)),
    ...optional('recordingMbid', recordingMbid),
    artists,
    album: {
      title: place.albumTitle ?? title,
      ...optional('sortTitle', nameOf(tags.first('ALBUMSORT'))),
      artists: byAlbum.artists,
      type: albumType(place, types, compilation),
      ...optional('releasedAtMs', releasedAtMs),
      ...optional('originalYear', originalYear),
      ...optional('label', label),
      ...optional('mbid', mbid),
      ...optional('releaseGroupMbid', releaseGroupMbid),
      ...(compilation && { compilation }),
      ...(place.discTitle !== undefined && { discTitles: { [place.discNumber]: place.discTitle } }),
      ...optional('loudness', albumLoudness),
    },
    discNumber: place.discNumber,
    trackNumber: place.trackNumber,
    explicit: /^[14]$/.test(tags.first('ITUNESADVISORY') ?? ''),
    genres: namesOf(tags.all('GENRE').flatMap(splitGenres)),
    moods: namesOf(tags.all('MOOD').flatMap(splitGenres)),
    ...optional('language', languageOf(tags.first('LANGUAGE'))),
    ...optional('year', year),
    ...optional('isrc', isrc),
    ...optional('loudness', loudness),
    credits: creditsOf(tags, artists),
    // What someone holds as files, they may hear everywhere.
    rights: [{ regions: [] }],
    ...optional('lyrics', lyrics),
  };
  return { description, isLoose: byAlbum.isGuess && place.albumTitle !== undefined };
}

/** The one that says to be the front, else the first. */
export const frontCover = ({ pictures }: Tags): Picture | undefined => {
  const fitting = pictures.filter(({ bytes }) => bytes > 0 && bytes <= COVER_BYTES_MAX);
  return fitting.find(({ isFront }) => isFront) ?? fitting[0];
};

const optional = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { [P in K]: V });

/** `03 - Artist - Title.flac`: the number is dropped, the rest believed where tags say nothing. */
function namesIn(path: string): { artist?: string; title: string } {
  const name = basename(path, extname(path)).replaceAll('_', ' ').trim();
  const parts = name.replace(/^\d{1,3}[\s.-]+(?=\S)/, '').split(/\s+-\s+/);
  const title = nameOf(parts.at(-1)) ?? nameOf(name) ?? 'Untitled';
  const artist = parts.length > 1 ? nameOf(parts[0]) : undefined;
  return { title, ...(artist && { artist }) };
}

function albumType({ albumTitle, isSingle, isEp }: Place, types: readonly string[], compilation: boolean) {
  if (compilation) return 'compilation';
  if (isEp || types.includes('ep')) return 'ep';
  return isSingle || types.includes('single') || albumTitle === undefined ? 'single' : 'album';
}

/** Of this edition; version 2.3 of ID3 keeps the day apart from the year. */
function releaseDate(tags: Tags): string | undefined {
  const date = tags.first('RELEASEDATE', 'DATE', 'YEAR', 'ORIGINALDATE');
  const day = tags.first('DAYANDMONTH');
  return date !== undefined && day !== undefined && /^\d{4}$/.test(date) ? `${date}-${day}` : date;
}

function movementOf(tags: Tags) {
  const name = nameOf(tags.first('MOVEMENTNAME'));
  const text = tags.first('MOVEMENT', 'MOVEMENTNUMBER');
  const number = numberOf(text);
  const total = numberOf(text?.split('/')[1]) || numberOf(tags.first('MOVEMENTTOTAL', 'MOVEMENTCOUNT'));
  if (name === undefined && number === 0) return undefined;
  return { ...(name !== undefined && { name }), ...(number > 0 && { number }), ...(total > 0 && { total }) };
}

const languageOf = (text: string | undefined): string | undefined =>
  /^(?=.{2,35}$)[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.exec(text ?? '')?.[0];

const isrcOf = (code: string): string => code.replaceAll(/[\s-]/g, '').toUpperCase();
const isIsrc = (code: string): boolean => /^[A-Z]{2}[A-Z0-9]{3}\d{7}$/.test(code);

function embeddedLyrics(tags: Tags): SongLyrics | undefined {
  for (const text of ['SYNCEDLYRICS', 'LYRICS', 'UNSYNCEDLYRICS'].flatMap((field) => tags.all(field))) {
    const lyrics = parseLyrics(text);
    if (lyrics) return lyrics;
  }
  return undefined;
}
