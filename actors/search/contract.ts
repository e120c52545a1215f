import { type Static, Type } from 'typebox';
import { SEARCH_ANSWER_AGE_MS_MAX } from '../../config/limits.ts';
import { Country, defineContract, literals, object, query } from '../../kit/contract.ts';
import { AlbumView, ArtistView, SongView } from '../catalog/contract.ts';

export const SearchType = literals('song', 'album', 'artist');
export type SearchType = Static<typeof SearchType>;

const found = <T extends Parameters<typeof Type.Array>[0]>(item: T) =>
  object({ total: Type.Integer({ minimum: 0 }), items: Type.Array(item) });

export const searchContract = defineContract({
  name: 'search',
  actions: {
    search: query('Songs, albums and artists; typos are forgiven and the last word may be unfinished', {
      cachedMs: SEARCH_ANSWER_AGE_MS_MAX,
      params: object({
        query: Type.String({ minLength: 1, maxLength: 200 }),
        /** Absent: all three. */
        type: Type.Optional(SearchType),
        country: Type.Optional(Country),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50 })),
        offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 1000 })),
      }),
      result: object({
        songs: Type.Optional(found(SongView)),
        albums: Type.Optional(found(AlbumView)),
        artists: Type.Optional(found(ArtistView)),
      }),
    }),
  },
});
