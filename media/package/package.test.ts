/**
 * Goal: what is served plays back as exactly the samples that went in, whichever ffmpeg encoded them.
 * Method: package a tone of an odd length with every ffmpeg there is, decode HLS and the progressive file
 * with it, and look for the tone in the result.
 */
import { createDecipheriv } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { type Ffmpeg, findFfmpeg, npmFfmpegPath, runFfmpeg } from '../ingest/ffmpeg.ts';
import { storePackage } from '../ingest/package.ts';
import { probe } from '../ingest/probe.ts';
import { FolderObjects } from '../ingest/testing/engines.ts';
import { makeMusic } from '../ingest/testing/music.ts';
import { transcode } from '../ingest/transcode.ts';
import { segmentIv, segmentKey } from './encrypt.ts';
import { mediaPlaylist } from './hls.ts';
import { initOf, plannedLayout } from './layout.ts';
import { boxesIn } from './mp4/boxes.ts';
import { trackKeys, trackUrls } from './names.ts';
import { progressiveFile, progressivePieces } from './progressive.ts';
import { segmentRange } from './segment.ts';
import { serve, servedFiles, TEST_SECRET } from './testing.ts';
import { FRAME_SAMPLES, type Rendition, type RenditionLayout, type TrackLayout } from './types.ts';

const npmPath = npmFfmpegPath();
const ffmpegs = [await findFfmpeg(), ...(npmPath ? [await findFfmpeg(npmPath)] : [])];
const distinct = [...new Map(ffmpegs.map((ffmpeg) => [ffmpeg.path, ffmpeg])).values()];

const RATES = [44100, 48000];
const SOURCE_SECONDS = 13;
const ODD_SAMPLES = 123;
const IV = segmentIv(TEST_SECRET, 'song');
const at = (track: TrackLayout, i: number) => track.renditions[i] as RenditionLayout;

async function decode(ffmpeg: Ffmpeg, input: readonly string[], folder: string): Promise<Int16Array> {
  const path = join(folder, 'decoded.pcm');
  const run = await runFfmpeg(ffmpeg, ['-y', ...input, '-ac', '1', '-f', 's16le', path], 60_000);
  if (run.exitCode !== 0) throw new Error(run.stderr);
  const bytes = await readFile(path);
  return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
}

/** The shift at which `decoded` is most like `source`, by the sum of products over a second of it. */
function shiftOf(source: Int16Array, decoded: Int16Array, around: number): number {
  const at = 200_000;
  const likeness = (shift: number): number => {
    let sum = 0;
    for (let i = at; i < at + 44100; i++) sum += (source[i] ?? 0) * (decoded[i + shift] ?? 0);
    return sum;
  };
  const shifts = Array.from({ length: 41 }, (_, i) => around - 20 + i);
  return shifts.reduce((best, shift) => (likeness(shift) > likeness(best) ? shift : best));
}

for (const ffmpeg of distinct) {
  for (const sampleRate of RATES) {
    t.test(`ffmpeg ${ffmpeg.version} at ${sampleRate} Hz`, async (t) => {
      const folder = t.testdir({ work: {}, objects: {} });
      const samples = SOURCE_SECONDS * sampleRate + ODD_SAMPLES;
      const source = await makeMusic(ffmpeg, folder, 'tone.wav', { samples, sampleRate });
      const objects = new FolderObjects(join(folder, 'objects'));
      const probed = probe(source);
      const track = await storePackage(
        'song',
        await transcode(probed, ffmpeg, join(folder, 'work')),
        probed.durationMs,
        objects,
        'encoding',
      );
      const files = new Map<number, Buffer>();
      for (const { rung } of track.renditions) {
        files.set(rung, (await objects.get(trackKeys.rendition('song', rung, 'encoding'))) as Buffer);
      }
      const served = await servedFiles(track, (rung) => files.get(rung) as Buffer);
      const tone = await decode(ffmpeg, ['-i', source], folder);
      t.equal(tone.length, samples);

      t.test('the index tells the truth', async (t) => {
        t.equal(track.samples, samples, 'exactly the samples of the source');
        t.equal(track.sampleRate, sampleRate);
        t.ok(track.loudness && Math.abs(track.loudness.integratedLufs + 10) < 6);
        for (const rendition of track.renditions) {
          t.equal(rendition.fileBytes, files.get(rendition.rung)?.length);
          const decoded = rendition.segments.reduce((sum, segment) => sum + segment.samples, 0);
          const padding = decoded - track.priming - track.samples;
          t.ok(padding >= 0 && padding < FRAME_SAMPLES, `${padding} samples of padding`);
          for (const i of rendition.segments.keys()) {
            const { start, end } = segmentRange(rendition, i);
            const types = boxesIn(files.get(rendition.rung) as Buffer, start, end).map(({ type }) => type);
            t.same(types, ['moof', 'mdat']);
          }
          const shortest = Math.min(...rendition.segments.map((segment) => segment.samples));
          t.ok(shortest >= sampleRate, 'none is so short that a player takes it for missing');
          const [first, second] = rendition.segments.map((segment) => segment.samples / sampleRate);
          t.ok(first && first >= 2 && first < 2.03, `${first} s before the first sound`);
          t.ok(second && second >= 6 && second < 6.03, `${second} s a segment`);
        }
      });

      t.test('its layout and its init sections were known before it was encoded', async (t) => {
        const planned = plannedLayout('song', samples, sampleRate);
        const told = ({ renditions, ...track }: TrackLayout) => ({
          ...track,
          renditions: renditions.map(({ rung, codec, channels, segments }) => ({
            ...{ rung, codec, channels },
            segments: segments.map((segment) => segment.samples),
          })),
        });
        t.match(told(track), told(planned));
        for (const [i, { rung, initBytes }] of track.renditions.entries()) {
          const init = initOf(planned, at(planned, i));
          t.same(init, files.get(rung)?.subarray(0, initBytes), `${rung}: the init section`);
        }
        t.equal(mediaPlaylist(planned, at(planned, 1), IV), mediaPlaylist(track, at(track, 1), IV));
      });

      t.test('HLS decodes to the source, sample for sample', async (t) => {
        await using server = await serve(served);
        for (const { rung, segments } of track.renditions) {
          const url = `${server.url}/${trackUrls.mediaPlaylist(rung)}`;
          const decoded = await decode(ffmpeg, ['-allowed_extensions', 'ALL', '-i', url], folder);
          const frames = segments.reduce((sum, segment) => sum + segment.samples, 0);
          t.equal(decoded.length, frames, 'every frame of every segment');
          t.equal(decoded.subarray(track.priming, track.priming + track.samples).length, samples);
          t.equal(shiftOf(tone, decoded, track.priming), track.priming, `${rung}: behind the priming`);
        }
      });

      t.test('segments open with the key and vector of the playlist only', async (t) => {
        const key = segmentKey(TEST_SECRET, 'song', 96);
        const open = (url: string): Buffer => {
          const decipher = createDecipheriv('aes-128-cbc', key, segmentIv(TEST_SECRET, 'song'));
          return Buffer.concat([decipher.update(served.get(url) as Buffer), decipher.final()]);
        };
        const { start, end } = segmentRange(track.renditions[1] as Rendition, 1);
        t.same(open(trackUrls.segment(96, 1)), files.get(96)?.subarray(start, end));
        t.same(open(trackUrls.encryptedInit(96)), served.get(trackUrls.init(96)));
        t.throws(() => open(trackUrls.segment(160, 1)), 'the key of a lower rung does not');
      });

      t.test('the progressive file lasts exactly as long, and can be read from anywhere', async (t) => {
        for (const rendition of track.renditions) {
          const whole = served.get(trackUrls.file(rendition.rung)) as Buffer;
          const path = join(folder, 'whole.m4a');
          await writeFile(path, whole);
          const decoded = await decode(ffmpeg, ['-i', path], folder);
          t.ok(decoded.length >= samples && decoded.length < samples + FRAME_SAMPLES);
          t.equal(shiftOf(tone, decoded, 0), 0, `${rendition.rung}: the edit list takes the priming off`);
          const seeked = await decode(ffmpeg, ['-ss', '7', '-i', path], folder);
          t.ok(Math.abs(seeked.length - (decoded.length - 7 * sampleRate)) < 2 * FRAME_SAMPLES);
        }
        const rendition = track.renditions[2] as Rendition;
        const file = files.get(160) as Buffer;
        const whole = served.get(trackUrls.file(160)) as Buffer;
        const progressive = await progressiveFile(track, rendition, async (a, b) => file.subarray(a, b));
        t.equal(progressive.bytes, whole.length);
        for (const [start, end] of [
          [0, 10],
          [progressive.head.length - 5, progressive.head.length + 5],
          [100_000, 180_000],
          [whole.length - 7, whole.length],
        ] as const) {
          const bytes = progressivePieces(progressive, rendition, start, end).map((piece) =>
            (piece.from === 'head' ? progressive.head : file).subarray(piece.start, piece.end),
          );
          t.same(Buffer.concat(bytes), whole.subarray(start, end), `bytes ${start} to ${end}`);
        }
      });

      t.test('the preview is a file of its own', async (t) => {
        const decoded = await decode(ffmpeg, ['-i', objects.path(trackKeys.preview('song'))], folder);
        t.ok(Math.abs(decoded.length - samples) < 2 * FRAME_SAMPLES);
      });
    });
  }
}
