/** Goal: the chosen song of a long list plays, with what is around it. */
import fc from 'fast-check';
import t from 'tap';
import { PLAYER_CONTEXT_MAX } from '../../../config/limits.ts';
import { windowOf } from './window.ts';

const list = (length: number) => Array.from({ length }, (_, i) => `${i}`);

t.test('a list that fits is played as it is', async (t) => {
  const songs = list(PLAYER_CONTEXT_MAX);
  t.equal(windowOf(songs, '5', false), songs);
  t.equal(windowOf(songs, undefined, true), songs);
});

t.test('of a longer one, what follows the chosen song, and some that come before it', async (t) => {
  const songs = list(5000);
  t.equal(windowOf(songs, '3000', false)[0], '2900');
  t.equal(windowOf(songs, '3', false)[0], '0');
  t.equal(windowOf(songs, '4999', false).at(-1), '4999');
  t.equal(windowOf(songs, undefined, false)[0], '0');
  for (const chosen of ['3000', '3', '4999', undefined]) {
    t.equal(windowOf(songs, chosen, false).length, PLAYER_CONTEXT_MAX);
  }
});

t.test('to be shuffled, songs from all over the list, each once, the chosen one first', async () => {
  const songs = list(3000);
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2999 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
      (at, stream) => {
        const sample = windowOf(songs, `${at}`, true, () => stream.next().value as number);
        return sample[0] === `${at}` && new Set(sample).size === PLAYER_CONTEXT_MAX;
      },
    ),
    { numRuns: 20 },
  );
});
