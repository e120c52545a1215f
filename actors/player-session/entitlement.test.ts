/** Goal: who may hear what, and how well (SPEC PS37, PS38). */
import t from 'tap';
import { id } from '../../test/doubles/player-session.ts';
import { bestRung, reasonAgainst, rungLimit } from './entitlement.ts';

t.test('PS37 the highest rung by tier and quality', async (t) => {
  const limits = (tier: 'free' | 'premium') =>
    (['low', 'medium', 'high', 'auto'] as const).map((quality) => rungLimit(tier, quality));
  t.same(limits('free'), [
    { maxRung: 96 },
    { maxRung: 160 },
    { maxRung: 160, maxRungReason: 'PREMIUM_REQUIRED' },
    { maxRung: 160 },
  ]);
  t.same(limits('premium'), [{ maxRung: 96 }, { maxRung: 160 }, { maxRung: 320 }, { maxRung: 320 }]);
});

t.test('PS37 the best rendition that there is within the limit', async (t) => {
  t.equal(bestRung([24, 96, 160, 320], 160), 160);
  t.equal(bestRung([24, 96], 320), 96);
  t.equal(bestRung([], 160), 160);
});

t.test('PS38 the catalogue says why not, the listener filters explicit songs', async (t) => {
  const song = { songId: id('A'), albumId: id('x'), durationMs: 1, explicit: true, rungs: [] };
  const listener = { tier: 'free', country: 'SE', explicit: false, quality: 'auto' } as const;
  t.equal(reasonAgainst(song, listener), 'EXPLICIT_FILTERED');
  t.equal(reasonAgainst(song, { ...listener, explicit: true }), undefined);
  t.equal(reasonAgainst({ ...song, unavailable: 'NOT_IN_REGION' }, listener), 'NOT_IN_REGION');
});
