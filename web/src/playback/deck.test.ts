/**
 * Goal: songs lie on the time line without a sample between them, and what is fetched follows what is heard.
 * Method: a deck over a media source that keeps ranges instead of sound, and an edge that answers at once.
 */
import t from 'tap';
import {
  type FakeAudio,
  FakeMediaSource,
  fakeEdge,
  installMedia,
  SAMPLE_RATE,
  settled,
  streamOf,
} from './testing/fake-media.ts';

const edge = fakeEdge();
installMedia(edge);
const { Deck } = await import('./deck.ts');
const { Play } = await import('./play.ts');

const SAMPLES_A = 7 * SAMPLE_RATE + 123;
const A_S = SAMPLES_A / SAMPLE_RATE;
edge.songs
  .set('a', SAMPLES_A)
  .set('b', 9 * SAMPLE_RATE)
  .set('c', 3 * SAMPLE_RATE)
  .set('long', 400 * SAMPLE_RATE);

const segmentsAsked = () => edge.asked.filter((name) => name.endsWith('.m4s'));

let before: InstanceType<typeof Deck> | undefined;

async function setUp() {
  before?.clear();
  await settled();
  edge.asked.length = 0;
  edge.instead = undefined;
  const told: string[] = [];
  const deck = new Deck((_deck, event) =>
    told.push(typeof event === 'string' ? event : `rung ${event.rung}`),
  );
  before = deck;
  const audio = deck.audio as unknown as FakeAudio;
  return { deck, audio, told, ranges: () => FakeMediaSource.last.buffer.ranges };
}
const play = (songId: string) => new Play(streamOf(songId));

t.test(
  'two songs lie behind one another to the sample, and the sound passes from one to the other',
  async (t) => {
    const { deck, audio, told, ranges } = await setUp();
    const [a, b] = [play('a'), play('b')];
    deck.load(a, 0);
    deck.play();
    await settled();
    deck.follow(b);
    await settled();
    t.strictSame(ranges(), [[0, A_S + 9]], 'one range without a hole');
    await audio.sound(6.5);
    t.equal(deck.current, a);
    t.ok(Math.abs(deck.positionMs - 6500) < 2);
    await audio.sound(1);
    t.equal(deck.current, b);
    t.ok(Math.abs(deck.positionMs - (7500 - A_S * 1000)) < 2, 'its own position');
    t.same(
      told.filter((event) => event !== 'time' && !event.startsWith('rung')),
      ['playing', 'passing', 'passed'],
      'the sound neither waits nor ends',
    );
    await audio.sound(20);
    t.equal(told.at(-1), 'ended');
  },
);

t.test('the first sound takes one round of questions', async (t) => {
  const { deck } = await setUp();
  deck.load(play('a'), 0);
  t.same(edge.asked.toSorted(), ['a/96/0.m4s', 'a/96/index.m3u8', 'a/96/init.mp4', 'a/96/key']);
  await settled();
});

t.test('from the middle of a song only what sounds is fetched', async (t) => {
  const { deck, audio } = await setUp();
  deck.load(play('long'), 100_000);
  deck.play();
  await settled();
  t.equal(audio.currentTime, 100);
  t.match(segmentsAsked()[0], /\/16\.m4s$/);
});

t.test(
  'what follows is begun before the song is there to its end, and taken back when it changes',
  async (t) => {
    const { deck, audio, ranges } = await setUp();
    deck.load(play('long'), 0);
    deck.play();
    deck.follow(play('b'));
    await settled();
    t.equal(ranges().length, 2, 'its beginning lies apart');
    t.equal(ranges()[1]?.[0], 400);
    t.ok((ranges()[0]?.[1] ?? 0) >= 90 && (ranges()[0]?.[1] ?? 0) < 100, `${ranges()[0]?.[1]} s are here`);
    const c = play('c');
    deck.follow(c);
    await settled();
    t.strictSame(ranges()[1], [400, 403]);
    deck.goOn();
    await settled();
    t.equal(deck.current, c);
    t.equal(audio.currentTime, 400);
    t.equal(deck.positionMs, 0);
    deck.follow(undefined);
  },
);

t.test('a song loaded after another never sounds what was there before', async (t) => {
  const { deck, audio, ranges } = await setUp();
  deck.load(play('long'), 200_000);
  deck.play();
  await settled();
  await audio.sound(2);
  deck.load(play('c'), 0);
  deck.play();
  t.ok(audio.paused, 'silent until the old sound is gone');
  await settled();
  t.strictSame(ranges(), [[0, 3]]);
  t.notOk(audio.paused);
  t.equal(audio.currentTime, 0);
});

t.test('what lies far behind is thrown out, and fetched again for who goes back', async (t) => {
  const { deck, audio, ranges } = await setUp();
  deck.load(play('long'), 0);
  deck.play();
  await audio.sound(80);
  t.ok((ranges()[0]?.[0] ?? 0) > 20);
  deck.seek(0);
  await settled();
  t.equal(ranges()[0]?.[0], 0);
});

t.test('without room, less is fetched ahead, and the sound goes on', async (t) => {
  const { deck, audio, told } = await setUp();
  deck.load(play('long'), 0);
  FakeMediaSource.last.buffer.roomS = 40;
  deck.play();
  await audio.sound(120);
  t.ok(audio.currentTime > 119, `at ${audio.currentTime}`);
  t.notOk(told.includes('waiting'));
});

t.test('an edge that refuses is told once; a fresh address goes on where the sound is', async (t) => {
  const { deck, audio, told } = await setUp();
  deck.load(play('long'), 0);
  deck.play();
  await settled();
  edge.instead = async () => new Response('', { status: 403 });
  await audio.sound(110);
  t.equal(told.filter((event) => event === 'failed').length, 1);
  const standsAt = audio.currentTime;
  t.ok(standsAt > 90, 'what was here has sounded');
  edge.instead = undefined;
  deck.renew(streamOf('long'));
  await audio.sound(5);
  t.ok(audio.currentTime > standsAt + 4);
});

t.test('what a browser gives up decoding is laid anew from where it stood', async (t) => {
  const { deck, audio, told, ranges } = await setUp();
  deck.load(play('long'), 0);
  deck.play();
  await audio.sound(50);
  const source = FakeMediaSource.last;
  audio.error = { code: 3 };
  source.readyState = 'closed';
  audio.dispatchEvent(new Event('error'));
  t.equal(told.at(-1), 'failed');
  queueMicrotask(() => {
    audio.error = null;
  });
  deck.renew(streamOf('long'));
  await settled();
  t.not(FakeMediaSource.last, source);
  t.ok((ranges()[0]?.[0] ?? 0) <= 50 && (ranges()[0]?.[1] ?? 0) > 50);
});

t.test('a next song that cannot be fetched is asked for again before it is due', async (t) => {
  const { deck, audio, told } = await setUp();
  const timers: (() => void)[] = [];
  t.intercept(globalThis, 'setTimeout', { value: (work: () => void) => timers.push(work) });
  edge.instead = (name) =>
    name.startsWith('b/') ? Promise.resolve(new Response('', { status: 403 })) : undefined;
  deck.load(play('a'), 0);
  deck.play();
  deck.follow(play('b'));
  await settled();
  t.notOk(told.includes('failed'), 'the song that sounds is well');
  edge.instead = undefined;
  for (const work of timers.splice(0)) work();
  await settled();
  await audio.sound(10);
  t.equal(deck.current?.stream.songId, 'b');
  t.notOk(told.includes('waiting'));
});

t.test('two hundred songs leave no more behind than two', async (t) => {
  const { deck, audio, ranges } = await setUp();
  deck.load(play('a'), 0);
  deck.play();
  for (let i = 1; i < 200; i++) {
    await settled();
    deck.follow(play(i % 2 ? 'b' : 'a'));
    await settled();
    const [current, next] = [deck.current, deck.next];
    while (deck.current === current) await audio.sound(3);
    t.equal(deck.current, next);
  }
  const heldS = ranges().reduce((sum, [start, end]) => sum + end - start, 0);
  t.ok(heldS < 70, `${heldS.toFixed(0)} s are held after ${audio.currentTime.toFixed(0)} s`);
  t.equal(ranges().length, 1, 'in one piece');
});
