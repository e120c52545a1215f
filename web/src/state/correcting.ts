/** What an administrator is about to correct, and how. */
import { signal } from '@preact/signals';
import type { AlbumView, ArtistView, SongView } from '../../../actors/catalog/contract.ts';

export type Correcting =
  | { readonly s: 'song'; readonly song: SongView }
  | { readonly s: 'album' | 'mergeAlbums' | 'splitAlbum'; readonly album: AlbumView }
  | { readonly s: 'artist' | 'mergeArtists' | 'splitArtist'; readonly artist: ArtistView };

export const correcting = signal<Correcting | undefined>(undefined);
