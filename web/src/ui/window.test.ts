/** Goal: every row in sight is drawn, and few others, in a list of any length. Method: windows at many places. */
import fc from 'fast-check';
import t from 'tap';
import { BEYOND_ROWS, playedFrom, windowOf } from './window.ts';

t.test('each row in sight is drawn, and the number drawn does not grow with the list', async () => {
  fc.assert(
    fc.property(fc.nat(50_000), fc.nat(60), fc.integer({ min: -500, max: 50_500 }), (rows, shown, first) => {
      const { from, until } = windowOf(first, first + shown, rows);
      const [firstRow, lastRow] = [Math.max(0, first), Math.min(rows, first + shown)];
      return (
        from >= 0 &&
        until <= rows &&
        until - from <= shown + 4 * BEYOND_ROWS &&
        (firstRow >= lastRow || (from <= firstRow && until >= lastRow))
      );
    }),
  );
});

t.test('a play takes the chosen song and what follows it', async (t) => {
  const songIds = Array.from({ length: 25 }, (_, i) => `s${i}`);
  t.same(playedFrom(songIds, 3, 100), songIds, 'all, where all fit');
  t.same(playedFrom(songIds, 3, 10), songIds.slice(3, 13));
  t.same(playedFrom(songIds, 24, 10), songIds.slice(15), 'near the end, what is before it fills up');
  t.same(playedFrom(['a', 'b', 'a'], 0, 10), ['a', 'b'], 'a song that stands in it twice plays once');
});
