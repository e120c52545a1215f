/** Reads a song's description from its tags; what they leave out comes from the file's name. */
import { openAsBlob } from 'node:fs';
import { basename, extname } from 'node:path';
import { type IAudioMetadata, parseBlob } from 'music-metadata';
import type { AlbumView, Credit } from '../../actors/catalog/contract.ts';
import { COVER_BYTES_MAX } from '../../config/limits.ts';
import type { Probed } from '../ingest/probe.ts';
import type { SongDescription, SongLyrics } from './description.ts';
import { parseLyrics } from './lyrics.ts';

const NAME_CHARS_MAX = 500;
const NAMES_MAX = 20;
const SHARES_BP = 10_000;
const UNKNOWN_ARTIST = 'Unknown Artist';
const VARIOUS_ARTISTS = 'Various Artists';

/** Tags that cannot be read are no reason to refuse the music. */
export async function readTags({ path, mimeType }: Probed): Promise<IAudioMetadata | undefined> {
  try {
    return await parseBlob(await openAsBlob(path, { type: mimeType }), { duration: false });
  } catch {
    return undefined;
  }
}

export function describe(path: string, tags: IAudioMetadata | undefined): SongDescription {
  const common: Partial<IAudioMetadata['common']> = tags?.common ?? {};
  const fromName = namesIn(path);
  const title = nameOf(common.title) ?? fromName.title;
  const artists = namesOf(common.artists ?? [common.artist]);
  if (artists.length === 0) artists.push(fromName.artist ?? UNKNOWN_ARTIST);
  const year = yearOf(common.year ?? common.originalyear);
  const releasedAtMs = dayOf(common.releasedate ?? common.date ?? common.originaldate);
  const label = namesOf(common.label ?? [])[0];
  const language = /^(?=.{2,35}$)[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.exec(common.language ?? '')?.[0];
  const isrc = (common.isrc ?? []).map((code) => code.replaceAll(/[\s-]/g, '').toUpperCase()).find(isIsrc);
  const lyrics = embeddedLyrics(common);
  const cover = frontCover(common);
  return {
    title,
    artists,
    album: {
      title: nameOf(common.album) ?? title,
      artists: albumArtists(common, artists),
      type: common.album === undefined ? 'single' : albumType(common),
      ...(releasedAtMs !== undefined && { releasedAtMs }),
      ...(label && { label }),
    },
    discNumber: numberOf(common.disk?.no) || 1,
    trackNumber: numberOf(common.track?.no),
    explicit: isExplicit(tags),
    genres: namesOf((common.genre ?? []).flatMap((genre) => genre.split(/[;,]/))),
    moods: namesOf([common.mood]),
    ...(language && { language }),
    ...(year !== undefined && { year }),
    ...(isrc && { isrc }),
    credits: creditsOf(common, artists),
    // What someone holds as files, they may hear everywhere.
    rights: [{ regions: [] }],
    ...(lyrics && { lyrics }),
    ...(cover && { cover }),
  };
}

/** `03 - Artist - Title.flac`: the number is dropped, the rest believed where tags say nothing. */
function namesIn(path: string): { artist?: string; title: string } {
  const name = basename(path, extname(path)).replaceAll('_', ' ').trim();
  const parts = name.replace(/^\d{1,3}[\s.-]+(?=\S)/, '').split(/\s+-\s+/);
  const title = nameOf(parts.at(-1)) ?? nameOf(name) ?? 'Untitled';
  const artist = parts.length > 1 ? nameOf(parts[0]) : undefined;
  return { title, ...(artist && { artist }) };
}

/** Without what commands a terminal or turns the text around it. */
function nameOf(value: string | undefined): string | undefined {
  const name = value
    ?.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, NAME_CHARS_MAX);
  return name?.toWellFormed() || undefined;
}

const namesOf = (values: readonly (string | undefined)[]): string[] =>
  [...new Set(values.map(nameOf).filter((name) => name !== undefined))].slice(0, NAMES_MAX);

/** A guest of one track does not make an album of his own. */
const withoutGuests = (artist: string): string =>
  nameOf(artist.split(/\s+\(?(?:feat\.?|ft\.?|featuring)\s/i)[0]) ?? artist;

function albumArtists(common: Partial<IAudioMetadata['common']>, artists: readonly string[]): string[] {
  const named = namesOf(common.albumartists ?? [common.albumartist]);
  if (named.length > 0) return named;
  return common.compilation ? [VARIOUS_ARTISTS] : [withoutGuests(artists[0] ?? UNKNOWN_ARTIST)];
}

function albumType(common: Partial<IAudioMetadata['common']>): AlbumView['type'] {
  const types = (common.releasetype ?? []).map((type) => type.toLowerCase());
  if (common.compilation || types.includes('compilation')) return 'compilation';
  return types.includes('ep') ? 'ep' : types.includes('single') ? 'single' : 'album';
}

const isIsrc = (code: string): boolean => /^[A-Z]{2}[A-Z0-9]{3}\d{7}$/.test(code);

/** 0 for what is no number of a disc, a track or a year. */
const numberOf = (value: number | null | undefined): number =>
  value && Number.isInteger(value) && value > 0 && value <= 9999 ? value : 0;

const yearOf = (year: number | undefined): number | undefined => numberOf(year) || undefined;

/** UTC midnight of `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; times before 1970 cannot be told and stay out. */
function dayOf(date: string | undefined): number | undefined {
  const match = /^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?/.exec(date ?? '');
  if (!match) return undefined;
  const ms = Date.UTC(Number(match[1]), Number(match[2] ?? 1) - 1, Number(match[3] ?? 1));
  return ms >= 0 ? ms : undefined;
}

/** Tags name no shares: the performers share equally until somebody corrects it. */
function creditsOf(common: Partial<IAudioMetadata['common']>, artists: readonly string[]): Credit[] {
  const each = Math.floor(SHARES_BP / artists.length);
  const performers = artists.map((name, i): Credit => {
    const shareBp = i === 0 ? SHARES_BP - each * (artists.length - 1) : each;
    return { role: 'performer', name, shareBp };
  });
  const others = (role: Credit['role'], names: readonly string[] | undefined): Credit[] =>
    namesOf(names ?? []).map((name) => ({ role, name, shareBp: 0 }));
  return [
    ...performers,
    ...others('songwriter', common.composer),
    ...others('label', common.label),
    ...others('publisher', common.publisher),
  ];
}

/** Apple's advisory: 1 and 4 mean explicit. */
function isExplicit(tags: IAudioMetadata | undefined): boolean {
  return Object.values(tags?.native ?? {})
    .flat()
    .some(({ id, value }) => /^(rtng|(.*:)?ITUNESADVISORY)$/i.test(id) && [1, 4].includes(Number(value)));
}

function embeddedLyrics(common: Partial<IAudioMetadata['common']>): SongLyrics | undefined {
  for (const { text, syncText } of common.lyrics ?? []) {
    const timed = (syncText ?? [])
      .filter((line) => line.timestamp !== undefined)
      .map((line) => `[${lrcTime(line.timestamp ?? 0)}]${line.text}`);
    const lyrics = parseLyrics(timed.length > 0 ? timed.join('\n') : (text ?? ''));
    if (lyrics) return lyrics;
  }
  return undefined;
}

function lrcTime(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  return `${minutes}:${((ms - minutes * 60_000) / 1000).toFixed(3)}`;
}

function frontCover(common: Partial<IAudioMetadata['common']>): Uint8Array | undefined {
  const pictures = (common.picture ?? []).filter(({ data }) => data.length <= COVER_BYTES_MAX);
  return (pictures.find(({ type }) => type === 'Cover (front)') ?? pictures[0])?.data;
}
