/** What releases and corrections do to a song's row, and how a song is seen. Pure. */
import { createHash } from 'node:crypto';
import { LYRICS_BYTES_MAX } from '../../config/limits.ts';
import { type AntiphonError, BadRequestError, TooLargeError } from '../../kit/errors.ts';
import type { CatalogEvent, Lyrics, SongRelease, SongView } from './contract.ts';
import { sameMark, songMarks } from './order.ts';
import type { Packaged, Shown, SongRow } from './tables.ts';

const SHARES_SUM_BP = 10_000;

/** What the journal holds: the public event and what came with it. */
export interface CatalogRecord extends CatalogEvent {
  readonly release?: SongRelease;
  readonly packaged?: Packaged;
  /** What corrections make of the release, when they change it. */
  readonly shown?: Shown;
}

/** A journaled event as it would be written today: once, releases told the colours of their covers. */
export function eventFrom(data: unknown): CatalogRecord {
  const event = data as CatalogRecord;
  if (!event.release || !('colors' in event.release.album)) return event;
  const { colors: _colors, ...album } = event.release.album as SongRelease['album'] & { colors: unknown };
  return { ...event, release: { ...event.release, album } };
}

/** Why a release is refused (rules C2 to C4). */
export function problemOf({ credits, rights, lyrics, songId }: SongRelease): AntiphonError | undefined {
  const sumBp = credits.reduce((sum, { shareBp }) => sum + shareBp, 0);
  if (credits.length > 0 && sumBp !== SHARES_SUM_BP) {
    return new BadRequestError(
      'CREDITS_DO_NOT_SUM',
      `The shares of all credits must sum to ${SHARES_SUM_BP} basis points (100 %); these sum to ${sumBp}.`,
      { sumBp },
    );
  }
  if (rights.some(({ fromMs, untilMs }) => untilMs !== undefined && untilMs <= (fromMs ?? 0))) {
    return new BadRequestError('RIGHTS_WINDOW_EMPTY', 'A rights window must end after it begins.');
  }
  if (lyrics && lyrics.songId !== songId) {
    return new BadRequestError('LYRICS_OF_ANOTHER_SONG', 'The lyrics must name the song they come with.');
  }
  if (lyrics && Buffer.byteLength(JSON.stringify(lyrics)) > LYRICS_BYTES_MAX) {
    return new TooLargeError('LYRICS_TOO_LARGE', `Lyrics may take ${LYRICS_BYTES_MAX} bytes at most.`);
  }
  return undefined;
}

export const digestOf = (lyrics: Lyrics): string =>
  createHash('sha256').update(JSON.stringify(lyrics)).digest('base64url');

const unique = (ids: Iterable<string>): string[] => [...new Set(ids)];

const artistIdsOf = ({ artists, album }: Shown): string[] =>
  unique([...artists, ...album.artists].map(({ artistId }) => artistId));

/** What everybody sees of a song: what files say, with what administrators have corrected. */
export const shownOf = ({ release, shown }: Pick<SongRow, 'release' | 'shown'>): Shown => shown ?? release;

function eventOf(type: CatalogEvent['type'], after: Shown, before?: SongRow): CatalogEvent {
  const { songId, album } = after;
  const previous = before && shownOf(before);
  return {
    type,
    songId,
    albumId: album.albumId,
    ...(previous && previous.album.albumId !== album.albumId && { previousAlbumId: previous.album.albumId }),
    artistIds: unique([...artistIdsOf(after), ...(previous ? artistIdsOf(previous) : [])]),
  };
}

/** The event that takes a song from its row as it is (undefined: new) to what is released. */
export const releaseEvent = (
  before: SongRow | undefined,
  release: SongRelease,
  shown: Shown | undefined,
): CatalogRecord => ({
  ...eventOf('songReleased', shown ?? release, before),
  release,
  ...(shown && { shown }),
});

export const removalEvent = (row: SongRow): CatalogRecord => eventOf('songRemoved', shownOf(row));

export const packagedEvent = (row: SongRow, packaged: Packaged): CatalogRecord => ({
  ...eventOf('songPackaged', shownOf(row)),
  packaged,
});

export const correctedEvent = (row: SongRow, shown: Shown | undefined): CatalogRecord => ({
  ...eventOf('songCorrected', shown ?? row.release, row),
  ...(shown && { shown }),
});

interface At {
  readonly seq: number;
  readonly atMs: number;
}

/** The row after a journaled event, or undefined when there is no song that it could change. */
export function rowAfter(before: SongRow | undefined, record: CatalogRecord, at: At): SongRow | undefined {
  const row = changed(before, record, at);
  // What packaging finds out moves nothing on any list.
  if (!row || record.type === 'songPackaged') return row;
  return { ...row, settled: false, ...stale(before, row) };
}

function changed(before: SongRow | undefined, record: CatalogRecord, at: At): SongRow | undefined {
  const { seq } = at;
  switch (record.type) {
    case 'songRemoved':
      return before && { ...before, seq, removed: true };
    case 'songPackaged':
      return before && record.packaged && { ...before, seq, packaged: record.packaged };
    case 'songCorrected':
      return before && recorrected(before, seq, record.shown);
    case 'songReleased':
      return record.release && released(before, record.release, record.shown, at);
  }
}

const recorrected = (
  { shown: _before, ...row }: SongRow,
  seq: number,
  shown: Shown | undefined,
): SongRow => ({
  ...row,
  seq,
  ...(shown && { shown }),
});

function released(
  before: SongRow | undefined,
  { lyrics, ...release }: SongRelease,
  shown: Shown | undefined,
  { seq, atMs }: At,
): SongRow {
  return {
    seq,
    release,
    ...(shown && { shown }),
    ...(lyrics && { lyrics: { synced: lyrics.synced, digest: digestOf(lyrics) } }),
    ...(before?.packaged && { packaged: before.packaged }),
    addedAtMs: before?.addedAtMs ?? atMs,
    removed: false,
    settled: false,
    staleAlbumIds: [],
    staleMarks: [],
  };
}

/** Where the row before may still be shown. */
function stale(before: SongRow | undefined, row: SongRow): Pick<SongRow, 'staleAlbumIds' | 'staleMarks'> {
  if (!before) return { staleAlbumIds: [], staleMarks: [] };
  const marks = songMarks(row);
  return {
    staleAlbumIds: unique([...before.staleAlbumIds, shownOf(before).album.albumId]),
    staleMarks: [...before.staleMarks, ...songMarks(before)].filter(
      (old) => !marks.some((mark) => sameMark(mark, old)),
    ),
  };
}

const COMPOSING_ROLES: ReadonlySet<string> = new Set(['composer', 'songwriter']);

export function songView(row: SongRow): Omit<SongView, 'unavailable'> {
  const { lyrics, packaged } = row;
  const { album, artistAbout: _about, credits, rights: _rights, rungs: _rungs, ...rest } = shownOf(row);
  const composers = unique(credits.filter(({ role }) => COMPOSING_ROLES.has(role)).map(({ name }) => name));
  return {
    ...rest,
    ...packaged,
    ...(composers.length > 0 && { composers }),
    album: {
      albumId: album.albumId,
      title: album.title,
      ...(album.coverId !== undefined && { coverId: album.coverId }),
      ...(album.loudness && { loudness: album.loudness }),
    },
    lyrics: lyrics ? (lyrics.synced ? 'synced' : 'plain') : 'none',
  };
}
