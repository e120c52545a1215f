/**
 * Goal: a file's headers tell what decoding would, and its sound is known again whatever is done to its tags.
 * Method: files of every format made by ffmpeg, tagged anew by ffmpeg without touching their packets and by
 * hand; ffmpeg's own count of samples is the measure.
 */
import { execFileSync } from 'node:child_process';
import { copyFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { findFfmpeg } from '../ingest/ffmpeg.ts';
import { makeMusic } from '../ingest/testing/music.ts';
import { type MusicFacts, readMusic } from './read-file.ts';
import { RefusedError } from './refusal.ts';

const ffmpeg = await findFfmpeg();
const FILES = ['a.flac', 'b.mp3', 'c.ogg', 'd.opus', 'e.m4a', 'f.wav', 'g.aiff'];
const SAMPLES = 5 * 44_100 + 321;

const factsOf = (path: string): MusicFacts => readMusic(path, ({ facts }) => facts);
const identityOf = (path: string): string => factsOf(path).identity;
const run = (...args: string[]): Buffer =>
  execFileSync(ffmpeg.path, ['-v', 'error', '-y', ...args], { maxBuffer: 2 ** 28 });

/** What a player would hear. */
const decodedSamples = (path: string): number =>
  run('-i', path, '-map', '0:a:0', '-ac', '1', '-f', 's16le', '-c:a', 'pcm_s16le', 'pipe:1').length / 2;

t.test('headers count the samples that decoding gives', async (t) => {
  const folder = t.testdir();
  const odd: [string, string[]][] = [
    ['vbr.mp3', ['-c:a', 'libmp3lame', '-q:a', '4']],
    ['mono.flac', ['-c:a', 'flac', '-ac', '1', '-sample_fmt', 's16']],
    ['alac.m4a', ['-c:a', 'alac', '-f', 'mp4']],
    ['front.m4a', ['-c:a', 'aac', '-movflags', '+faststart', '-f', 'mp4']],
    ['oga.ogg', ['-c:a', 'flac', '-f', 'ogg']],
    ['float.wav', ['-c:a', 'pcm_f32le']],
    ['deep.wav', ['-c:a', 'pcm_s24le']],
    ['big.wav', ['-c:a', 'pcm_s16le', '-rf64', 'always']],
    ['little.aiff', ['-c:a', 'pcm_s16le', '-f', 'aiff']],
  ];
  for (const name of FILES) await makeMusic(ffmpeg, folder, name, { samples: SAMPLES });
  for (const [name, args] of odd) await makeMusic(ffmpeg, folder, name, { samples: SAMPLES, args });
  for (const name of [...FILES, ...odd.map(([name]) => name)]) {
    const path = join(folder, name);
    const facts = factsOf(path);
    // This ffmpeg leaves in what fills up the last frame of AAC.
    const fillMax = facts.codec === 'aac' ? 1023 : 0;
    const more = decodedSamples(path) - (facts.samples ?? 0);
    t.ok(more >= 0 && more <= fillMax, `${name}: ${more} more`);
    const made = (SAMPLES * facts.sampleRate) / 44_100;
    t.ok(Math.abs((facts.samples ?? 0) - made) < 1, `${name}: ${facts.samples} of ${made}`);
    t.equal(facts.durationMs, Math.round(((facts.samples ?? 0) * 1000) / facts.sampleRate), name);
    t.equal(facts.lossless, /flac|alac|oga|wav|aiff/.test(name), name);
  }
  const uncounted = ['-c:a', 'libmp3lame', '-b:a', '96k', '-write_xing', '0', '-ar', '22050'];
  const path = await makeMusic(ffmpeg, folder, 'no-count.mp3', { samples: SAMPLES, args: uncounted });
  t.equal(factsOf(path).samples, decodedSamples(path), 'frames are counted where no encoder has');
  t.match(factsOf(join(folder, 'alac.m4a')), { codec: 'alac', bitDepth: 24, channels: 2, format: 'm4a' });
  t.match(factsOf(join(folder, 'mono.flac')), { channels: 1, bitDepth: 16, sampleRate: 44_100 });
  t.match(factsOf(join(folder, 'd.opus')), { format: 'opus', sampleRate: 48_000, demuxer: 'ogg' });
  t.match(factsOf(join(folder, 'deep.wav')), { codec: 'pcm_s24le', bitDepth: 24 });
});

const RETAGGED = ['-map', '0', '-c', 'copy', '-metadata', `title=${'Another, longer '.repeat(400)}`];

t.test('a file tagged anew is the same sound', async (t) => {
  const folder = t.testdir();
  for (const name of FILES) {
    const path = await makeMusic(ffmpeg, folder, name, { samples: 20 * 44_100 });
    const other = await makeMusic(ffmpeg, folder, `other-${name}`, { samples: 20 * 44_100, seed: 2 });
    const retagged = join(folder, `retagged-${name}`);
    const format = name.endsWith('m4a') ? ['-f', 'mp4', '-movflags', '+faststart'] : [];
    run('-i', path, ...RETAGGED, '-metadata', 'artist=Bo', ...format, retagged);
    const before = factsOf(path);
    t.equal(identityOf(retagged), before.identity, name);
    t.equal(factsOf(retagged).samples, before.samples, name);
    t.not(identityOf(other), before.identity, `${name}: another sound is another`);
  }
});

const synchsafe = (n: number): Buffer =>
  Buffer.from([(n >> 21) & 127, (n >> 14) & 127, (n >> 7) & 127, n & 127]);
const id3 = (bytes: number): Buffer =>
  Buffer.concat([Buffer.from('ID3\u0003\u0000\u0000'), synchsafe(bytes), Buffer.alloc(bytes)]);
function ape(text: string): Buffer {
  const value = Buffer.from(text);
  const item = Buffer.concat([Buffer.alloc(8), Buffer.from('Title\0'), value]);
  item.writeUInt32LE(value.length, 0);
  const footer = Buffer.alloc(32);
  footer.write('APETAGEX');
  footer.writeUInt32LE(2000, 8);
  footer.writeUInt32LE(item.length + 32, 12);
  footer.writeUInt32LE(1, 16);
  return Buffer.concat([item, footer]);
}
const id3v1 = Buffer.concat([Buffer.from('TAG'), Buffer.from('Old title'.padEnd(125, '\0'))]);

t.test('tags before and behind MP3 frames are no sound', async (t) => {
  const folder = t.testdir();
  const path = await makeMusic(ffmpeg, folder, 'a.mp3', {
    samples: 10 * 44_100,
    args: ['-c:a', 'libmp3lame', '-id3v2_version', '0'],
  });
  const plain = await readFile(path);
  const identity = identityOf(path);
  for (const parts of [
    [id3(5000), plain],
    [id3(100_000), id3(70), plain, id3v1],
    [plain, ape('A title')],
    [id3(10), plain, ape('A title'), id3v1],
  ]) {
    await writeFile(path, Buffer.concat(parts));
    t.equal(identityOf(path), identity);
  }
  t.equal(
    readMusic(path, ({ tags }) => tags.first('TITLE')),
    'A title',
    'of the tags behind, APE is believed first',
  );
});

t.test('a FLAC stream that was compressed anew is the same sound', async (t) => {
  const folder = t.testdir();
  const path = await makeMusic(ffmpeg, folder, 'a.flac', { samples: 10 * 44_100 });
  run('-i', path, '-c:a', 'flac', '-compression_level', '0', join(folder, 'b.flac'));
  t.equal(identityOf(join(folder, 'b.flac')), identityOf(path));
});

t.test('lengths that the encoder did not know', async (t) => {
  const folder = t.testdir();
  const path = await makeMusic(ffmpeg, folder, 'a.flac', { samples: SAMPLES });
  const bytes = await readFile(path);
  // Total samples and MD5 of the stream's information.
  bytes.fill(0, 8 + 14, 8 + 34);
  bytes[8 + 13] = (bytes[8 + 13] ?? 0) & 0xf0;
  await writeFile(path, bytes);
  const facts = factsOf(path);
  t.equal(facts.samples, undefined);
  t.ok(Math.abs(facts.durationMs - (SAMPLES * 1000) / 44_100) < 1, `${facts.durationMs} ms`);
});

t.test('a cut file is told from a whole one', async (t) => {
  const folder = t.testdir();
  for (const name of FILES) {
    const path = await makeMusic(ffmpeg, folder, name, { samples: 10 * 44_100 });
    const { length } = await readFile(path);
    for (const share of [0.3, 0.7, 0.95]) {
      const cut = join(folder, `cut-${name}`);
      await copyFile(path, cut);
      await truncate(cut, Math.floor(length * share));
      t.throws(() => factsOf(cut), { code: 'TRUNCATED' }, `${name} to ${share}`);
    }
  }
});

t.test('what is in a box or a stream, but is no song', async (t) => {
  const folder = t.testdir();
  const path = (name: string): string => join(folder, name);
  run(
    '-f',
    'lavfi',
    '-i',
    'testsrc=d=1',
    '-f',
    'lavfi',
    '-i',
    'sine=d=1',
    '-c:v',
    'mpeg4',
    '-c:a',
    'aac',
    path('film.mp4'),
  );
  t.throws(() => factsOf(path('film.mp4')), { code: 'IS_VIDEO' });
  run('-f', 'lavfi', '-i', 'sine=d=1', '-c:a', 'ac3', '-f', 'mp4', path('ac3.m4a'));
  t.throws(() => factsOf(path('ac3.m4a')), { code: 'UNSUPPORTED_CODEC' });
  run('-f', 'lavfi', '-i', 'sine=d=1', '-c:a', 'libmp3lame', '-f', 'wav', path('mp3.wav'));
  t.throws(() => factsOf(path('mp3.wav')), { code: 'UNSUPPORTED_CODEC' });
  run('-f', 'lavfi', '-i', 'sine=d=1', '-c:a', 'aac', '-f', 'adts', path('raw.aac'));
  t.throws(() => factsOf(path('raw.aac')), { code: 'NOT_MUSIC' });
});

t.test(
  'no damage makes the readers fail in another way, or take their time',
  { timeout: 120_000 },
  async (t) => {
    const folder = t.testdir();
    const tags = { title: 'Song', artist: 'Ana', album: 'First', genre: 'Rock' };
    const broken = join(folder, 'broken');
    for (const name of FILES) {
      const bytes = await readFile(await makeMusic(ffmpeg, folder, name, { samples: 44_100, tags }));
      // Most of what can be broken lies at the beginning, or in an index at the end.
      const place = fc.oneof(
        fc.nat(400),
        fc.nat(bytes.length - 1),
        fc.nat(2000).map((back) => Math.max(0, bytes.length - 1 - back)),
      );
      const edits = fc.array(
        fc.tuple(place, fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255))),
        { minLength: 1, maxLength: 12 },
      );
      await fc.assert(
        fc.asyncProperty(edits, fc.option(place), async (changes, cut) => {
          const copy = Buffer.from(bytes);
          for (const [at, value] of changes) copy[at] = value;
          await writeFile(broken, copy.subarray(0, cut ?? copy.length));
          const startedMs = performance.now();
          try {
            factsOf(broken);
          } catch (error) {
            if (!(error instanceof RefusedError)) throw error;
          }
          return performance.now() - startedMs < 1000;
        }),
        { numRuns: 150 },
      );
      t.pass(name);
    }
  },
);
