/** Goal: the rung rises when the link is known to carry it, falls in time, and does not swing. */
import t from 'tap';
import { Bandwidth, nextRung, rungBelow, startRung } from './ladder.ts';

t.test('an unknown link starts safely, a known one as high as it surely carries', async (t) => {
  t.equal(startRung(320, 0), 96);
  t.equal(startRung(24, 0), 24, 'or lower, where no more is allowed');
  t.equal(startRung(320, 1_200_000), 160);
  t.equal(startRung(160, 100_000_000), 160);
  t.equal(startRung(320, 100_000), 96, 'a slow link is found out by its first segment');
});

t.test('it rises with room to spare and falls when the link gets thin', async (t) => {
  t.equal(nextRung(96, 320, 0, 5), 96, 'nothing is known');
  t.equal(nextRung(96, 320, 300_000, 5), 160);
  t.equal(nextRung(96, 160, 10_000_000, 5), 160);
  t.equal(nextRung(160, 320, 180_000, 5), 160, 'kept');
  t.equal(nextRung(160, 320, 150_000, 5), 96);
  t.equal(nextRung(320, 320, 60_000, 5), 24);
  t.equal(nextRung(24, 320, 10_000, 5), 24, 'there is nothing below');
  t.equal(nextRung(320, 160, 10_000_000, 60), 160, 'what is allowed has changed');
});

t.test('with much fetched ahead it waits before it falls', async (t) => {
  t.equal(nextRung(320, 320, 200_000, 60), 320);
  t.equal(nextRung(320, 320, 100_000, 60), 24, 'but not for ever');
});

t.test('bandwidth falls at once and rises slowly', async (t) => {
  const link = new Bandwidth();
  t.equal(link.bps, 0);
  for (let i = 0; i < 20; i++) link.add(125_000, 1000);
  t.ok(Math.abs(link.bps - 1_000_000) < 1000);
  link.add(25_000, 4000);
  t.ok(link.bps < 500_000);
  const low = link.bps;
  link.add(125_000, 1000);
  t.ok(link.bps < 700_000 && link.bps > low);
});

t.test('below each rung lies one, but for the lowest', async (t) => {
  t.same(
    [320, 160, 96, 24].map((rung) => rungBelow(rung as 320)),
    [160, 96, 24, undefined],
  );
});
