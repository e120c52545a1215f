/** Goal: rows make way so that the dragged one fits where it will be put. Method: drags in a list of five. */
import t from 'tap';
import { placeOf, shiftOf } from './order.ts';

const ROW_PX = 56;
const ROWS = 5;
const shifts = (from: number, byPx: number) =>
  Array.from({ length: ROWS }, (_, i) =>
    shiftOf(i, { from, to: placeOf(from, byPx, ROW_PX, ROWS), byPx, rowPx: ROW_PX }),
  );

t.test('a row dragged down moves those it passes up', async (t) => {
  t.same(shifts(1, 120), [0, 120, -ROW_PX, -ROW_PX, 0]);
});

t.test('a row dragged up moves those it passes down', async (t) => {
  t.same(shifts(3, -100), [0, ROW_PX, ROW_PX, -100, 0]);
});

t.test('no row is put beyond the ends', async (t) => {
  t.equal(placeOf(1, -10_000, ROW_PX, ROWS), 0);
  t.equal(placeOf(1, 10_000, ROW_PX, ROWS), ROWS - 1);
});

t.test('less than half a row is no move', async (t) => {
  t.same(shifts(2, 27), [0, 0, 27, 0, 0]);
});
