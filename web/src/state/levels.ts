/** How loud each play sounds, and how the next one joins it. */

import type { Play } from '../playback/play.ts';
import { songs } from './library.ts';
import { profile } from './session.ts';
import { outputVolume } from './volume.ts';

const songOf = (play: Play) => songs.value.get(play.stream.songId);

export const levels = {
  volumeOf: (play: Play): number =>
    outputVolume(songOf(play), profile()?.preferences.normalizeLoudness === true),
  overlapMs: (_play: Play, _next: Play): number => 0,
  /** Read where a change of any of them has to be heard. */
  dependencies(): void {
    outputVolume(undefined, false);
    profile();
    songs.value;
  },
};
