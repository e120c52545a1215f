/**
 * Goal: what a caller of the contract sees: answers, streams, refusals, news, deletion.
 * Method: the handlers over a real host and the simulator's journal content; accounts, catalogue and signer
 * are plain objects.
 */
import t from 'tap';
import type { ActorSnapshot } from '../../kit/actor/snapshot.ts';
import { UnavailableError } from '../../kit/errors.ts';
import type { Journal, JournalRecord } from '../../kit/ports/journal.ts';
import { createRecords } from '../../kit/sim/records.ts';
import { validatorOf } from '../../kit/validate.ts';
import { id, LAPTOP, PHONE, SONG_MS } from '../../test/doubles/player-session.ts';
import { ACCOUNTS_STREAM, type AccountEvent } from '../accounts/contract.ts';
import type { PlayableSong } from '../catalog/contract.ts';
import { consumeAccountNews } from './account-news.ts';
import { createPlayerSession } from './actor.ts';
import { PLAYER_STREAM, PlayerAnswer, Stream, userTopic } from './contract.ts';
import type { Entitlement } from './entitlement.ts';
import { openPlayerHost } from './host.ts';
import { createKnown } from './known.ts';
import type { MediaGrant } from './ports.ts';

const USER = id('user');
const ALBUM = id('album');
const SUBJECT = `${PLAYER_STREAM}.${USER}`;
const PHONE_CALL = { userId: USER, deviceId: PHONE };
const LAPTOP_CALL = { userId: USER, deviceId: LAPTOP };

function setUp() {
  let nowMs = 1_000_000;
  let ids = 0;
  const clock = { nowMs: () => nowMs, after: () => ({ cancel() {} }) };
  const records = createRecords(clock.nowMs);
  const rows = new Map<string, ActorSnapshot>();
  const published: { topic: string; message: unknown }[] = [];
  const signed: MediaGrant[] = [];
  const songs = new Map<string, PlayableSong>();
  for (const name of ['A', 'B', 'C']) {
    const song = { albumId: ALBUM, durationMs: SONG_MS, explicit: false, rungs: [24, 96, 160, 320] };
    songs.set(id(name), { songId: id(name), ...song } as PlayableSong);
  }
  const world = {
    entitlement: { tier: 'premium', country: 'SE', explicit: true, quality: 'auto' } as Entitlement,
    away: false,
    asked: 0,
    erased: [] as string[],
    caughtUp: [] as (readonly JournalRecord[])[],
  };
  const onAccounts = new Map<string, (records: readonly JournalRecord[]) => Promise<void>>();
  const unused = async (): Promise<never> => {
    throw new Error('a session parks nothing');
  };
  const journal: Journal = {
    parked: unused,
    replayParked: unused,
    async caughtUp(stream, consumer) {
      if (stream === PLAYER_STREAM && consumer === 'history')
        world.caughtUp.push(records.read(stream, SUBJECT));
    },
    append: async (...args) => records.append(...args),
    read: async (...args) => records.read(...args),
    lastSeq: async (...args) => records.lastSeq(...args),
    erase: async (...args) => records.erase(...args),
    async consume({ consumer, handle }) {
      onAccounts.set(consumer, handle);
      return { caughtUp: async () => {}, [Symbol.asyncDispose]: async () => {} };
    },
  };
  const snapshots = {
    get: async (key: string) => rows.get(key),
    put: async (key: string, _: unknown, row: ActorSnapshot) => void rows.set(key, row),
    delete: async (key: string) => void rows.delete(key),
  };
  const topics = {
    publish: async (topic: string, message: unknown) => void published.push({ topic, message }),
    subscribe: async () => ({ [Symbol.asyncDispose]: async () => {} }),
  };
  const answerOrNot = () => {
    if (world.away) throw new UnavailableError('AWAY', 'Try again.');
  };
  const catalog = {
    async playable({ songIds }: { songIds: string[] }) {
      world.asked += songIds.length;
      answerOrNot();
      return { items: songIds.flatMap((songId) => songs.get(songId) ?? []) };
    },
    album: async () => ({ songs: [...songs.values()] }) as never,
    artist: async () => ({ songs: [...songs.values()].toReversed() }) as never,
  };
  const accounts = {
    async entitlement() {
      answerOrNot();
      return world.entitlement;
    },
    deviceActive: async ({ deviceId }: { deviceId: string }) => ({ active: deviceId !== id('lost') }),
  };
  const media = {
    sign(grant: MediaGrant, { hasOriginal }: { hasOriginal: boolean }) {
      signed.push(grant);
      return {
        ...(hasOriginal && { originalUrl: '/original' }),
        hlsUrl: `/m/${grant.playId}/hls`,
        dashUrl: '/dash',
        fileUrl: '/file',
      };
    },
  };
  const sources = { clock, random: { next: () => 0.5 }, ids: { next: () => id(`id${++ids}`) } };
  const openNode = () => openPlayerHost({ journal, snapshots, clock, topics });
  const host = openNode();
  const known = createKnown({ accounts, catalog, clock });
  const nodeOf = (of: typeof host) =>
    createPlayerSession({ ...sources, host: of, known, catalog, accounts, media });
  return {
    ...world,
    world,
    player: nodeOf(host),
    otherNode: () => nodeOf(openNode()),
    host,
    known,
    songs,
    signed,
    published,
    rows,
    after: (ms: number) => {
      nowMs += ms;
    },
    recordsOfUser: () => records.read(PLAYER_STREAM, SUBJECT),
    /** As in a node that has no share of the accounts' subjects. */
    async tellMemory(event: AccountEvent) {
      await using _news = await consumeAccountNews({ journal, host, known });
      const record = { stream: ACCOUNTS_STREAM, subject: '', seq: 1, atMs: 0, data: event };
      await onAccounts.get('player-session-known')?.([record]);
    },
    async tellAccounts(event: AccountEvent) {
      await using _news = await consumeAccountNews({ journal, host, known });
      const record = { stream: ACCOUNTS_STREAM, subject: '', seq: 1, atMs: 0, data: event };
      for (const handle of onAccounts.values()) await handle([record]);
    },
  };
}

const play = { ...PHONE_CALL, songIds: ['A', 'B', 'C'].map(id) };

t.test('PS44 the device that sounds gets what to fetch now and next, others only the state', async (t) => {
  const { player, signed } = setUp();
  const answer = await player.play(play);
  t.ok(validatorOf(PlayerAnswer).Check(answer), 'fits the contract');
  t.match(answer, {
    state: { status: 'playing', deviceId: PHONE, upNextTotal: 2, current: { songId: id('A') } },
    stream: { songId: id('A'), playId: answer.state.current?.playId, maxRung: 320 },
    nextStream: { songId: id('B') },
    skipped: [],
  });
  t.match(signed[0], { userId: USER, region: 'SE', maxRung: 320, songId: id('A') });
  const elsewhere = await player.get(LAPTOP_CALL);
  t.equal(elsewhere.state.current?.songId, id('A'));
  t.notOk(elsewhere.stream);
});

t.test('PS2 the next stream is signed for the play that then starts', async (t) => {
  const { player } = setUp();
  const { nextStream } = await player.play(play);
  const answer = await player.next(PHONE_CALL);
  t.equal(answer.state.current?.playId, nextStream?.playId);
});

t.test('PS8 a repeated commandId gets the first answer and changes nothing', async (t) => {
  const { player, recordsOfUser } = setUp();
  await player.play(play);
  const command = { ...PHONE_CALL, commandId: 'c1' };
  const first = await player.next(command);
  const again = await player.next(command);
  t.same(again.state, first.state);
  t.equal(recordsOfUser().length, 2);
});

t.test('PS36 play without songs, song and context resumes', async (t) => {
  const { player } = setUp();
  await player.play(play);
  await player.pause(PHONE_CALL);
  t.equal((await player.play(PHONE_CALL)).state.status, 'playing');
});

t.test('an album or artist plays without its songs being named', async (t) => {
  const { player } = setUp();
  const album = await player.play({ ...PHONE_CALL, context: { type: 'album', id: ALBUM }, songId: id('B') });
  t.match(album.state, { context: { type: 'album' }, current: { songId: id('B') }, upNextTotal: 1 });
  const artist = await player.play({ ...PHONE_CALL, context: { type: 'artist', id: id('artist') } });
  t.equal(artist.state.current?.songId, id('C'));
  await t.rejects(player.play({ ...PHONE_CALL, context: { type: 'album' } }), {
    code: 'CONTEXT_ID_REQUIRED',
  });
  await t.rejects(player.play({ ...PHONE_CALL, context: { type: 'likes' } }), { code: 'SONGS_REQUIRED' });
});

t.test('PS32 an album longer than a context may be plays its first 1,000 songs', async (t) => {
  const { player, songs } = setUp();
  const [song] = songs.values();
  for (let i = 0; i < 1_000; i++) songs.set(id(`S${i}`), { ...(song as PlayableSong), songId: id(`S${i}`) });
  const { state } = await player.play({ ...PHONE_CALL, context: { type: 'album', id: ALBUM } });
  t.equal(state.upNextTotal, 999);
  t.equal(state.upNext.length, 50);
});

t.test('PS38 PS40 a song that got unavailable is passed over and told', async (t) => {
  const { player, songs, after } = setUp();
  await player.play(play);
  songs.set(id('B'), { ...(songs.get(id('B')) as PlayableSong), unavailable: 'NOT_LICENSED' });
  after(31_000);
  const answer = await player.next(PHONE_CALL);
  t.same(answer.skipped, [{ songId: id('B'), reason: 'NOT_LICENSED' }]);
  t.equal(answer.state.current?.songId, id('C'));
});

t.test('PS39 refusals carry the reason as code', async (t) => {
  const { player, songs } = setUp();
  songs.set(id('B'), { ...(songs.get(id('B')) as PlayableSong), unavailable: 'NOT_IN_REGION' });
  await t.rejects(player.play({ ...PHONE_CALL, songId: id('B') }), {
    name: 'ForbiddenError',
    code: 'NOT_IN_REGION',
  });
  await t.rejects(player.play({ ...PHONE_CALL, songId: id('none') }), {
    name: 'NotFoundError',
    code: 'SONG_NOT_FOUND',
  });
});

t.test('PS41 stream signs one song; a free account cannot ask for high', async (t) => {
  const { player, world, songs, signed, known } = setUp();
  const answer = await player.play(play);
  const current = await player.stream({ ...PHONE_CALL, songId: id('A'), quality: 'low' });
  t.ok(validatorOf(Stream).Check(current), 'fits the contract');
  t.match(current, { playId: answer.state.current?.playId, maxRung: 96 });
  t.equal(current.originalUrl, undefined);
  const other = await player.stream({ ...PHONE_CALL, songId: id('B') });
  t.not(other.playId, current.playId);
  const report = { ...PHONE_CALL, playId: other.playId, listenedMs: 1, positionMs: 1, playing: true };
  t.match(await player.progress(report), { current: false, counted: false });

  const original = {
    ...{ format: 'flac' as const, codec: 'flac', mimeType: 'audio/flac', lossless: true, kbps: 900 },
    ...{ sampleRateHz: 44_100, channels: 2, bytes: 1 },
  };
  songs.set(id('E'), { ...(songs.get(id('B')) as PlayableSong), songId: id('E'), original });
  const own = await player.stream({ ...PHONE_CALL, songId: id('E') });
  t.equal(own.originalUrl, '/original', 'of a song whose file is there');
  t.ok(validatorOf(Stream).Check(own), 'fits the contract');

  world.entitlement = { ...world.entitlement, tier: 'free', quality: 'high' };
  known.forget(USER);
  await t.rejects(player.stream({ ...PHONE_CALL, songId: id('A'), quality: 'high' }), {
    name: 'ForbiddenError',
    code: 'PREMIUM_REQUIRED',
  });
  const preferred = await player.stream({ ...PHONE_CALL, songId: id('A') });
  t.match(preferred, { maxRung: 160, maxRungReason: 'PREMIUM_REQUIRED' });
  t.equal(signed.at(-1)?.maxRung, 160);
  await t.rejects(player.stream({ ...PHONE_CALL, songId: id('none') }), { code: 'SONG_NOT_FOUND' });
});

t.test('PS42 songs are asked for once in half a minute', async (t) => {
  const { player, world, after } = setUp();
  await player.play(play);
  const { asked } = world;
  await player.next(PHONE_CALL);
  await player.get(PHONE_CALL);
  t.equal(world.asked, asked);
  after(31_000);
  await player.get(PHONE_CALL);
  t.ok(world.asked > asked);
});

t.test('PS43 each change is told to all devices, a report only when it counts', async (t) => {
  const { player, published, after } = setUp();
  const { state } = await player.play(play);
  const playId = state.current?.playId as string;
  const report = { ...PHONE_CALL, playId, positionMs: 0, playing: true };
  after(10_000);
  await player.progress({ ...report, listenedMs: 10_000 });
  t.equal(published.length, 1);
  t.match(published[0], {
    topic: userTopic(USER),
    message: { type: 'player.state', state: { version: state.version } },
  });
  after(20_000);
  t.same(await player.progress({ ...report, listenedMs: 30_000 }), {
    listenedMs: 30_000,
    counted: true,
    current: true,
  });
  t.match(published[1]?.message, { state: { current: { counted: true } } });
  t.equal(published.length, 2);
});

t.test('PS42 while accounts and catalogue are away playback goes on with what was known', async (t) => {
  const { player, world, after } = setUp();
  await player.play(play);
  world.away = true;
  after(31_000);
  t.match(await player.next(PHONE_CALL), { state: { current: { songId: id('B') } }, stream: {} });
  after(3_600_000);
  await t.rejects(player.next(PHONE_CALL), { code: 'AWAY' });
});

t.test('PS44 without anything known commands stand and streams are left out', async (t) => {
  const { player, world, after } = setUp();
  await player.play(play);
  world.away = true;
  after(3_600_000);
  const answer = await player.pause(PHONE_CALL);
  t.equal(answer.state.status, 'paused');
  t.notOk(answer.stream);
});

t.test('PS14 PS27 a report at a node that others have overtaken is judged by the journal', async (t) => {
  const { player, otherNode, after, recordsOfUser } = setUp();
  const { state } = await player.play(play);
  const playId = state.current?.playId as string;
  const report = { ...PHONE_CALL, playId, positionMs: 0, playing: true };
  await player.pause(PHONE_CALL);
  const other = otherNode();
  await other.resume(PHONE_CALL);
  after(30_000);
  t.match(await player.progress({ ...report, listenedMs: 30_000 }), { counted: true, listenedMs: 30_000 });
  t.match(await other.progress({ ...report, listenedMs: 30_000 }), { counted: true });
  const counts = recordsOfUser().filter((record) => JSON.stringify(record).includes('streamCounted'));
  t.equal(counts.length, 1);
});

t.test('PS14 a last report at a node that others have overtaken is judged by the journal', async (t) => {
  const { player, otherNode, after } = setUp();
  const { state } = await player.play(play);
  const playId = state.current?.playId as string;
  const report = { playId, positionMs: 0, playing: false };
  after(10_000);
  await player.transfer({ ...PHONE_CALL, toDeviceId: LAPTOP });
  after(20_000);
  await otherNode().progress({ ...PHONE_CALL, ...report, listenedMs: 10_000 });
  t.match(await player.progress({ ...LAPTOP_CALL, ...report, listenedMs: 20_000 }), { counted: true });
});

t.test('PS25 transfer to a device that is not registered is refused', async (t) => {
  const { player } = setUp();
  await player.play(play);
  await t.rejects(player.transfer({ ...PHONE_CALL, toDeviceId: id('lost') }), {
    name: 'NotFoundError',
    code: 'DEVICE_NOT_FOUND',
  });
  const answer = await player.transfer({ ...PHONE_CALL, toDeviceId: LAPTOP });
  t.equal(answer.state.deviceId, LAPTOP);
  t.ok((await player.get(LAPTOP_CALL)).stream);
});

t.test('PS45 the version grows with each change', async (t) => {
  const { player } = setUp();
  const versions = [
    (await player.play(play)).state.version,
    (await player.mode({ ...PHONE_CALL, shuffle: true, repeat: 'all' })).state.version,
    (await player.queue({ ...PHONE_CALL, op: 'add', songIds: [id('A')] })).state.version,
    (await player.seek({ ...PHONE_CALL, positionMs: 9_000 })).state.version,
    (await player.previous(PHONE_CALL)).state.version,
  ];
  t.same(
    versions,
    versions.toSorted((a, b) => a - b),
  );
  t.equal(new Set(versions).size, versions.length);
});

t.test('PS28 a removed device is paused', async (t) => {
  const { player, tellAccounts } = setUp();
  await player.play(play);
  await tellAccounts({ type: 'deviceRemoved', userId: USER, deviceId: PHONE });
  t.equal((await player.get(PHONE_CALL)).state.status, 'paused');
});

t.test('PS42 a changed tier holds from the next answer', async (t) => {
  const { player, tellAccounts, world } = setUp();
  await player.play(play);
  world.entitlement = { ...world.entitlement, tier: 'free' };
  await tellAccounts({ type: 'tierChanged', userId: USER, tier: 'free' });
  t.equal((await player.get(PHONE_CALL)).stream?.maxRung, 160);
});

t.test('PS46 a deleted account: readers catch up with the end, then nothing is left', async (t) => {
  const { player, tellAccounts, world, recordsOfUser, rows } = setUp();
  await player.play(play);
  await tellAccounts({ type: 'accountDeleted', userId: USER });
  t.match(world.caughtUp[0]?.at(-1)?.data, { events: [{ type: 'playEnded' }] });
  t.same(recordsOfUser(), []);
  t.equal(rows.size, 0);
  t.equal((await player.get(PHONE_CALL)).state.status, 'idle');
});

t.test('PS42 PS46 a node that handles no news hears of what it has in memory', async (t) => {
  const { player, known, tellMemory, world } = setUp();
  await player.play(play);
  world.entitlement = { ...world.entitlement, tier: 'free' };
  await tellMemory({ type: 'tierChanged', userId: USER, tier: 'free' });
  t.equal((await known.entitlement(USER)).tier, 'free');
  await tellMemory({ type: 'accountDeleted', userId: USER });
  await t.rejects(player.mode({ ...PHONE_CALL, shuffle: true }), { code: 'ACCOUNT_NOT_FOUND' });
});
