/**
 * The rows of the first page, put together from what the catalogue has and what the listener heard: one answer,
 * since a page that comes in parts jumps. Rows that would be empty are left out.
 */
import {
  HOME_ALBUMS_MAX,
  HOME_ALBUMS_MIN,
  HOME_DECADES_MAX,
  HOME_GENRES_MAX,
  HOME_NEW_ALBUMS_MAX,
  HOME_SONGS_MAX,
  HOME_TOP_DAYS,
  RECENT_CONTEXTS_MAX,
} from '../../config/limits.ts';
import type { Client } from '../../kit/client.ts';
import { logger } from '../../kit/log.ts';
import { ID_PATTERN } from '../../kit/sources.ts';
import type { AlbumView, ArtistView, catalogContract, SongView } from '../catalog/contract.ts';
import type { historyContract, RecentItem, TopSong } from '../history/contract.ts';
import type { HomeRow } from './contract.ts';

const log = logger('gateway');

export interface HomeDeps {
  readonly catalog: Pick<
    Client<typeof catalogContract>,
    'albums' | 'albumsById' | 'artistsById' | 'decades' | 'genres' | 'songs'
  >;
  readonly history: Pick<Client<typeof historyContract>, 'recentContexts' | 'top'>;
}

interface Viewer {
  readonly userId: string;
  readonly country?: string;
}

const isId = (text: string): boolean => new RegExp(ID_PATTERN).test(text);

export function createHome({ catalog, history }: HomeDeps) {
  /** What a listener heard is no reason to show no music. */
  const heard = async <T>(what: string, ask: Promise<{ items: T[] }>): Promise<T[]> => {
    try {
      return (await ask).items;
    } catch (error) {
      log.warn({ err: error, what }, 'left out of the first page');
      return [];
    }
  };

  const songsOf = async (songIds: readonly string[], { country }: Viewer): Promise<Map<string, SongView>> => {
    if (songIds.length === 0) return new Map();
    const { items } = await catalog.songs({ songIds: [...songIds], ...(country && { country }) });
    const there = items.filter(({ unavailable }) => unavailable !== 'REMOVED');
    return new Map(there.map((song) => [song.songId, song]));
  };

  /** A song by itself stands for its album; playlists are shown by whoever has them. */
  async function recentlyPlayed(recent: readonly RecentItem[], viewer: Viewer): Promise<HomeRow[]> {
    const songs = await songsOf(
      recent.filter(({ type }) => type === 'song').map(({ id }) => id),
      viewer,
    );
    const places = recent.flatMap(({ type, id, playedAtMs }) => {
      const placeId = type === 'song' ? songs.get(id)?.album.albumId : id;
      if (placeId === undefined || !isId(placeId) || type === 'playlist') return [];
      return { type: type === 'artist' ? ('artist' as const) : ('album' as const), id: placeId, playedAtMs };
    });
    const [albums, artists] = await Promise.all([
      byId(places, 'album', async (albumIds) => (await catalog.albumsById({ albumIds })).items),
      byId(places, 'artist', async (artistIds) => (await catalog.artistsById({ artistIds })).items),
    ]);
    const shown = new Map<string, (HomeRow & { row: 'recentlyPlayed' })['items'][number]>();
    for (const { type, id, playedAtMs } of places) {
      const [album, artist] = [albums.get(id), artists.get(id)];
      if (shown.has(`${type} ${id}`)) continue;
      if (type === 'album' && album) shown.set(`album ${id}`, { type, album, playedAtMs });
      if (type === 'artist' && artist) shown.set(`artist ${id}`, { type, artist, playedAtMs });
    }
    const items = [...shown.values()].slice(0, HOME_ALBUMS_MAX);
    return items.length > 0 ? [{ row: 'recentlyPlayed', items }] : [];
  }

  const albumsWhere = async (filter: { genre: string } | { decade: number }): Promise<AlbumView[]> =>
    (await catalog.albums({ ...filter, sort: 'added', limit: HOME_ALBUMS_MAX })).items;

  async function byGenre(top: readonly TopSong[], songs: ReadonlyMap<string, SongView>): Promise<HomeRow[]> {
    const { items } = await catalog.genres({});
    const weights = new Map<string, number>();
    for (const { songId, plays } of top) {
      for (const genre of songs.get(songId)?.genres ?? []) {
        weights.set(genre.toLowerCase(), (weights.get(genre.toLowerCase()) ?? 0) + plays);
      }
    }
    const weightOf = ({ name }: { name: string }): number => weights.get(name.toLowerCase()) ?? 0;
    const chosen = items
      .filter(({ albumCount }) => albumCount >= HOME_ALBUMS_MIN)
      // The catalogue's order, by how many songs there are, holds among equals.
      .sort((a, b) => weightOf(b) - weightOf(a))
      .slice(0, HOME_GENRES_MAX);
    return Promise.all(
      chosen.map(async ({ name }) => ({
        row: 'genre' as const,
        genre: name,
        albums: await albumsWhere({ genre: name }),
      })),
    );
  }

  async function byDecade(): Promise<HomeRow[]> {
    const { items } = await catalog.decades({});
    const largest = items
      .filter(({ albumCount }) => albumCount >= HOME_ALBUMS_MIN)
      .sort((a, b) => b.albumCount - a.albumCount)
      .slice(0, HOME_DECADES_MAX)
      .sort((a, b) => b.decade - a.decade);
    return Promise.all(
      largest.map(async ({ decade }) => ({
        row: 'decade' as const,
        decade,
        albums: await albumsWhere({ decade }),
      })),
    );
  }

  return async (viewer: Viewer): Promise<{ rows: HomeRow[] }> => {
    const { userId } = viewer;
    const [added, top, recent, decades] = await Promise.all([
      catalog.albums({ sort: 'added', limit: HOME_NEW_ALBUMS_MAX }),
      heard('most played', history.top({ userId, days: HOME_TOP_DAYS, limit: HOME_SONGS_MAX })),
      heard('recently played', history.recentContexts({ userId, limit: RECENT_CONTEXTS_MAX })),
      byDecade(),
    ]);
    const songs = await songsOf(
      top.map(({ songId }) => songId),
      viewer,
    );
    const [played, genres] = await Promise.all([recentlyPlayed(recent, viewer), byGenre(top, songs)]);
    const most = top.flatMap(({ songId, plays }) => {
      const song = songs.get(songId);
      return song ? { song, plays } : [];
    });
    const rows: HomeRow[] = [
      ...played,
      ...(most.length > 0 ? [{ row: 'mostPlayed' as const, items: most }] : []),
      ...(added.items.length > 0 ? [{ row: 'recentlyAdded' as const, albums: added.items }] : []),
      ...genres,
      ...decades,
    ];
    // A catalogue's numbers can be ahead of its lists for a moment.
    return { rows: rows.filter((row) => !('albums' in row) || row.albums.length > 0) };
  };
}

async function byId<V extends AlbumView | ArtistView>(
  places: readonly { readonly type: 'album' | 'artist'; readonly id: string }[],
  type: 'album' | 'artist',
  load: (ids: string[]) => Promise<V[]>,
): Promise<Map<string, V>> {
  const ids = [...new Set(places.filter((place) => place.type === type).map(({ id }) => id))];
  if (ids.length === 0) return new Map();
  const views = await load(ids);
  return new Map(views.map((view) => ['albumId' in view ? view.albumId : view.artistId, view]));
}
