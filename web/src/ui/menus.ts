/** What can be done with a song, an album and an artist, wherever they are shown. */
import type { AlbumView, ArtistView, SongView } from '../../../actors/catalog/contract.ts';
import { api } from '../api/api.ts';
import { likes, toggleLike } from '../state/library.ts';
import { enqueue, play } from '../state/player.ts';
import { toastError } from '../state/toasts.ts';
import { creditsOf } from '../state/view.ts';
import { t } from '../texts/texts.ts';
import { albumEdits, artistEdits, songEdits } from './edit-actions.ts';
import type { MenuItem } from './parts/menu.tsx';

type Op = Parameters<typeof enqueue>[0];

export function songMenu(song: SongView): readonly MenuItem[] {
  const { songId, title, album, artists } = song;
  const disabled = Boolean(song.unavailable);
  const liked = likes.value.has(songId);
  return [
    { label: t('action.playNext'), icon: 'playNext', disabled, act: () => enqueue('playNext', [songId]) },
    { label: t('action.addToQueue'), icon: 'queue', disabled, act: () => enqueue('add', [songId]) },
    {
      label: liked ? t('action.unlike') : t('action.like'),
      icon: liked ? 'heartOn' : 'heart',
      act: () => toggleLike(songId),
    },
    { label: t('action.goToAlbum'), icon: 'disc', href: `/albums/${album.albumId}`, separated: true },
    ...artists.map(({ artistId, name }) => ({
      label: artists.length > 1 ? t('action.goTo', { name }) : t('action.goToArtist'),
      icon: 'person' as const,
      href: `/artists/${artistId}`,
    })),
    {
      label: t('action.showCredits'),
      icon: 'credits',
      act: () => {
        creditsOf.value = { songId, title };
      },
    },
    ...songEdits(song),
  ];
}

async function enqueueAlbum(op: Op, albumId: string): Promise<void> {
  try {
    const { songs } = await api.album(albumId);
    await enqueue(
      op,
      songs.filter((song) => !song.unavailable).map((song) => song.songId),
    );
  } catch (error) {
    toastError(error);
  }
}

export function albumMenu(album: AlbumView): readonly MenuItem[] {
  const { albumId, artists } = album;
  const context = { type: 'album', id: albumId } as const;
  return [
    { label: t('action.play'), icon: 'play', act: () => play({ context, shuffle: false }) },
    { label: t('action.shuffle'), icon: 'shuffle', act: () => play({ context, shuffle: true }) },
    { label: t('action.playNext'), icon: 'playNext', act: () => enqueueAlbum('playNext', albumId) },
    { label: t('action.addToQueue'), icon: 'queue', act: () => enqueueAlbum('add', albumId) },
    ...artists.map(({ artistId, name }, i) => ({
      label: artists.length > 1 ? t('action.goTo', { name }) : t('action.goToArtist'),
      icon: 'person' as const,
      href: `/artists/${artistId}`,
      separated: i === 0,
    })),
    ...albumEdits(album),
  ];
}

/** @param isHere its page is the one that is open */
export function artistMenu(artist: ArtistView, isHere = false): readonly MenuItem[] {
  const { artistId } = artist;
  const context = { type: 'artist', id: artistId } as const;
  return [
    { label: t('action.play'), icon: 'play', act: () => play({ context, shuffle: false }) },
    { label: t('action.shuffle'), icon: 'shuffle', act: () => play({ context, shuffle: true }) },
    ...(isHere
      ? []
      : [
          {
            label: t('action.goToArtist'),
            icon: 'person' as const,
            href: `/artists/${artistId}`,
            separated: true,
          },
        ]),
    ...artistEdits(artist),
  ];
}
