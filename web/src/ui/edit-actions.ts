/** What administrators find at the end of the menus of songs, albums and artists. */
import type { AlbumView, ArtistView, SongView } from '../../../actors/catalog/contract.ts';
import { type Correcting, correcting } from '../state/correcting.ts';
import { profile } from '../state/session.ts';
import { type TextKey, t } from '../texts/texts.ts';
import type { MenuItem } from './parts/menu.tsx';

const isAdmin = (): boolean => profile()?.roles.includes('admin') === true;

const item = (label: TextKey, what: Correcting, separated = false): MenuItem => ({
  label: t(label),
  ...(separated && { separated }),
  act: () => {
    correcting.value = what;
  },
});

export const songEdits = (song: SongView): readonly MenuItem[] =>
  isAdmin() ? [item('edit.correct', { s: 'song', song }, true)] : [];

export const albumEdits = (album: AlbumView): readonly MenuItem[] =>
  isAdmin()
    ? [
        item('edit.correct', { s: 'album', album }, true),
        item('edit.merge', { s: 'mergeAlbums', album }),
        item('edit.splitAlbum', { s: 'splitAlbum', album }),
      ]
    : [];

export const artistEdits = (artist: ArtistView): readonly MenuItem[] =>
  isAdmin()
    ? [
        item('edit.correct', { s: 'artist', artist }, true),
        item('edit.merge', { s: 'mergeArtists', artist }),
        item('edit.splitArtist', { s: 'splitArtist', artist }),
      ]
    : [];
