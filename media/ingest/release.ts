/** The song as the catalogue takes it. */
import type { ArtistRef, SongRelease } from '../../actors/catalog/contract.ts';
import type { ArtistName, SongDescription } from '../files/description.ts';
import type { CatalogIds } from './ids.ts';

/** The least of the catalogue that ingest needs; the composition root backs it with the actor. */
export interface Catalog {
  /** Safe to send again. */
  release(song: SongRelease): Promise<unknown>;
}

/** What is not said of a song, but known of it. */
export type SongMade = Pick<
  SongRelease,
  'songId' | 'durationMs' | 'loudness' | 'hasPreview' | 'rungs' | 'original'
> &
  Pick<SongRelease['album'], 'coverId'>;

export async function releaseOf(
  { coverId, loudness, ...made }: SongMade,
  description: SongDescription,
  ids: CatalogIds,
): Promise<SongRelease> {
  const { album, artists, artistAbout, lyrics, cover: _image, ...said } = description;
  const refsOf = (names: readonly ArtistName[]): Promise<ArtistRef[]> => Promise.all(names.map(ids.artist));
  const [albumId, artistRefs, albumArtistRefs] = await Promise.all([
    ids.album(album),
    refsOf(artists),
    refsOf(album.artists),
  ]);
  const about = [...artists, ...album.artists].flatMap(({ name }, i) => {
    const text = artistAbout?.[name];
    const ref = [...artistRefs, ...albumArtistRefs][i];
    return text === undefined || !ref ? [] : [[ref.artistId, text] as const];
  });
  const loud = loudness ?? said.loudness;
  return {
    ...said,
    ...made,
    album: { ...album, albumId, artists: albumArtistRefs, ...(coverId !== undefined && { coverId }) },
    artists: eachOnce(artistRefs),
    ...(about.length > 0 && { artistAbout: Object.fromEntries(about) }),
    genres: [...said.genres],
    moods: [...said.moods],
    credits: [...said.credits],
    rights: [...said.rights],
    ...(lyrics && { lyrics: { ...lyrics, songId: made.songId } }),
    ...(loud && { loudness: loud }),
  };
}

/** Two spellings of one artist in one credit. */
const eachOnce = (refs: readonly ArtistRef[]): ArtistRef[] =>
  [...new Map(refs.map((ref) => [ref.artistId, ref] as const).reverse()).values()].reverse();
