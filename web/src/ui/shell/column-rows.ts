/** What the library column lists: any kind of thing, each as a row. */
import type { AlbumView, ArtistView, SongView } from '../../../../actors/catalog/contract.ts';
import { api } from '../../api/api.ts';
import { need, remember, rememberLiked, songOf } from '../../state/library.ts';
import { play } from '../../state/player.ts';
import type { ColumnList } from '../../state/view.ts';
import { t } from '../../texts/texts.ts';
import { albumMenu, artistMenu, songMenu } from '../menus.ts';
import type { MenuItem } from '../parts/menu.tsx';

const PAGE = 100;

export interface Row {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly coverId: string | undefined;
  readonly href: string | undefined;
  readonly menu: () => readonly MenuItem[];
  readonly start?: () => unknown;
  readonly round?: boolean;
}

interface Page {
  readonly items: readonly Row[];
  readonly nextCursor?: string;
}
const paged = (items: readonly Row[], nextCursor: string | undefined): Page => ({
  items,
  ...(nextCursor && { nextCursor }),
});

const namesOf = (artists: readonly { readonly name: string }[]): string =>
  artists.map((artist) => artist.name).join(', ');

const albumRow = (album: AlbumView): Row => ({
  id: album.albumId,
  title: album.title,
  note: namesOf(album.artists),
  coverId: album.coverId,
  href: `/albums/${album.albumId}`,
  menu: () => albumMenu(album),
});

const artistRow = (artist: ArtistView): Row => ({
  id: artist.artistId,
  title: artist.name,
  note: t('count.songs', { n: artist.songCount }),
  coverId: artist.coverId,
  href: `/artists/${artist.artistId}`,
  menu: () => artistMenu(artist),
  round: true,
});

const songRow = (song: SongView, type: 'songs' | 'likes'): Row => ({
  id: song.songId,
  title: song.title,
  note: namesOf(song.artists),
  coverId: song.album.coverId,
  href: undefined,
  menu: () => songMenu(song),
  start: () => play({ context: { type }, songIds: [song.songId], songId: song.songId }),
});

export async function loadRows(list: ColumnList, sort: string, cursor?: string): Promise<Page> {
  const query = { limit: PAGE, ...(cursor && { cursor }) };
  switch (list) {
    case 'albums': {
      const { items, nextCursor } = await api.albums({ ...query, sort });
      return paged(items.map(albumRow), nextCursor);
    }
    case 'artists': {
      const { items, nextCursor } = await api.artists(query);
      return paged(items.map(artistRow), nextCursor);
    }
    case 'songs': {
      const { items, nextCursor } = await api.allSongs(query);
      remember(items);
      return paged(
        items.map((song) => songRow(song, 'songs')),
        nextCursor,
      );
    }
    case 'likes': {
      const { items, nextCursor } = await api.likes(query);
      const songIds = items.map((item) => item.songId);
      rememberLiked(songIds);
      await need(songIds);
      const found = songIds.flatMap((id) => songOf(id) ?? []);
      return paged(
        found.map((song) => songRow(song, 'likes')),
        nextCursor,
      );
    }
    case 'playlists':
      return paged([], undefined);
  }
}

/** What the service finds by a name in the whole of a list; it cannot search in a listener's own. */
export async function findRows(list: ColumnList, wanted: string): Promise<readonly Row[]> {
  switch (list) {
    case 'albums':
      return (await api.search(wanted, 'album')).albums?.items.map(albumRow) ?? [];
    case 'artists':
      return (await api.search(wanted, 'artist')).artists?.items.map(artistRow) ?? [];
    case 'songs': {
      const items = (await api.search(wanted, 'song')).songs?.items ?? [];
      remember(items);
      return items.map((song) => songRow(song, 'songs'));
    }
    case 'likes':
    case 'playlists':
      return [];
  }
}
