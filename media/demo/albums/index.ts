import type { DemoAlbum, DemoTrack } from '../album.ts';
import { cartridgeGarden } from './cartridge-garden.ts';
import { neonEstuary } from './neon-estuary.ts';
import { pwani } from './pwani.ts';
import { slowWeather } from './slow-weather.ts';
import { tilleul } from './tilleul.ts';
import { windowSeat } from './window-seat.ts';

const ALBUMS = [neonEstuary, cartridgeGarden, windowSeat, pwani, tilleul, slowWeather];

export interface DemoEntry {
  readonly album: DemoAlbum;
  readonly track: DemoTrack;
  /** From 1. */
  readonly trackNumber: number;
  /** From 1, over the whole demo, in the order of the albums. */
  readonly number: number;
}

const inOrder: readonly DemoEntry[] = ALBUMS.flatMap((album) =>
  album.tracks.map((track, i) => ({ album, track, trackNumber: i + 1 })),
).map((entry, i) => ({ ...entry, number: i + 1 }));

/**
 * All tracks in the order in which they are made: the first of every album, then the second, so that a
 * listener soon has something of everything.
 */
export const DEMO: readonly DemoEntry[] = inOrder.toSorted((a, b) => a.trackNumber - b.trackNumber);
