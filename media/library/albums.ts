/**
 * Whose album it is when nobody is tagged as its artist (docs/library.md, rules A4 and A6): the songs of one
 * title in one folder decide together. One artist who is on nearly all of them has made it; otherwise it is a
 * compilation.
 */
import { VARIOUS_ARTISTS } from '../files/describe/artists.ts';
import type { ArtistName, SongDescription } from '../files/description.ts';
import { artistKey, spellingKey } from '../ingest/spelling.ts';
import type { Loose } from './tables.ts';

const OWN_SHARE_MIN = 0.75;

/** What a song has to say about its album's artist. */
export const looseOf = ({ album, artists }: SongDescription): Pick<Loose, 'title' | 'artists'> => ({
  title: spellingKey(album.title),
  artists: artists.map(({ name }) => artistKey(name)),
});

/** By title: the key of the artist whose album it is, or VARIOUS_ARTISTS. */
export function albumArtistsOf(songs: readonly Pick<Loose, 'title' | 'artists'>[]): Map<string, string> {
  const albums = Map.groupBy(songs, ({ title }) => title);
  return new Map([...albums].map(([title, tracks]) => [title, ownerOf(tracks)]));
}

function ownerOf(tracks: readonly Pick<Loose, 'artists'>[]): string {
  const songsBy = new Map<string, number>();
  for (const { artists } of tracks) {
    for (const artist of new Set(artists)) songsBy.set(artist, (songsBy.get(artist) ?? 0) + 1);
  }
  // Of several who are on as many songs, the one who is named first.
  const [owner, count] = [...songsBy].reduce((best, next) => (next[1] > best[1] ? next : best), ['', 0] as [
    string,
    number,
  ]);
  return count >= tracks.length * OWN_SHARE_MIN ? owner : VARIOUS_ARTISTS;
}

/** The description with the album given to whom it belongs. */
export function givenTo(owner: string, description: SongDescription): SongDescription {
  const { album, artists } = description;
  if (owner === VARIOUS_ARTISTS) {
    const byVarious = {
      ...album,
      artists: [{ name: VARIOUS_ARTISTS }],
      type: 'compilation' as const,
      compilation: true,
    };
    return { ...description, album: byVarious };
  }
  const own: ArtistName | undefined = artists.find(({ name }) => artistKey(name) === owner);
  return own ? { ...description, album: { ...album, artists: [own] } } : description;
}
