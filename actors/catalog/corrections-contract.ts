/** What administrators lay over what files say. It is kept over rescans and can be undone. */
import { type Static, Type } from 'typebox';
import { CORRECTION_TARGETS_MAX } from '../../config/limits.ts';
import {
  CommandId,
  Cursor,
  command,
  Id,
  literals,
  object,
  pageOf,
  query,
  TimeMs,
} from '../../kit/contract.ts';
import { AlbumType, Name, Year } from './views-contract.ts';

/** Exactly one of the two: an artist that is here, or the name of one (a new one if nobody has that name). */
export const ArtistChoice = object({ artistId: Type.Optional(Id), name: Type.Optional(Name) });
export type ArtistChoice = Static<typeof ArtistChoice>;
/** Exactly one of the two: an album that is here, or the title of a new one. */
export const AlbumChoice = object({ albumId: Type.Optional(Id), title: Type.Optional(Name) });
export type AlbumChoice = Static<typeof AlbumChoice>;

const Artists = Type.Optional(Type.Array(ArtistChoice, { minItems: 1, maxItems: 100 }));
const Ids = Type.Array(Id, { minItems: 1, maxItems: CORRECTION_TARGETS_MAX });

/** Only what is given is corrected. */
const songFields = {
  title: Type.Optional(Name),
  sortTitle: Type.Optional(Name),
  displayArtist: Type.Optional(Name),
  discNumber: Type.Optional(Type.Integer({ minimum: 1, maximum: 9999 })),
  trackNumber: Type.Optional(Type.Integer({ minimum: 0, maximum: 9999 })),
  year: Type.Optional(Year),
  genres: Type.Optional(Type.Array(Name, { maxItems: 20 })),
  explicit: Type.Optional(Type.Boolean()),
};
const albumFields = {
  title: Type.Optional(Name),
  sortTitle: Type.Optional(Name),
  type: Type.Optional(AlbumType),
  year: Type.Optional(Year),
  originalYear: Type.Optional(Year),
  label: Type.Optional(Name),
  coverId: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'A cover that is here' })),
};
const artistFields = { name: Type.Optional(Name), sortName: Type.Optional(Name) };

const SongFields = object(songFields);
export type SongFields = Static<typeof SongFields>;
const AlbumFields = object(albumFields);
export type AlbumFields = Static<typeof AlbumFields>;
const ArtistFields = object(artistFields);
export type ArtistFields = Static<typeof ArtistFields>;

const by = { byUserId: Id, commandId: Type.Optional(CommandId) };

export const CorrectionKind = literals(
  'song',
  'album',
  'artist',
  'mergeArtists',
  'splitArtist',
  'mergeAlbums',
  'splitAlbum',
);
export type CorrectionKind = Static<typeof CorrectionKind>;

export const CorrectionView = object({
  correctionId: Id,
  kind: CorrectionKind,
  byUserId: Id,
  atMs: TimeMs,
  /** The parameters of the command. */
  what: Type.Record(Type.String(), Type.Unknown()),
  /** How that which it concerns was called before. */
  about: Type.Array(Type.String()),
  /** How that is called into which it went. */
  into: Type.Optional(Type.String()),
  /** False while songs are still being brought in step. */
  done: Type.Boolean(),
  undone: Type.Optional(object({ byUserId: Id, atMs: TimeMs })),
});
export type CorrectionView = Static<typeof CorrectionView>;

const Corrected = object({
  correctionId: Id,
  /** Where it went, when an artist or album was found or made for it. */
  artistId: Type.Optional(Id),
  albumId: Type.Optional(Id),
});
export type Corrected = Static<typeof Corrected>;

export const correctionActions = {
  correctSong: command('Correct what a song says of itself', {
    params: object({ songId: Id, ...songFields, artists: Artists, album: Type.Optional(AlbumChoice), ...by }),
    result: Corrected,
  }),
  correctAlbum: command('Correct what an album says of itself', {
    params: object({ albumId: Id, ...albumFields, artists: Artists, ...by }),
    result: Corrected,
  }),
  correctArtist: command('Correct how an artist is written', {
    params: object({ artistId: Id, ...artistFields, ...by }),
    result: Corrected,
  }),
  mergeArtists: command('Make several artists one, also in files to come', {
    params: object({ artistId: Id, artistIds: Ids, ...by }),
    result: Corrected,
  }),
  splitArtist: command('Give some albums and songs of an artist to another one', {
    params: object({
      artistId: Id,
      into: ArtistChoice,
      albumIds: Type.Optional(Ids),
      songIds: Type.Optional(Ids),
      ...by,
    }),
    result: Corrected,
  }),
  mergeAlbums: command('Make several albums one', {
    params: object({ albumId: Id, albumIds: Ids, ...by }),
    result: Corrected,
  }),
  splitAlbum: command('Move some songs of an album to another one', {
    params: object({ albumId: Id, songIds: Ids, into: AlbumChoice, ...by }),
    result: Corrected,
  }),
  undoCorrection: command('Take a correction back: what lies below it shows again', {
    params: object({ correctionId: Id, ...by }),
    result: Corrected,
    idempotent: true,
  }),
  corrections: query('Corrections, newest first, with who made them', {
    params: object({
      cursor: Type.Optional(Cursor),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    }),
    result: pageOf(CorrectionView),
  }),
};
