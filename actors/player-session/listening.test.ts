/**
 * Goal: a play counts exactly when 30 s of it were listened to, whatever is lost, repeated or claimed.
 * Method: the pure domain over an array as journal; a crash folds that array anew.
 */
import fc from 'fast-check';
import t from 'tap';
import { id, LAPTOP, PHONE, TestSession } from '../../test/doubles/player-session.ts';

const playing = (...args: ConstructorParameters<typeof TestSession>): TestSession => {
  const session = new TestSession({ A: {}, B: {}, C: {}, ...args[0] }, args[1]);
  session.play('A', 'B', 'C');
  return session;
};

t.test('PS9 the position moves with the clock, for a minute at most after the last report', async (t) => {
  const session = playing();
  session.after(90_000).do({ type: 'pause' });
  t.equal(session.state.play?.positionMs, 60_000);
});

t.test('PS10 time that no report covers is not listened time', async (t) => {
  const session = playing();
  session.after(40_000).do({ type: 'next' });
  t.equal(session.counted, 0);
  t.equal(session.events('playEnded')[0]?.listenedMs, 0);
});

t.test('PS11 the greatest claim holds; repeated and late ones change nothing', async (t) => {
  const session = playing().after(20_000);
  session.report(20_000);
  session.report(10_000);
  t.equal(session.report(20_000)?.listenedMs, 20_000);
});

t.test('PS12 a claim is never more than the wall clock allows', async (t) => {
  const session = playing().after(20_000);
  t.equal(session.report(60_000)?.listenedMs, 20_000);
});

t.test('PS12 PS19 pauses and seeks do not add up to a stream', async (t) => {
  const session = playing().after(10_000);
  session.do({ type: 'pause' });
  session.after(50_000).do({ type: 'resume' });
  session.after(10_000).do({ type: 'seek', positionMs: 170_000 });
  session.after(9_999);
  t.equal(session.report(100_000)?.listenedMs, 29_999);
  t.equal(session.counted, 0);
  session.after(1).report(100_000);
  t.equal(session.counted, 1);
});

t.test('PS13 one stretch allows what was left of the song and the grace', async (t) => {
  const session = playing({ A: { durationMs: 100_000 } });
  session.do({ type: 'seek', positionMs: 90_000 });
  t.equal(session.after(3_600_000).report(3_600_000)?.listenedMs, 70_000);
});

t.test('PS14 after a crash the next report restores what was listened to, and no more', async (t) => {
  const session = playing().after(10_000);
  session.report(10_000);
  session.do({ type: 'pause' });
  session.after(60_000).do({ type: 'resume' });
  session.after(15_000).report(25_000);
  session.crash();
  t.equal(session.state.play?.heardMs, 10_000, 'what the pause journaled');
  session.after(5_000);
  t.equal(session.report(99_000)?.listenedMs, 30_000);
  t.equal(session.counted, 1);
});

t.test('PS15 one piece of evidence a play, and none for jitter', async (t) => {
  const session = playing().after(10_000);
  session.report(25_000);
  t.equal(session.events('claimRefused').length, 0);
  session.report(25_001);
  session.report(150_000);
  t.match(session.events('claimRefused'), [{ claimedMs: 25_001, allowedMs: 10_000 }]);
  session.crash();
  session.report(150_000);
  t.equal(session.events('claimRefused').length, 1);
});

t.test('PS16 the legs on two devices add up', async (t) => {
  const session = playing().after(20_000);
  session.report(20_000);
  session.do({ type: 'transfer', toDeviceId: LAPTOP });
  session.after(9_999);
  t.equal(session.report(9_999, { deviceId: LAPTOP })?.listenedMs, 9_999);
  t.equal(session.counted, 0);
  session.after(1).report(10_000, { deviceId: LAPTOP });
  t.equal(session.counted, 1);
});

t.test('PS17 30,000 ms count, 29,999 do not', async (t) => {
  const session = playing().after(30_000);
  t.match(session.report(29_999), { counted: false });
  t.equal(session.counted, 0);
  t.match(session.report(30_000), { counted: true, listenedMs: 30_000 });
  t.equal(session.counted, 1);
});

t.test('PS17 the claim that comes with next counts too', async (t) => {
  const session = playing().after(30_000);
  session.do({ type: 'next', playId: session.playId, listenedMs: 30_000 });
  t.same(
    session.records.at(-1)?.map((event) => event.type),
    ['streamCounted', 'playEnded', 'playStarted'],
  );
  t.equal(session.events('playEnded')[0]?.listenedMs, 30_000);
});

t.test('PS18 a play counts once, also after a crash', async (t) => {
  const session = playing().after(40_000);
  session.report(40_000);
  session.report(40_000);
  session.crash();
  session.after(10_000).report(50_000);
  session.do({ type: 'next', playId: session.playId, listenedMs: 50_000 });
  t.equal(session.counted, 1);
});

t.test('PS20 a song shorter than 30 s does not count unless the policy says so', async (t) => {
  const listenTwice = (shortSongsCount: boolean) => {
    const session = playing({ A: { durationMs: 25_000 } }, { shortSongsCount });
    session.after(24_999).report(24_999);
    const before = session.counted;
    session.after(1).report(25_000);
    session.do({ type: 'seek', positionMs: 0 });
    session.after(25_000).report(50_000);
    return [before, session.counted];
  };
  t.same(listenTwice(false), [0, 0]);
  t.same(listenTwice(true), [0, 1]);
});

t.test('PS21 what counts says for whom, what, when and where', async (t) => {
  const session = new TestSession({ A: {} });
  session.do({ type: 'play', songIds: [id('A')], context: { type: 'album', id: 'x' } });
  const startedAtMs = session.nowMs;
  session.after(31_000).report(31_000);
  t.match(session.events('streamCounted')[0], {
    playId: session.playId,
    songId: id('A'),
    deviceId: PHONE,
    startedAtMs,
    atMs: startedAtMs + 31_000,
    country: 'SE',
    tier: 'premium',
    context: { type: 'album', id: 'x' },
  });
});

t.test(
  'PS22 a three-minute play costs two records, and at most six when paused and sought once',
  async (t) => {
    const session = playing();
    const listen = (untilMs: number) => {
      for (let listenedMs = 10_000; listenedMs <= untilMs; listenedMs += 10_000) {
        session.after(10_000).report(listenedMs, { positionMs: listenedMs });
      }
      session.do({ type: 'next', playId: session.playId, reason: 'ended', listenedMs: untilMs });
    };
    listen(180_000);
    t.equal(session.records.length, 3, 'start, count, end with the next start');
    const before = session.records.length;
    session.after(5_000).do({ type: 'pause' });
    session.after(5_000).do({ type: 'resume' });
    session.do({ type: 'seek', positionMs: 10_000 });
    listen(170_000);
    t.equal(session.records.length - before, 5);
  },
);

t.test('PS26 a device that sounded before still extends its own leg, as far as it was allowed', async (t) => {
  const session = playing().after(25_000);
  session.report(20_000);
  session.do({ type: 'transfer', toDeviceId: LAPTOP });
  session.after(6_000).report(6_000, { deviceId: LAPTOP });
  t.match(session.report(99_000), { listenedMs: 25_000, current: false, counted: true });
  t.equal(session.counted, 1);
});

t.test('PS14 what a device reports after it let go survives a crash', async (t) => {
  const session = playing().after(20_000);
  session.report(15_000);
  session.do({ type: 'transfer', toDeviceId: LAPTOP });
  session.report(20_000);
  session.report(20_000);
  session.crash();
  session.after(9_999).report(9_999, { deviceId: LAPTOP });
  t.equal(session.counted, 0);
  t.match(session.after(1).report(10_000, { deviceId: LAPTOP }), { listenedMs: 10_000, counted: true });
  t.equal(session.events('heardBefore').length, 1);
});

t.test('PS27 a late report for an ended play counts up to the allowance it had', async (t) => {
  const session = playing().after(30_000);
  const { playId } = session;
  session.do({ type: 'play', songIds: [id('B')], deviceId: LAPTOP });
  session.crash();
  t.match(session.after(60_000).report(29_999, { playId }), { counted: false, current: false });
  t.match(session.report(99_000, { playId }), { listenedMs: 30_000, counted: true, current: false });
  session.report(99_000, { playId });
  t.equal(session.counted, 1);
});

t.test('PS27 an ended play that could not reach 30 s is not remembered; eight that could are', async (t) => {
  const session = playing().after(29_999);
  session.play('B');
  t.equal(session.state.ended.length, 0);
  for (let i = 0; i < 10; i++) session.after(30_000).play('B');
  t.equal(session.state.ended.length, 8);
});

t.test('PS16 a device that comes back goes on with its own count', async (t) => {
  const session = playing().after(10_000);
  session.do({ type: 'transfer', toDeviceId: LAPTOP });
  session.after(10_000).report(10_000, { deviceId: LAPTOP });
  session.do({ type: 'transfer', toDeviceId: PHONE });
  t.match(session.after(10_000).report(20_000), { listenedMs: 20_000, counted: true });
  t.equal(session.counted, 1);
});

t.test('PS16 many devices are kept in few legs, and none of their time is lost', async (t) => {
  const session = playing();
  const devices = [PHONE, ...Array.from({ length: 19 }, (_, i) => id(`device${i}`))];
  for (const [i, deviceId] of devices.entries()) {
    session.do({ type: 'resume', deviceId });
    session.after(1_500).report(1_500, { deviceId });
    t.equal(session.counted, i === 19 ? 1 : 0);
  }
  t.equal(session.state.play?.otherLegs.length, 8);
});

type Step =
  | { readonly do: 'listen'; readonly ms: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'seek'; readonly ms: number }
  | { readonly do: 'report' }
  | { readonly do: 'crash' };

const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('listen' as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 60_000 }) }),
    fc.record({ do: fc.constant('seek' as const), ms: fc.integer({ min: 0, max: 180_000 }) }),
    fc.constant({ do: 'report' as const }),
    fc.constant({ do: 'crash' as const }),
  ),
  { maxLength: 25 },
);

t.test('PS17 PS19 an honest device counts exactly from 30 s on, whatever lies between', async () => {
  const run = (todo: readonly Step[]): boolean => {
    const session = playing();
    let listenedMs = 0;
    for (const step of todo) {
      if (step.do === 'listen') {
        session.after(step.ms);
        listenedMs += step.ms;
      } else if (step.do === 'wait') {
        session.do({ type: 'pause' });
        session.after(step.ms).do({ type: 'resume' });
      } else if (step.do === 'seek') session.do({ type: 'seek', positionMs: step.ms });
      else if (step.do === 'report') session.report(listenedMs);
      else session.crash();
    }
    session.report(listenedMs);
    return session.counted === (listenedMs >= 30_000 ? 1 : 0);
  };
  fc.assert(fc.property(steps, run), { numRuns: 300 });
});
