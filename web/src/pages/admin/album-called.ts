import { api } from '../../api/api.ts';

interface Artist {
  readonly artistId: string;
}

/** An album of one of these artists that has this title; else a new one is made. */
export async function albumCalled(
  title: string,
  artists: readonly Artist[],
): Promise<{ albumId: string } | { title: string }> {
  const { albums } = await api.search(title, 'album');
  const same = albums?.items.find(
    (album) =>
      album.title.toLocaleLowerCase() === title.toLocaleLowerCase() &&
      album.artists.some(({ artistId }) => artists.some((artist) => artist.artistId === artistId)),
  );
  return same ? { albumId: same.albumId } : { title };
}
