/**
 * Goal: plays, devices and entitlement as SPEC.md says.
 * Method: the pure domain over an array as journal.
 */
import t from 'tap';
import { id, LAPTOP, PHONE, TestSession } from '../../test/doubles/player-session.ts';

const album = () => new TestSession({ A: {}, B: {}, C: {} });
const playing = () => {
  const session = album();
  session.play('A', 'B', 'C');
  return session;
};

t.test('PS1 a play gets an id and is journaled', async (t) => {
  const session = playing();
  t.match(session.events('playStarted'), [{ songId: id('A'), deviceId: PHONE, playId: session.playId }]);
});

t.test('PS2 the play that follows has the id that was promised', async (t) => {
  const session = playing();
  for (const command of ['next', 'previous'] as const) {
    const promised = session.state.play?.nextPlayId;
    session.do({ type: command });
    t.equal(session.playId, promised);
  }
  const promised = session.state.play?.nextPlayId;
  session.play('C');
  t.equal(session.playId, promised);
});

t.test('PS3 the end of a play and the start of the next are one record', async (t) => {
  const session = playing();
  session.after(5_000).do({ type: 'next', reason: 'ended', listenedMs: 5_000 });
  t.equal(session.records.length, 2);
  t.match(session.records[1], [
    { type: 'playEnded', why: 'ended', listenedMs: 5_000, positionMs: 180_000 },
    { type: 'playStarted' },
  ]);
});

t.test('PS4 pause, resume and seek from any device; what is so already leaves no record', async (t) => {
  const session = playing();
  session.after(5_000).do({ type: 'pause', deviceId: LAPTOP });
  session.do({ type: 'pause' });
  session.after(5_000).do({ type: 'seek', positionMs: 999_999, deviceId: LAPTOP });
  session.do({ type: 'resume' });
  session.do({ type: 'resume' });
  t.same(
    session.records.slice(1).map(([event]) => event?.type),
    ['paused', 'seeked', 'resumed'],
  );
  t.match(session.events('paused'), [{ positionMs: 5_000 }]);
  t.match(session.state.play, {
    positionMs: 180_000,
    soughtAtMs: session.events('seeked')[0]?.atMs,
    deviceId: PHONE,
  });
});

t.test('PS5 with nothing to act on commands are refused, pause is not', async (t) => {
  const session = album();
  const commands = [
    { type: 'resume' },
    { type: 'next' },
    { type: 'previous' },
    { type: 'seek', positionMs: 1 },
    { type: 'transfer', toDeviceId: LAPTOP },
  ] as const;
  for (const command of commands) {
    t.throws(() => session.do(command), { name: 'ConflictError', code: 'NOTHING_TO_PLAY' }, command.type);
  }
  session.do({ type: 'pause' });
  t.equal(session.records.length, 0);
});

t.test('PS6 a late or repeated next changes nothing, but its claim stands', async (t) => {
  const session = playing();
  const { playId } = session;
  session.after(31_000).do({ type: 'next', playId });
  session.do({ type: 'next', playId });
  t.equal(session.song, 'B');
  session.do({ type: 'next', playId, reason: 'ended', listenedMs: 30_500 });
  t.equal(session.song, 'B');
  t.match(session.events('streamCounted'), [{ playId }]);
});

t.test('PS7 previous goes to the start of the song, or within 3 s to the song before', async (t) => {
  const session = playing();
  session.do({ type: 'next' });
  const { playId } = session;
  session.after(3_001).do({ type: 'previous' });
  t.equal(session.playId, playId);
  t.equal(session.state.play?.positionMs, 0);
  session.after(3_000).do({ type: 'previous' });
  t.equal(session.song, 'A');
  t.not(session.playId, playId);
  session.do({ type: 'previous' });
  t.equal(session.song, 'A', 'there is none before the first');
});

t.test('PS23 repeating one song starts a new play each time', async (t) => {
  const session = playing();
  session.do({ type: 'mode', repeat: 'one' });
  const plays = new Set([session.playId]);
  for (let i = 0; i < 3; i++) {
    session.after(180_000).do({ type: 'next', playId: session.playId, reason: 'ended', listenedMs: 180_000 });
    plays.add(session.playId);
  }
  t.equal(session.song, 'A');
  t.equal(plays.size, 4);
  t.equal(session.counted, 3);
});

t.test('PS24 starting or resuming elsewhere silences the first device, whose report tells it', async (t) => {
  const session = playing();
  session.after(10_000).do({ type: 'resume', deviceId: LAPTOP });
  t.match(session.state.play, { deviceId: LAPTOP, positionMs: 10_000 });
  t.match(session.report(10_000), { current: false });
  t.match(session.report(10_000, { deviceId: LAPTOP }), { current: true });
  session.do({ type: 'play', songIds: [id('B')] });
  t.equal(session.state.play?.deviceId, PHONE);
  session.do({ type: 'pause', deviceId: LAPTOP });
  t.match(session.report(0), { current: false }, 'paused from elsewhere');
});

t.test('PS25 transfer goes on with the same play, paused when it was paused', async (t) => {
  const session = playing();
  const { playId } = session;
  session.after(10_000).do({ type: 'transfer', toDeviceId: LAPTOP });
  t.match(session.state.play, { playId, deviceId: LAPTOP, positionMs: 10_000 });
  t.ok(session.state.play?.openSinceMs);
  session.do({ type: 'pause' });
  session.do({ type: 'transfer', toDeviceId: PHONE });
  t.notOk(session.state.play?.openSinceMs);
});

t.test('PS28 a removed device is paused, another one is not', async (t) => {
  const session = playing();
  session.do({ type: 'deviceRemoved', deviceId: LAPTOP });
  t.ok(session.state.play?.openSinceMs);
  session.do({ type: 'deviceRemoved', deviceId: PHONE });
  t.notOk(session.state.play?.openSinceMs);
});

t.test('PS38 a song is looked at again when its time comes and at resume', async (t) => {
  const session = playing();
  session.songs.set(id('B'), { durationMs: 1, against: 'REMOVED' });
  t.same(session.do({ type: 'next' }).skipped, [{ songId: id('B'), reason: 'REMOVED' }]);
  t.equal(session.song, 'C');
  session.do({ type: 'pause' });
  session.songs.set(id('C'), { durationMs: 1, against: 'NOT_LICENSED' });
  t.throws(() => session.do({ type: 'resume' }), { name: 'ForbiddenError', code: 'NOT_LICENSED' });
  t.throws(() => session.do({ type: 'transfer', toDeviceId: LAPTOP }), { code: 'NOT_LICENSED' });
});

t.test('PS39 a song asked for by name is refused with the reason', async (t) => {
  const session = new TestSession({ A: {}, X: { against: 'NOT_IN_REGION' } });
  t.throws(() => session.play('X'), { name: 'ForbiddenError', code: 'NOT_IN_REGION' });
  t.throws(() => session.play('unknown'), { name: 'NotFoundError', code: 'SONG_NOT_FOUND' });
  t.throws(() => session.do({ type: 'play', songIds: [id('A'), id('X')], songId: id('X') }), {
    code: 'NOT_IN_REGION',
  });
  t.throws(() => session.do({ type: 'queue', op: 'add', songIds: [id('X')] }), { code: 'NOT_IN_REGION' });
  t.throws(() => session.do({ type: 'play', songIds: [id('A')], songId: id('B') }), {
    code: 'SONG_NOT_IN_LIST',
  });
});

t.test('PS40 songs of a list that may not sound are left out and told', async (t) => {
  const session = new TestSession({
    A: { against: 'NOT_RELEASED' },
    B: {},
    C: { against: 'EXPLICIT_FILTERED' },
    D: {},
  });
  t.same(session.play('A', 'B', 'C', 'D', 'unknown').skipped, [
    { songId: id('A'), reason: 'NOT_RELEASED' },
    { songId: id('C'), reason: 'EXPLICIT_FILTERED' },
    { songId: id('unknown'), reason: 'REMOVED' },
  ]);
  t.equal(session.song, 'B');
  t.throws(() => session.play('A', 'C'), { name: 'ForbiddenError', code: 'NOTHING_TO_PLAY' });
  t.equal(session.song, 'B', 'a refusal changes nothing');
});

t.test('PS40 a long stretch of songs that may not sound is passed over', async (t) => {
  const names = Array.from({ length: 1000 }, (_, i) => `S${i}`);
  const session = new TestSession(Object.fromEntries(names.map((name) => [name, {}])));
  session.play(...names);
  for (const name of names.slice(1, 999)) {
    session.songs.set(id(name), { durationMs: 1, against: 'NOT_LICENSED' });
  }
  t.equal(session.do({ type: 'next' }).skipped.length, 998);
  t.equal(session.song, 'S999');
});

t.test('PS46 closing ends the current play', async (t) => {
  const session = playing();
  session.after(5_000).do({ type: 'close' });
  t.match(session.events('playEnded'), [{ why: 'replaced' }]);
  t.equal(session.state.play, undefined);
});
