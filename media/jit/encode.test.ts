/**
 * Goal: segments of different runs sound as if one encoder had made them: no click, no shift, no gap.
 * Method: music with beats in every format and at odd rates; each segment cut by a run of its own; what they
 * decode to is compared with the source, at the seams and elsewhere.
 */
import { rm, truncate } from 'node:fs/promises';
import t from 'tap';
import type { Rung } from '../../actors/catalog/contract.ts';
import { MINUTE_MS } from '../../config/limits.ts';
import { findFfmpeg, startFfmpeg } from '../ingest/ffmpeg.ts';
import { FRAME_SAMPLES } from '../package/types.ts';
import { type CutSegment, type Encoded, EncoderError, encode } from './encode.ts';
import { bytesOf, decode, makeFile, planOf, soundOf } from './testing.ts';

const ffmpeg = await findFfmpeg();
const start = (args: readonly string[]) => startFfmpeg(ffmpeg, args, MINUTE_MS);
const SECONDS = 13;

/** Every segment of a run from the top. */
async function all(cuts: AsyncGenerator<CutSegment, Encoded>): Promise<{ cuts: Buffer[]; end: Encoded }> {
  const made: Buffer[] = [];
  for (;;) {
    const cut = await cuts.next();
    if (cut.done) return { cuts: made, end: cut.value };
    made.push(bytesOf(cut.value));
  }
}

/** The largest difference within [from, to). */
function worst(a: Float32Array, b: Float32Array, from: number, to: number): number {
  let most = 0;
  for (let i = from; i < to; i++) most = Math.max(most, Math.abs((a[i] ?? 9) - (b[i] ?? 9)));
  return most;
}

for (const [name, sampleRate, rung] of [
  ['song.flac', 44_100, 320],
  ['song.wav', 48_000, 160],
  ['song.mp3', 44_100, 320],
  ['song.ogg', 44_100, 96],
  ['song.opus', 48_000, 320],
  ['song.m4a', 44_100, 160],
  ['song.aiff', 22_050, 320],
  ['odd.flac', 32_000, 320],
  ['odder.wav', 37_800, 24],
] as const) {
  t.test(`${name} at ${sampleRate} Hz, ${rung} kbit/s`, async (t) => {
    const folder = t.testdir({});
    const samples = SECONDS * sampleRate + 123;
    const file = await makeFile(ffmpeg, folder, name, { samples, sampleRate, beats: true });
    const plan = planOf(file);
    const one = await all(encode(plan, rung as Rung, 0, start));
    const counts = plan.layout.renditions[0]?.segments.map((segment) => segment.samples) ?? [];
    t.equal(one.cuts.length, counts.length, 'every segment of the plan');
    t.same(one.end, {}, 'nothing is missing');

    const many: Buffer[] = [];
    for (const index of counts.keys()) {
      const cuts = encode(plan, rung as Rung, index, start);
      const { value } = await cuts.next();
      many.push(bytesOf(value as CutSegment));
      await cuts.return({});
    }
    const source = await decode(ffmpeg, ['-i', file.path], plan.layout.sampleRate, folder);
    const ofOne = await soundOf(plan, rung as Rung, one.cuts, ffmpeg, folder);
    const ofMany = await soundOf(plan, rung as Rung, many, ffmpeg, folder);
    t.equal(ofOne.length, plan.layout.samples, 'exactly the planned samples');
    t.equal(ofMany.length, ofOne.length);
    let seam = -plan.layout.priming;
    for (const [i, count] of counts.slice(0, -1).entries()) {
      seam += count;
      const around = [seam - FRAME_SAMPLES, seam + 2 * FRAME_SAMPLES] as const;
      const [off, usual] = [worst(source, ofMany, ...around), worst(source, ofOne, ...around)];
      t.ok(off <= usual * 1.5 + 0.003, `seam ${i}: off by ${off.toFixed(4)} instead of ${usual.toFixed(4)}`);
    }
    if (rung < 320) return;
    for (const shift of [-1, 1]) {
      const off = worst(source.subarray(seam + shift), ofMany.subarray(seam), 0, 4 * FRAME_SAMPLES);
      t.ok(off > 0.02, `a shift by ${shift} would show`);
    }
  });
}

t.test('a file that holds less than it says ends in silence, and is told', async (t) => {
  const folder = t.testdir({});
  const file = await makeFile(ffmpeg, folder, 'short.flac', { samples: 5 * 44_100 });
  const plan = planOf({ ...file, samples: 9 * 44_100 });
  const { cuts, end } = await all(encode(plan, 96, 0, start));
  t.equal(cuts.length, plan.layout.renditions[0]?.segments.length, 'a player reaches the end');
  t.ok(Math.abs((end.shortSamples ?? 0) - 5 * 44_100) <= FRAME_SAMPLES, `${end.shortSamples} samples`);
  const sound = await soundOf(plan, 96, cuts, ffmpeg, folder);
  t.equal(sound.length, 9 * 44_100);
  t.ok(worst(sound, new Float32Array(sound.length), 6 * 44_100, sound.length) < 0.001, 'silence');
  const behind = await all(encode(plan, 96, 1, start));
  t.ok(Math.abs((behind.end.shortSamples ?? 0) - 5 * 44_100) <= FRAME_SAMPLES, 'from the middle as well');
});

t.test('a file that holds more than it says is cut', async (t) => {
  const folder = t.testdir({});
  const file = await makeFile(ffmpeg, folder, 'long.flac', { samples: 9 * 44_100 });
  const plan = planOf({ ...file, samples: 5 * 44_100 });
  const { cuts, end } = await all(encode(plan, 96, 0, start));
  t.same(end, {});
  t.equal((await soundOf(plan, 96, cuts, ffmpeg, folder)).length, 5 * 44_100);
});

t.test('a file that is gone or changes is no short one', async (t) => {
  const folder = t.testdir({});
  const file = await makeFile(ffmpeg, folder, 'song.wav', { samples: 60 * 44_100 });
  const cuts = encode(planOf(file), 320, 0, start);
  await cuts.next();
  await truncate(file.path, file.bytes / 3);
  await t.rejects(async () => {
    while (!(await cuts.next()).done);
  }, EncoderError);
  await rm(file.path);
  await t.rejects(all(encode(planOf(file), 320, 0, start)), EncoderError);
});

t.test('an aborted run ends at once, and its encoder with it', async (t) => {
  const folder = t.testdir({});
  const file = await makeFile(ffmpeg, folder, 'song.flac', { samples: 60 * 44_100 });
  const stopping = new AbortController();
  const cuts = encode(planOf(file), 320, 0, start, stopping.signal);
  await cuts.next();
  const next = cuts.next();
  stopping.abort();
  await t.rejects(next, EncoderError);
});
