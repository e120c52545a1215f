/** Goal: a song's place is known to the sample from its playlist and init section, whatever their URLs look like. */
import t from 'tap';
import { renditionOf, segmentAt } from './rendition.ts';
import { initOf, playlistOf, SAMPLE_RATE } from './testing/fake-media.ts';

const SAMPLES = 1_000_003;
const URL = 'https://edge.example/m/token/song/96/index.m3u8';
const key = new Uint8Array(16);
const read = (playlist = playlistOf(SAMPLES), init = new Uint8Array(initOf(SAMPLES))) =>
  renditionOf(96, URL, playlist, init, key);

t.test('segments lie one behind the other, and end with the song', async (t) => {
  const rendition = read();
  t.match(rendition, { samples: SAMPLES, sampleRate: SAMPLE_RATE, priming: 1024, rung: 96 });
  const { segments } = rendition;
  t.equal(segments[0]?.startSample, 0);
  t.equal(segments[0]?.endSample, 259 * 1024 - 1024, 'the first without the priming');
  t.ok(segments.every(({ startSample }, i) => i === 0 || startSample === segments[i - 1]?.endSample));
  t.equal(segments.at(-1)?.endSample, SAMPLES);
  t.equal(segments[2]?.url, 'https://edge.example/m/token/song/96/2.m4s');
  t.same([...rendition.iv], Array(16).fill(9));
});

t.test('a second belongs to one segment; where one ends the next begins', async (t) => {
  const rendition = read();
  const endS = (rendition.segments[0]?.endSample ?? 0) / SAMPLE_RATE;
  t.same(
    [0, endS - 0.1, endS - 0.00001, endS, endS + 1, 1000].map((seconds) => segmentAt(rendition, seconds)),
    [0, 0, 1, 1, 1, rendition.segments.length - 1],
  );
});

t.test('the edit list is one that nobody follows', async (t) => {
  t.notOk(Buffer.from(read().init).includes('edts'));
});

t.test('addresses that are whole, or begin at the root, stay as they are', async (t) => {
  const playlist = playlistOf(SAMPLES)
    .replace('0.m4s', '/x/0.m4s')
    .replace('\n1.m4s', '\nhttps://b.example/1.m4s');
  t.same(
    read(playlist)
      .segments.slice(0, 2)
      .map(({ url }) => url),
    ['/x/0.m4s', 'https://b.example/1.m4s'],
  );
});

t.test('what is not understood is said to be so', async (t) => {
  t.throws(() => read('#EXTM3U\n'), /playlist/);
  t.throws(() => read(playlistOf(SAMPLES).replace(/,IV=.*/, '')), /playlist/);
  t.throws(() => read(playlistOf(SAMPLES), new Uint8Array([0, 0, 0, 8, 1, 2, 3, 4])), /moov/);
  t.throws(() => read(playlistOf(SAMPLES), new Uint8Array([0, 0, 0, 0, 1, 2, 3, 4, 5])), /moov/);
});
