/** Goal: the rules of SPEC.md on what is warmed. Method: the forecast is told plays and hints at given times. */
import t from 'tap';
import type { SessionHint } from '../../actors/player-session/contract.ts';
import type { SessionEvent } from '../../actors/player-session/state.ts';
import {
  MINUTE_MS,
  WARM_RELEASE_AFTER_MS,
  WARM_RELEASE_LEAD_MS,
  WARM_RESIDENT_MS,
} from '../../config/limits.ts';
import { FadingCounts } from './counts.ts';
import { type Budget, bytesOf, createForecast, type Planned } from './domain.ts';

const NORTH = { region: 'north', countries: ['DE', 'SE'] };
const REST = { region: 'rest', countries: [] };
const START_BYTES = bytesOf({ rungs: [160], firstSegments: 2 });
const AMPLE = 1e9;

function world() {
  const forecast = createForecast([NORTH, REST]);
  let plays = 0;
  return {
    forecast,
    play(songId: string, country: string, atMs: number, sessionId = `s${plays++}`) {
      forecast.observe({ type: 'played', songId, sessionId, country, atMs });
    },
    hint(sessionId: string, hint: SessionHint) {
      forecast.observe({ type: 'hinted', sessionId, hint });
    },
    plan(nowMs: number, bytes = AMPLE, due: Parameters<typeof forecast.plan>[2] = []) {
      const budgets: Budget[] = [NORTH, REST].map(({ region }) => ({ region, bytes, songsMax: 100 }));
      return forecast.plan(nowMs, budgets, due);
    },
  };
}

const brief = (planned: readonly Planned[]) =>
  planned.map(({ region, songId, reason }) => `${region} ${songId} ${reason}`);

t.test('the hints are events that sessions do journal', async (t) => {
  type Fits = Extract<SessionEvent, { type: SessionHint['type'] }> extends SessionHint ? true : false;
  const fits: Fits = true;
  t.ok(fits, 'told by the compiler');
});

t.test('W1: a release is warmed from its lead on, at the edges of its countries', async (t) => {
  const fromMs = 100 * WARM_RELEASE_LEAD_MS;
  const due = [
    { songId: 'everywhere', countries: [], fromMs },
    { songId: 'german', countries: ['DE'], fromMs },
    { songId: 'brazilian', countries: ['BR'], fromMs },
  ];
  t.same(world().plan(fromMs - WARM_RELEASE_LEAD_MS - 1, AMPLE, due), []);
  t.same(world().plan(fromMs + WARM_RELEASE_AFTER_MS, AMPLE, due), []);
  t.same(brief(world().plan(fromMs - WARM_RELEASE_LEAD_MS, AMPLE, due)).sort(), [
    'north everywhere release',
    'north german release',
    'rest brazilian release',
    'rest everywhere release',
  ]);
});

t.test('W2: the next two songs of a list are warmed where the listener is, queued ones first', async (t) => {
  const { play, hint, plan } = world();
  hint('ada', { type: 'contextSet', songIds: ['a', 'b', 'c', 'd', 'b', 'e'] });
  play('a', 'SE', 0, 'ada');
  t.same(brief(plan(0)), ['north b next', 'north c next']);
  hint('ada', { type: 'queued', entries: [{ songId: 'x' }], at: 'end' });
  play('d', 'BR', 1, 'ada');
  t.same(brief(plan(1)).sort(), ['rest b next', 'rest x next']);
  play('x', 'BR', 2, 'ada');
  play('b', 'BR', 2, 'ada');
  t.same(brief(plan(2)), ['rest e next'], 'the second b is followed by e');
});

t.test('W2: of a shuffled list nothing is known', async (t) => {
  const { play, hint, plan } = world();
  hint('ada', { type: 'contextSet', songIds: ['a', 'b', 'c'] });
  hint('ada', { type: 'shuffled' });
  play('a', 'DE', 0, 'ada');
  t.same(plan(0), []);
  hint('ada', { type: 'unshuffled' });
  play('b', 'DE', 1, 'ada');
  t.same(brief(plan(1)), ['north c next']);
});

t.test('W3: a song that rises in one region is warmed whole there, and its start elsewhere', async (t) => {
  const { play, plan } = world();
  for (let minute = 0; minute < 300; minute++) {
    for (let i = 0; i < 8; i++) play(`steady ${i}`, 'DE', minute * MINUTE_MS);
    if (minute >= 290) for (let i = 0; i < 4; i++) play('rising', 'DE', minute * MINUTE_MS);
  }
  const planned = plan(300 * MINUTE_MS);
  t.match(
    planned.filter(({ songId }) => songId === 'rising'),
    [
      { region: 'north', reason: 'rising', firstSegments: Number.POSITIVE_INFINITY, rungs: [160, 320, 96] },
      { region: 'rest', reason: 'rising', firstSegments: 2, rungs: [160] },
    ],
  );
  t.notOk(planned.some(({ songId, reason }) => reason === 'rising' && songId.startsWith('steady')));
  t.same(plan(301 * MINUTE_MS), [], 'W6: once is enough');
});

t.test('W4: what a region likes is warmed again when its edge should have lost it', async (t) => {
  const { play, plan } = world();
  for (let minute = 0; minute < 600; minute += 5) play('liked', 'DE', minute * MINUTE_MS);
  const lastMs = 595 * MINUTE_MS;
  t.same(plan(lastMs + WARM_RESIDENT_MS / 2), []);
  t.match(plan(lastMs + WARM_RESIDENT_MS), [
    { songId: 'liked', region: 'north', reason: 'taste', firstSegments: 2, ageMs: WARM_RESIDENT_MS },
  ]);
});

t.test('W6: how long an edge keeps a song is learned from what fetches meet', async (t) => {
  const { forecast } = world();
  const item = { songId: 'a', region: 'north', reason: 'taste', rungs: [160], firstSegments: 2 } as const;
  const fetched = (ageMs: number, held: boolean) =>
    forecast.observe({ type: 'fetched', item: { ...item, expectedPlays: 1, atMs: 0, ageMs }, held });
  fetched(WARM_RESIDENT_MS * 0.9, true);
  fetched(WARM_RESIDENT_MS * 1.1, false);
  t.equal(forecast.residentMs('north'), WARM_RESIDENT_MS, 'as expected');
  fetched(WARM_RESIDENT_MS * 1.1, true);
  t.ok(forecast.residentMs('north') > WARM_RESIDENT_MS);
  for (let i = 0; i < 10; i++) fetched(WARM_RESIDENT_MS / 2, false);
  t.ok(forecast.residentMs('north') < WARM_RESIDENT_MS);
  t.equal(forecast.residentMs('rest'), WARM_RESIDENT_MS, 'each edge by itself');
});

t.test('W7: the likeliest come first, within the budget, and the rest later', async (t) => {
  const { play, hint, plan } = world();
  for (const name of ['ada', 'bob']) {
    hint(name, { type: 'contextSet', songIds: [`${name} 1`, `${name} 2`, `${name} 3`] });
    play(`${name} 1`, 'DE', 0, name);
  }
  t.same(plan(0, START_BYTES - 1), []);
  t.same(brief(plan(0, START_BYTES * 2)).sort(), ['north ada 2 next', 'north bob 2 next']);
  t.same(brief(plan(1, AMPLE)).sort(), ['north ada 3 next', 'north bob 3 next']);
});

t.test('W10: what could not be fetched is planned again', async (t) => {
  const { forecast, plan } = world();
  const due = [{ songId: 'new', countries: ['DE'], fromMs: 1 }];
  const [item] = plan(0, AMPLE, due);
  t.same(plan(1, AMPLE, due), []);
  forecast.observe({ type: 'failed', item: item as Planned });
  t.equal(plan(2, AMPLE, due).length, 1);
});

t.test('W12: counts are bounded, and those of the songs played most are right', async (t) => {
  const counts = new FadingCounts(10, { fastHalfLifeMs: 1000, slowHalfLifeMs: 10_000 });
  for (let n = 0; n < 1000; n++) {
    counts.add('hot', 0);
    counts.add(`once ${n}`, 0);
  }
  t.ok([...counts.atLeast(0, 0, 0)].length <= 20);
  t.equal(counts.get('hot', 0).slow, 1000);
  t.equal(counts.get('hot', 1000).fast, 500, 'after the fast half-life');
  t.equal(counts.get('hot', 10_000).slow, 500, 'after the slow one');
});
