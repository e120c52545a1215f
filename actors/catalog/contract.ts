import { type Static, Type } from 'typebox';
import {
  Country,
  Cursor,
  command,
  DurationMs,
  defineContract,
  Empty,
  Id,
  literals,
  object,
  pageOf,
  query,
  TimeMs,
} from '../../kit/contract.ts';

const Name = Type.String({ minLength: 1, maxLength: 500 });
const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 100 }));
const Page = { cursor: Type.Optional(Cursor), limit: Limit };
/** Whose eyes see it: songs are marked with whether they can be played there, now. */
const viewer = { country: Type.Optional(Country) };

/** Renditions by nominal bit rate in kbit/s (24 is mono). */
export const RUNGS = [24, 96, 160, 320] as const;
export const Rung = Type.Unsafe<(typeof RUNGS)[number]>({ type: 'integer', enum: [...RUNGS] });
export type Rung = Static<typeof Rung>;

export const ArtistRef = object({ artistId: Id, name: Name });
export const AlbumRef = object({ albumId: Id, title: Name, coverId: Type.Optional(Type.String()) });

/** Why a song cannot be played by a viewer. */
export const Unavailable = literals('NOT_IN_REGION', 'NOT_RELEASED', 'NOT_LICENSED', 'NOT_READY', 'REMOVED');
export type Unavailable = Static<typeof Unavailable>;

/** ISRC (ISO 3901), without hyphens. */
export const Isrc = Type.String({ pattern: '^[A-Z]{2}[A-Z0-9]{3}[0-9]{7}$' });

/** Regions are ISO 3166-1 alpha-2 codes; an empty list means everywhere. `from` inclusive, `until` exclusive. */
export const RightsWindow = object({
  regions: Type.Array(Country, { maxItems: 249 }),
  fromMs: Type.Optional(TimeMs),
  untilMs: Type.Optional(TimeMs),
});
export type RightsWindow = Static<typeof RightsWindow>;

export const CreditRole = literals('performer', 'songwriter', 'label', 'publisher');
/** Shares are in basis points; those of one song sum to 10,000. */
export const Credit = object({
  role: CreditRole,
  name: Name,
  shareBp: Type.Integer({ minimum: 0, maximum: 10_000 }),
});
export type Credit = Static<typeof Credit>;

export const Loudness = object({
  integratedLufs: Type.Number({ description: 'EBU R 128 programme loudness, LUFS' }),
  truePeakDbtp: Type.Number({ description: 'dBTP' }),
});

export const SongView = object({
  songId: Id,
  title: Name,
  artists: Type.Array(ArtistRef),
  album: AlbumRef,
  discNumber: Type.Integer({ minimum: 1 }),
  trackNumber: Type.Integer({ minimum: 0, description: '0 when unknown' }),
  durationMs: DurationMs,
  explicit: Type.Boolean(),
  genres: Type.Array(Name),
  moods: Type.Array(Name),
  language: Type.Optional(Type.String()),
  year: Type.Optional(Type.Integer()),
  isrc: Type.Optional(Isrc),
  lyrics: literals('synced', 'plain', 'none'),
  loudness: Type.Optional(Loudness),
  /** Seconds at which the preview begins and its length, when there is one. */
  hasPreview: Type.Boolean(),
  unavailable: Type.Optional(Unavailable),
});
export type SongView = Static<typeof SongView>;

export const AlbumView = object({
  albumId: Id,
  title: Name,
  artists: Type.Array(ArtistRef),
  type: literals('album', 'single', 'ep', 'compilation'),
  coverId: Type.Optional(Type.String()),
  /** Two CSS colours taken from the cover, background first. */
  colors: Type.Optional(Type.Array(Type.String({ pattern: '^#[0-9a-f]{6}$' }), { minItems: 2, maxItems: 2 })),
  genres: Type.Array(Name),
  year: Type.Optional(Type.Integer()),
  releasedAtMs: Type.Optional(TimeMs),
  label: Type.Optional(Name),
  songCount: Type.Integer({ minimum: 0 }),
  durationMs: DurationMs,
  addedAtMs: TimeMs,
});
export type AlbumView = Static<typeof AlbumView>;

export const ArtistView = object({
  artistId: Id,
  name: Name,
  genres: Type.Array(Name),
  about: Type.Optional(Type.String({ maxLength: 4000 })),
  coverId: Type.Optional(Type.String()),
  albumCount: Type.Integer({ minimum: 0 }),
  songCount: Type.Integer({ minimum: 0 }),
});
export type ArtistView = Static<typeof ArtistView>;

export const LyricsLine = object({ atMs: Type.Optional(DurationMs), text: Type.String({ maxLength: 1000 }) });
export const Lyrics = object({
  songId: Id,
  synced: Type.Boolean(),
  language: Type.Optional(Type.String()),
  lines: Type.Array(LyricsLine, { maxItems: 5000 }),
});
export type Lyrics = Static<typeof Lyrics>;

/** What player-session needs to know of a song before it may sound. */
export const PlayableSong = object({
  songId: Id,
  albumId: Id,
  durationMs: DurationMs,
  explicit: Type.Boolean(),
  rungs: Type.Array(Rung),
  unavailable: Type.Optional(Unavailable),
});
export type PlayableSong = Static<typeof PlayableSong>;

/** One song as ingest hands it over, with its album and artists: whole, so that it can be sent again. */
export const SongRelease = object({
  songId: Id,
  title: Name,
  album: object({
    albumId: Id,
    title: Name,
    artists: Type.Array(ArtistRef, { minItems: 1, maxItems: 100 }),
    type: AlbumView.properties.type,
    releasedAtMs: Type.Optional(TimeMs),
    label: Type.Optional(Name),
    coverId: Type.Optional(Type.String()),
    colors: AlbumView.properties.colors,
  }),
  artists: Type.Array(ArtistRef, { minItems: 1, maxItems: 100 }),
  artistAbout: Type.Optional(Type.Record(Id, Type.String({ maxLength: 4000 }))),
  discNumber: Type.Integer({ minimum: 1 }),
  trackNumber: Type.Integer({ minimum: 0 }),
  durationMs: DurationMs,
  explicit: Type.Boolean(),
  genres: Type.Array(Name, { maxItems: 20 }),
  moods: Type.Array(Name, { maxItems: 20 }),
  language: Type.Optional(Type.String({ maxLength: 35 })),
  year: Type.Optional(Type.Integer({ minimum: 0, maximum: 9999 })),
  isrc: Type.Optional(Isrc),
  credits: Type.Array(Credit, { maxItems: 100 }),
  rights: Type.Array(RightsWindow, { maxItems: 100 }),
  lyrics: Type.Optional(Lyrics),
  loudness: Type.Optional(Loudness),
  hasPreview: Type.Boolean(),
  rungs: Type.Array(Rung),
});
export type SongRelease = Static<typeof SongRelease>;

export const catalogContract = defineContract({
  name: 'catalog',
  actions: {
    song: query('A song', { params: object({ songId: Id, ...viewer }), result: SongView }),
    songs: query('Several songs, in the order asked for; unknown ones are left out', {
      params: object({ songIds: Type.Array(Id, { maxItems: 100 }), ...viewer }),
      result: object({ items: Type.Array(SongView) }),
    }),
    playable: query('What a player session needs to know of songs; unknown ones are left out', {
      params: object({ songIds: Type.Array(Id, { maxItems: 100 }), ...viewer }),
      result: object({ items: Type.Array(PlayableSong) }),
    }),
    lyrics: query('The lyrics of a song, timed where they are synced', {
      params: object({ songId: Id }),
      result: Lyrics,
    }),
    credits: query('Who made a song and how its income is shared', {
      params: object({ songId: Id }),
      result: object({ songId: Id, items: Type.Array(Credit), rights: Type.Array(RightsWindow) }),
    }),
    album: query('An album with its songs in order', {
      params: object({ albumId: Id, ...viewer }),
      result: object({ ...AlbumView.properties, songs: Type.Array(SongView) }),
    }),
    albums: query('Albums', {
      params: object({
        sort: Type.Optional(literals('added', 'title', 'year')),
        genre: Type.Optional(Name),
        ...Page,
      }),
      result: pageOf(AlbumView),
    }),
    artist: query('An artist with albums and songs', {
      params: object({ artistId: Id, ...viewer }),
      result: object({
        ...ArtistView.properties,
        albums: Type.Array(AlbumView),
        songs: Type.Array(SongView),
      }),
    }),
    artists: query('Artists by name', { params: object(Page), result: pageOf(ArtistView) }),
    genres: query('Genres with the number of songs', {
      params: Empty,
      result: object({ items: Type.Array(object({ name: Name, songCount: Type.Integer() })) }),
    }),
    albumsById: query('Several albums, in the order asked for; unknown ones are left out', {
      params: object({ albumIds: Type.Array(Id, { maxItems: 100 }) }),
      result: object({ items: Type.Array(AlbumView) }),
    }),
    artistsById: query('Several artists, in the order asked for; unknown ones are left out', {
      params: object({ artistIds: Type.Array(Id, { maxItems: 100 }) }),
      result: object({ items: Type.Array(ArtistView) }),
    }),
    /**
     * For whoever keeps a copy by the journal: a cached answer could be older than the event. Every event of
     * these songs that is in the journal at the time of the call is in the answer.
     */
    uncached: query('Songs, albums and artists as the journal has them, without those removed', {
      params: object({
        songIds: Type.Array(Id, { maxItems: 100 }),
        albumIds: Type.Array(Id, { maxItems: 100 }),
        artistIds: Type.Array(Id, { maxItems: 100 }),
      }),
      result: object({
        songs: Type.Array(SongView),
        albums: Type.Array(AlbumView),
        artists: Type.Array(ArtistView),
        lyrics: Type.Array(Lyrics),
      }),
    }),
    /** Newest first; used to build search and to page through everything. */
    allSongs: query('All songs', { params: object({ ...viewer, ...Page }), result: pageOf(SongView) }),
    counts: query('How much there is', {
      params: Empty,
      result: object({ songs: Type.Integer(), albums: Type.Integer(), artists: Type.Integer() }),
    }),
    release: command('Put a song into the catalogue, or correct it', {
      params: SongRelease,
      result: object({ songId: Id, created: Type.Boolean() }),
      idempotent: true,
    }),
    remove: command('Take a song out of the catalogue', {
      params: object({ songId: Id }),
      result: Empty,
      idempotent: true,
    }),
  },
});

/**
 * Journal stream `catalog`, subject `catalog.<songId>`: consumers index, warm and drop cached copies. The
 * records also hold what was released, which is the catalogue's own business.
 */
export const CATALOG_STREAM = 'catalog';
export interface CatalogEvent {
  readonly type: 'songReleased' | 'songRemoved';
  readonly songId: string;
  readonly albumId: string;
  /** The album the song was in before, when it moves. */
  readonly previousAlbumId?: string;
  /** All artists whose page changes: of the song and its album, before and after. */
  readonly artistIds: readonly string[];
}
/** Topic on which the same events reach open players, once pages show them. */
export const CATALOG_TOPIC = 'catalog';
