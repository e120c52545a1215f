/**
 * Goal: two songs that overlap keep one loudness, and whatever is done meanwhile leaves one song sounding.
 * Method: an output over decks that keep ranges instead of sound, and timers that are called by hand.
 */
import t from 'tap';
import {
  type FakeAudio,
  fakeEdge,
  installMedia,
  SAMPLE_RATE,
  settled,
  streamOf,
} from './testing/fake-media.ts';

const edge = fakeEdge();
installMedia(edge);
for (const songId of ['a', 'b', 'c']) edge.songs.set(songId, 20 * SAMPLE_RATE);
const { Output } = await import('./output.ts');
const { FakeAudio: Audio } = await import('./testing/fake-media.ts');

let nowMs = 0;
t.intercept(performance, 'now', { value: () => nowMs });
const steps = new Set<() => void>();
t.intercept(globalThis, 'setInterval', {
  value: (work: () => void) => {
    steps.add(work);
    return work;
  },
});
t.intercept(globalThis, 'clearInterval', { value: (work: () => void) => steps.delete(work) });

async function setUp(overlapMs: number) {
  Audio.all.length = 0;
  const told: string[] = [];
  const output = new Output({ volumeOf: () => 0.5, overlapMs: () => overlapMs }, (event) => {
    if (typeof event === 'string' && event !== 'time') told.push(event);
  });
  const audios = Audio.all as readonly FakeAudio[];
  const sounding = () => audios.filter(({ paused }) => !paused);
  output.load(streamOf('a'), 0, 0);
  output.play();
  await settled();
  output.follow(streamOf('b'));
  await settled();
  return {
    output,
    told,
    audios,
    sounding,
    async sound(seconds: number) {
      for (let left = seconds; left > 0; left -= 0.5) {
        nowMs += 500;
        for (const audio of sounding()) await audio.sound(0.5);
        for (const step of steps) step();
      }
    },
  };
}

t.test('the next song comes in while the one before goes out, with equal power', async (t) => {
  const { output, told, audios, sounding, sound } = await setUp(4000);
  await sound(15.5);
  t.equal(sounding().length, 1);
  await sound(2.5);
  t.equal(output.current?.stream.songId, 'b');
  t.equal(sounding().length, 2);
  const [out = 0, into = 0] = audios.map(({ volume }) => volume);
  t.ok(out > 0.1 && into > 0.1, `${out} and ${into}`);
  t.ok(Math.abs(out ** 2 + into ** 2 - 0.25) < 0.001, 'together as loud as one');
  output.follow(streamOf('c'));
  t.equal(sounding().length, 2, 'what comes after waits');
  await sound(3);
  t.same(
    sounding().map(({ volume }) => volume),
    [0.5],
  );
  await settled();
  t.equal(output.next?.stream.songId, 'c');
  t.same(
    told.filter((event) => event.startsWith('pass')),
    ['passing', 'passed'],
  );
});

t.test('paused, skipped or sought meanwhile, one song is left', async (t) => {
  for (const act of ['pause', 'seek', 'load', 'clear'] as const) {
    const { output, sounding, sound } = await setUp(4000);
    await sound(18);
    t.equal(sounding().length, 2);
    if (act === 'load') output.load(streamOf('c'), 0, 0);
    else if (act === 'seek') output.seek(0);
    else output[act]();
    await settled();
    if (act === 'pause') output.play();
    await settled();
    t.ok(sounding().length <= 1, act);
    t.equal(output.current?.stream.songId, { pause: 'b', seek: 'b', load: 'c', clear: undefined }[act]);
    t.ok(
      sounding().every(({ volume }) => volume === 0.5),
      'and at its own loudness',
    );
    output.clear();
  }
});

t.test('without an overlap both meet on one deck', async (t) => {
  const { output, sounding, sound, told } = await setUp(0);
  await sound(21);
  t.equal(sounding().length, 1);
  t.equal(output.current?.stream.songId, 'b');
  t.notOk(told.includes('waiting'));
});

t.test('when the wish changes the next song is fetched to where it will sound', async (t) => {
  let overlapMs = 0;
  const output = new Output({ volumeOf: () => 1, overlapMs: () => overlapMs }, () => undefined);
  output.load(streamOf('a'), 0, 0);
  await settled();
  output.follow(streamOf('b'));
  await settled();
  const [, spare] = Audio.all.slice(-2);
  t.equal(spare?.src, '');
  overlapMs = 3000;
  output.rejoin();
  await settled();
  t.not(spare?.src, '');
  t.equal(output.next?.stream.songId, 'b');
});
