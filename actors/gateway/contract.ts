import { type Static, Type } from 'typebox';
import { ARTIST_TOP_AGE_MS_MAX, TELEMETRY_EVENTS_MAX } from '../../config/limits.ts';
import {
  Country,
  command,
  defineContract,
  Empty,
  Id,
  literals,
  object,
  query,
  TimeMs,
} from '../../kit/contract.ts';
import { AlbumView, ArtistView, Rung, SongView } from '../catalog/contract.ts';

const ofPlay = { playId: Type.Optional(Id) };

export const PlaybackStart = object({
  type: literals('playbackStart'),
  ...ofPlay,
  startupMs: Type.Integer({ minimum: 0, maximum: 600_000, description: 'From the click to sound' }),
  how: literals('cold', 'prefetched'),
});
export const Underrun = object({
  type: literals('underrun'),
  ...ofPlay,
  stalledMs: Type.Integer({ minimum: 0, maximum: 600_000, description: 'How long it was silent' }),
});
export const PlaybackError = object({
  type: literals('error'),
  ...ofPlay,
  code: literals('network', 'manifest', 'key', 'media', 'decode', 'other'),
});
export const RungSwitch = object({
  type: literals('rungSwitch'),
  ...ofPlay,
  fromRung: Rung,
  toRung: Rung,
});

export const ClientEvent = Type.Union([PlaybackStart, Underrun, PlaybackError, RungSwitch]);
export type ClientEvent = Static<typeof ClientEvent>;

const playedAt = { playedAtMs: TimeMs };

/** A row of the first page; a new account's has no rows of what was played. */
export const HomeRow = Type.Union([
  object({
    row: literals('recentlyPlayed'),
    items: Type.Array(
      Type.Union([
        object({ type: literals('album'), album: AlbumView, ...playedAt }),
        object({ type: literals('artist'), artist: ArtistView, ...playedAt }),
      ]),
    ),
  }),
  object({
    row: literals('mostPlayed'),
    items: Type.Array(object({ song: SongView, plays: Type.Integer({ minimum: 1 }) })),
  }),
  object({ row: literals('recentlyAdded'), albums: Type.Array(AlbumView) }),
  object({ row: literals('genre'), genre: Type.String(), albums: Type.Array(AlbumView) }),
  object({ row: literals('decade'), decade: Type.Integer(), albums: Type.Array(AlbumView) }),
]);
export type HomeRow = Static<typeof HomeRow>;

export const ArtistTopSong = object({
  song: SongView,
  streams: Type.Integer({ minimum: 1 }),
  listeners: Type.Integer({ minimum: 1 }),
});
export type ArtistTopSong = Static<typeof ArtistTopSong>;

export const gatewayContract = defineContract({
  name: 'gateway',
  actions: {
    /** It becomes metrics and nothing else: no row says who heard what how well. */
    events: command('Report how playback went, in batches', {
      params: object({ events: Type.Array(ClientEvent, { minItems: 1, maxItems: TELEMETRY_EVENTS_MAX }) }),
      result: Empty,
    }),
    home: query('The first page, row by row', {
      params: object({ userId: Id, country: Type.Optional(Country) }),
      result: object({ rows: Type.Array(HomeRow) }),
    }),
    artistTop: query('Songs of an artist that everyone streams most; those never streamed are left out', {
      params: object({
        artistId: Id,
        country: Type.Optional(Country),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
      }),
      result: object({ items: Type.Array(ArtistTopSong) }),
      cachedMs: ARTIST_TOP_AGE_MS_MAX,
    }),
  },
});
