/** Goal: songs sound equally loud, an album as it was made, and nothing is turned up into clipping. */
import t from 'tap';
import type { SongView } from '../../../actors/catalog/contract.ts';

Object.assign(globalThis, { localStorage: { getItem: () => null } });
const { levelOf } = await import('./volume.ts');

const songOf = (lufs: number, peak?: number, albumLufs?: number) =>
  ({
    loudness: { integratedLufs: lufs, ...(peak !== undefined && { truePeakDbtp: peak }) },
    album: { ...(albumLufs !== undefined && { loudness: { integratedLufs: albumLufs, truePeakDbtp: -1 } }) },
  }) as unknown as SongView;
const db = (level: number) => Math.round(20 * Math.log10(level) * 10) / 10;

t.test('a loud song is turned down to the others, whatever its peak', async (t) => {
  t.equal(db(levelOf(songOf(-8, 0.4), 'track', false)), -6);
  t.equal(db(levelOf(songOf(-8), 'track', false)), -6);
});

t.test('a quiet one is turned up as far as its true peak allows', async (t) => {
  t.equal(db(levelOf(songOf(-20, -10), 'track', false)), 6);
  t.equal(db(levelOf(songOf(-20, -3), 'track', false)), 2);
  t.equal(db(levelOf(songOf(-20, 0), 'track', false)), 0);
  t.equal(db(levelOf(songOf(-20), 'track', false)), 0, 'unknown');
});

t.test('an album in order is levelled as a whole, everything else song by song', async (t) => {
  const quiet = songOf(-20, -15, -10);
  t.equal(db(levelOf(quiet, 'album', true)), -4);
  t.equal(db(levelOf(quiet, 'album', false)), 6);
  t.equal(db(levelOf(quiet, 'track', true)), 6);
  t.equal(db(levelOf(songOf(-20, -15), 'album', true)), 6, 'an album of unknown loudness');
});

t.test('nothing is changed when that is the wish, or nothing is known', async (t) => {
  t.equal(levelOf(songOf(-8), 'off', true), 1);
  t.equal(levelOf(undefined, 'album', true), 1);
});
