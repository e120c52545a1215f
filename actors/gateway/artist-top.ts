/** The songs of an artist that everyone streams most. */
import { ARTIST_TOP_DEFAULT, ARTIST_TOP_LOOKED_MAX, SONG_COUNTS_ASKED_MAX } from '../../config/limits.ts';
import type { Client } from '../../kit/client.ts';
import type { catalogContract } from '../catalog/contract.ts';
import type { historyContract, SongCounts } from '../history/contract.ts';
import type { ArtistTopSong } from './contract.ts';

export interface ArtistTopDeps {
  readonly catalog: Pick<Client<typeof catalogContract>, 'artistSongIds' | 'songs'>;
  readonly history: Pick<Client<typeof historyContract>, 'counts'>;
}

export function createArtistTop({ catalog, history }: ArtistTopDeps) {
  /** An orchestra has thousands of songs: only the best of each page are kept. */
  async function counted(artistId: string, limit: number): Promise<SongCounts[]> {
    let best: SongCounts[] = [];
    let cursor: string | undefined;
    for (let looked = 0; looked < ARTIST_TOP_LOOKED_MAX; looked += SONG_COUNTS_ASKED_MAX) {
      const page = await catalog.artistSongIds({
        artistId,
        limit: SONG_COUNTS_ASKED_MAX,
        ...(cursor !== undefined && { cursor }),
      });
      const { items } = await history.counts({ songIds: page.items });
      best = [...best, ...items].sort(byStreams).slice(0, limit);
      cursor = page.nextCursor;
      if (cursor === undefined) break;
    }
    return best;
  }

  return async ({
    artistId,
    country,
    limit = ARTIST_TOP_DEFAULT,
  }: {
    readonly artistId: string;
    readonly country?: string;
    readonly limit?: number;
  }): Promise<{ items: ArtistTopSong[] }> => {
    const best = await counted(artistId, limit);
    if (best.length === 0) return { items: [] };
    const songIds = best.map(({ songId }) => songId);
    const { items } = await catalog.songs({ songIds, ...(country && { country }) });
    const songs = new Map(items.map((song) => [song.songId, song]));
    return {
      items: best.flatMap(({ songId, streams, listeners }) => {
        const song = songs.get(songId);
        return song && song.unavailable !== 'REMOVED' ? { song, streams, listeners } : [];
      }),
    };
  };
}

const byStreams = (a: SongCounts, b: SongCounts): number =>
  b.streams - a.streams || b.listeners - a.listeners || (a.songId < b.songId ? -1 : 1);
