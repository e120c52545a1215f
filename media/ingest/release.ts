/** Step 5: the song as the catalogue takes it. */
import type { SongRelease } from '../../actors/catalog/contract.ts';
import type { IdSource } from '../../kit/sources.ts';
import type { SongDescription } from '../files/description.ts';
import type { PackagedTrack } from '../package/types.ts';
import { type IngestTables, normalName, stableId } from './tables.ts';

/** The least of the catalogue that ingest needs; the composition root backs it with the actor. */
export interface Catalog {
  /** Safe to send again. */
  release(song: SongRelease): Promise<unknown>;
}

export async function releaseOf(
  track: PackagedTrack,
  description: SongDescription,
  coverId: string | undefined,
  tables: IngestTables,
  ids: IdSource,
): Promise<SongRelease> {
  const { album, artists, artistAbout, lyrics, cover: _image, ...said } = description;
  const refsOf = (names: readonly string[]) =>
    Promise.all(
      names.map(async (name) => ({
        artistId: await stableId(tables, ids, 'artist', normalName(name)),
        name,
      })),
    );
  const [artistRefs, albumArtistRefs] = [await refsOf(artists), await refsOf(album.artists)];
  // An album is its artists and its title: a reissue with new dates or labels stays the same album.
  const albumId = await stableId(
    tables,
    ids,
    'album',
    normalName(album.title),
    ...album.artists.map(normalName),
  );
  const about = [...artistRefs, ...albumArtistRefs].flatMap(({ artistId, name }) => {
    const text = artistAbout?.[name];
    return text === undefined ? [] : [[artistId, text] as const];
  });
  return {
    ...said,
    songId: track.songId,
    album: {
      ...album,
      albumId,
      artists: albumArtistRefs,
      ...(coverId && { coverId }),
    },
    artists: artistRefs,
    ...(about.length > 0 && { artistAbout: Object.fromEntries(about) }),
    durationMs: track.durationMs,
    genres: [...said.genres],
    moods: [...said.moods],
    credits: [...said.credits],
    rights: [...said.rights],
    ...(lyrics && { lyrics: { ...lyrics, songId: track.songId } }),
    ...(track.loudness && { loudness: track.loudness }),
    hasPreview: track.preview !== undefined,
    rungs: track.renditions.map(({ rung }) => rung),
  };
}
