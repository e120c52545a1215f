/** Songs to release in tests: whole, plain, and different only in what a test is about. */
import type { SongRelease } from '../../actors/catalog/contract.ts';

/** An id of 22 base62 characters that a person can read in a failing test. */
export const idOf = (name: string): string => name.padEnd(22, 'Z').slice(0, 22);

export function release(name: string, changes: Partial<SongRelease> = {}, album = 'album'): SongRelease {
  const artist = { artistId: idOf('artist'), name: 'Aurora' };
  return {
    songId: idOf(name),
    title: name,
    album: { albumId: idOf(album), title: album, artists: [artist], type: 'album' },
    artists: [artist],
    discNumber: 1,
    trackNumber: 1,
    durationMs: 200_000,
    explicit: false,
    genres: ['Ambient'],
    moods: [],
    credits: [],
    rights: [],
    hasPreview: true,
    rungs: [24, 96, 160, 320],
    ...changes,
  };
}
