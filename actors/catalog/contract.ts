import { type Static, Type } from 'typebox';
import { RELEASES_AT_ONCE_MAX } from '../../config/limits.ts';
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
import { correctionActions } from './corrections-contract.ts';
import { AlbumType, Name, Year } from './views-contract.ts';

const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 100 }));
const Page = { cursor: Type.Optional(Cursor), limit: Limit };
/** Whose eyes see it: songs are marked with whether they can be played there, now. */
const viewer = { country: Type.Optional(Country) };

/** Renditions by nominal bit rate in kbit/s (24 is mono). */
export const RUNGS = [24, 96, 160, 320] as const;
export const Rung = Type.Unsafe<(typeof RUNGS)[number]>({ type: 'integer', enum: [...RUNGS] });
export type Rung = Static<typeof Rung>;

/** MusicBrainz identifiers, in lower case. */
export const Mbid = Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' });

export const ArtistRef = object({
  artistId: Id,
  name: Name,
  sortName: Type.Optional(Name),
  mbid: Type.Optional(Mbid),
});
export type ArtistRef = Static<typeof ArtistRef>;

export const Loudness = object({
  integratedLufs: Type.Number({ description: 'EBU R 128 programme loudness, LUFS' }),
  truePeakDbtp: Type.Optional(Type.Number({ description: 'dBTP; absent when only the loudness is known' })),
});
export type Loudness = Static<typeof Loudness>;

export const AlbumRef = object({
  albumId: Id,
  title: Name,
  coverId: Type.Optional(Type.String()),
  /** Of the album as a whole: what keeps quiet songs quiet beside loud ones. */
  loudness: Type.Optional(Loudness),
});

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

export const CreditRole = literals(
  'performer',
  'soloist',
  'conductor',
  'orchestra',
  'ensemble',
  'songwriter',
  'composer',
  'lyricist',
  'arranger',
  'producer',
  'engineer',
  'mixer',
  'remixer',
  'label',
  'publisher',
);
/** Shares are in basis points; those of one song sum to 10,000. */
export const Credit = object({
  role: CreditRole,
  name: Name,
  instrument: Type.Optional(Name),
  shareBp: Type.Integer({ minimum: 0, maximum: 10_000 }),
});
export type Credit = Static<typeof Credit>;

/** The best file of a song as it lies on disk; where it is given, that file can be had as it is. */
export const Original = object({
  format: literals('flac', 'mp3', 'ogg', 'opus', 'm4a', 'wav', 'aiff'),
  codec: Type.String({ maxLength: 100 }),
  mimeType: Type.String({ maxLength: 200 }),
  lossless: Type.Boolean(),
  kbps: Type.Number({ minimum: 0 }),
  sampleRateHz: Type.Integer({ minimum: 1 }),
  bitDepth: Type.Optional(Type.Integer({ minimum: 1 })),
  channels: Type.Integer({ minimum: 1 }),
  bytes: Type.Integer({ minimum: 0 }),
});
export type Original = Static<typeof Original>;

/** The part of a classical work that a song is. */
export const Movement = object({
  name: Type.Optional(Name),
  number: Type.Optional(Type.Integer({ minimum: 1 })),
  total: Type.Optional(Type.Integer({ minimum: 1 })),
});

/** Facts of a song that a release and a view have in common and that may be unknown. */
const songFacts = {
  sortTitle: Type.Optional(Name),
  /** The artist credit as tagged ("A feat. B"), when it is more than the names joined. */
  displayArtist: Type.Optional(Name),
  work: Type.Optional(Name),
  movement: Type.Optional(Movement),
  recordingMbid: Type.Optional(Mbid),
  original: Type.Optional(Original),
};

/** Likewise of an album. */
const albumFacts = {
  sortTitle: Type.Optional(Name),
  /** When the music first came out; `year` is that of this edition. */
  originalYear: Type.Optional(Year),
  releasedAtMs: Type.Optional(TimeMs),
  label: Type.Optional(Name),
  mbid: Type.Optional(Mbid),
  releaseGroupMbid: Type.Optional(Mbid),
  /** Made of songs by different artists. */
  compilation: Type.Optional(Type.Boolean()),
  /** By disc number, of those discs that have a title. */
  discTitles: Type.Optional(Type.Record(Type.String({ pattern: '^[1-9][0-9]{0,2}$' }), Name)),
  loudness: Type.Optional(Loudness),
};

export const SongView = object({
  songId: Id,
  title: Name,
  ...songFacts,
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
  /** Of those credited: who wrote the music. */
  composers: Type.Optional(Type.Array(Name)),
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
  type: AlbumType,
  coverId: Type.Optional(Type.String()),
  genres: Type.Array(Name),
  year: Type.Optional(Type.Integer()),
  ...albumFacts,
  songCount: Type.Integer({ minimum: 0 }),
  durationMs: DurationMs,
  addedAtMs: TimeMs,
});
export type AlbumView = Static<typeof AlbumView>;

export const ArtistView = object({
  ...ArtistRef.properties,
  genres: Type.Array(Name),
  about: Type.Optional(Type.String({ maxLength: 4000 })),
  coverId: Type.Optional(Type.String()),
  /** Albums of their own, and those that they only appear on. */
  albumCount: Type.Integer({ minimum: 0 }),
  appearsOnCount: Type.Integer({ minimum: 0 }),
  songCount: Type.Integer({ minimum: 0 }),
});
export type ArtistView = Static<typeof ArtistView>;

/** What an artist's albums are parted into on their page. */
export const ArtistSection = literals('album', 'ep', 'single', 'compilation', 'appearsOn');
export type ArtistSection = Static<typeof ArtistSection>;

/** By its first year. */
const Decade = Type.Integer({ minimum: 0, maximum: 9990, multipleOf: 10 });

export const LyricsWord = object({ atMs: DurationMs, text: Type.String({ maxLength: 1000 }) });
export const LyricsLine = object({
  atMs: Type.Optional(DurationMs),
  text: Type.String({ maxLength: 1000 }),
  /** Where words are timed by themselves; together they are the line's text. */
  words: Type.Optional(Type.Array(LyricsWord, { maxItems: 1000 })),
});
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
  /** The first of its artists. */
  artistId: Type.Optional(Id),
  durationMs: DurationMs,
  explicit: Type.Boolean(),
  rungs: Type.Array(Rung),
  original: Type.Optional(Original),
  unavailable: Type.Optional(Unavailable),
});
export type PlayableSong = Static<typeof PlayableSong>;

/** One song as ingest hands it over, with its album and artists: whole, so that it can be sent again. */
export const SongRelease = object({
  songId: Id,
  title: Name,
  ...songFacts,
  album: object({
    albumId: Id,
    title: Name,
    ...albumFacts,
    artists: Type.Array(ArtistRef, { minItems: 1, maxItems: 100 }),
    type: AlbumView.properties.type,
    /** Absent: the latest of its songs. */
    year: Type.Optional(Year),
    coverId: Type.Optional(Type.String()),
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
  year: Type.Optional(Year),
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
    ...correctionActions,
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
        sort: Type.Optional(literals('added', 'title', 'artist', 'year')),
        /** Filters hold together; a page that many albums do not fit may be short and still have a next one. */
        genre: Type.Optional(Name),
        decade: Type.Optional(Decade),
        type: Type.Optional(AlbumView.properties.type),
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
    artistAlbums: query('All albums of an artist, newest first', {
      params: object({ artistId: Id, section: Type.Optional(ArtistSection), ...Page }),
      result: pageOf(AlbumView),
    }),
    artistSongs: query('All songs of an artist, in the order of their albums', {
      params: object({ artistId: Id, ...viewer, ...Page }),
      result: pageOf(SongView),
    }),
    artistSongIds: query('As artistSongs, by id alone: for whoever ranks them', {
      params: object({
        artistId: Id,
        cursor: Type.Optional(Cursor),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
      }),
      result: pageOf(Id),
    }),
    artists: query('Artists by name for sorting', {
      params: object({ of: Type.Optional(literals('albums', 'songs')), ...Page }),
      result: pageOf(ArtistView),
    }),
    genres: query('Genres, those with most songs first', {
      params: Empty,
      result: object({
        items: Type.Array(
          object({
            name: Name,
            songCount: Type.Integer(),
            albumCount: Type.Integer(),
            coverId: Type.Optional(Type.String()),
          }),
        ),
      }),
    }),
    decades: query('Decades with the number of albums, newest first', {
      params: Empty,
      result: object({ items: Type.Array(object({ decade: Decade, albumCount: Type.Integer() })) }),
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
    allSongs: query('All songs, newest first or by title', {
      params: object({ sort: Type.Optional(literals('added', 'title')), ...viewer, ...Page }),
      result: pageOf(SongView),
    }),
    counts: query('How much there is', {
      params: Empty,
      result: object({ songs: Type.Integer(), albums: Type.Integer(), artists: Type.Integer() }),
    }),
    release: command('Put a song into the catalogue, or correct it', {
      params: SongRelease,
      result: object({ songId: Id, created: Type.Boolean() }),
      idempotent: true,
    }),
    /** As `release` for each of them, for far less work; what is wrong with one song keeps no other out. */
    releaseMany: command('Put songs into the catalogue, or correct them', {
      params: object({ songs: Type.Array(SongRelease, { minItems: 1, maxItems: RELEASES_AT_ONCE_MAX }) }),
      result: object({
        items: Type.Array(object({ songId: Id, created: Type.Boolean() })),
        refused: Type.Array(object({ songId: Id, code: Type.String(), why: Type.String() })),
      }),
      idempotent: true,
    }),
    /** Laid over what the release says, and kept when the song is released again. */
    packaged: command('Tell what packaging has found out about a song', {
      params: object({
        songId: Id,
        loudness: Type.Optional(Loudness),
        hasPreview: Type.Boolean(),
      }),
      result: Empty,
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
  readonly type: 'songReleased' | 'songPackaged' | 'songCorrected' | 'songRemoved';
  readonly songId: string;
  readonly albumId: string;
  /** The album the song was in before, when it moves. */
  readonly previousAlbumId?: string;
  /** All artists whose page changes: of the song and its album, before and after. */
  readonly artistIds: readonly string[];
}
/** Topic on which the same events reach open players, once pages show them. */
export const CATALOG_TOPIC = 'catalog';
