// Goal: a folder full of traps is refused trap by trap, and the music in it is taken in. Method: a whole
// import of files made to exhaust or confuse it, then the catalogue is asked what it holds.
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import t from 'tap';
import { setLogLevel } from '../../kit/log.ts';
import { makeMusic } from '../../media/ingest/testing/music.ts';
import { run, settingsIn, takeIn } from './running.ts';

setLogLevel('silent');
const root = t.testdir({ music: {} });
const music = join(root, 'music');
const settings = settingsIn(root);

const synchsafe = (n: number) => Buffer.from([(n >> 21) & 127, (n >> 14) & 127, (n >> 7) & 127, n & 127]);
const frame = (id: string, text: string): Buffer => {
  const body = Buffer.from(`\u0003${text}`);
  return Buffer.concat([Buffer.from(id), synchsafe(body.length), Buffer.alloc(2), body]);
};
const id3 = (...frames: Buffer[]): Buffer => {
  const body = Buffer.concat(frames);
  return Buffer.concat([Buffer.from('ID3\u0004\u0000\u0000'), synchsafe(body.length), body]);
};

const chunk = (type: string, data: Buffer): Buffer => {
  const named = Buffer.concat([Buffer.from(type), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, crc]);
};

/** Black, one bit a pixel: small as a file, 3.6 GB as RGBA. */
function hugePng(px: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(px, 0);
  header.writeUInt32BE(px, 4);
  header[8] = 1;
  const pixels = deflateSync(Buffer.alloc(px * (1 + px / 8)), { level: 1 });
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  const parts = [chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([signature, ...parts]);
}

const LARGE = 1024 ** 2;
const NOT_UTF8 = Buffer.concat([Buffer.from(`${music}/caf`), Buffer.of(0xe9), Buffer.from('.wav')]);
const ESCAPES = '\u001b]0;owned\u0007\u001b[2J.flac';

const taken = await takeIn(settings, music, async (ffmpeg) => {
  const make = (name: string, seed: number) => makeMusic(ffmpeg, music, name, { samples: 30_000, seed });
  await make('plain.flac', 1);
  await make('huge-tags.mp3', 2);
  const tags = id3(
    frame('TIT2', `Long ${'x'.repeat(LARGE)}`),
    frame('TPE1', Array.from({ length: 1000 }, (_, i) => `Artist ${i}`).join('\u0000')),
    frame('TCON', Array.from({ length: 10_000 }, (_, i) => `Genre ${i}`).join('\u0000')),
    frame('TRCK', '99999999999999999999/7'),
    frame('TPOS', '-3'),
    frame('TDRC', '99999-99-99'),
    frame('TLAN', `en${'-aaaaaaaa'.repeat(10_000)}`),
    frame('TCOM', Array.from({ length: 5000 }, (_, i) => `Composer ${i}`).join('\u0000')),
    frame('TSRC', 'not a code'),
  );
  const path = join(music, 'huge-tags.mp3');
  await writeFile(path, Buffer.concat([tags, await readFile(path)]));
  await mkdir(join(music, 'huge-cover'));
  await make('huge-cover/song.flac', 3);
  await writeFile(join(music, 'huge-cover', 'cover.png'), hugePng(30_000));
  await make('escapes.flac', 4);
  await copyFile(join(music, 'escapes.flac'), join(music, ESCAPES));
  execFileSync('rm', [join(music, 'escapes.flac')]);
  // macOS takes no such name; there it is one trap less.
  if (process.platform === 'linux') await writeFile(NOT_UTF8, await readFile(join(music, 'plain.flac')));

  execFileSync('mkfifo', [join(music, 'pipe.wav')]);
  execFileSync('mkfifo', [join(music, 'cover.png')]);
  const sparse = await open(join(music, 'sparse.wav'), 'w');
  await sparse.write('RIFF\xff\xff\xff\xffWAVEfmt ');
  await sparse.truncate(5 * 1024 ** 3);
  await sparse.close();
  const zeros = await open(join(music, 'zeros.mp3'), 'w');
  await zeros.truncate(3 * 1024 ** 3);
  await zeros.close();
  // An ID3 tag that claims to be far longer than the file.
  await writeFile(join(music, 'claims.mp3'), Buffer.from('ID3\u0004\u0000\u0000\x7f\x7f\x7f\x7fTIT2'));
});

t.test('each trap is refused by name and the rest is taken in', async (t) => {
  const refused = Object.fromEntries(
    taken.refused.map(({ file, code }) => [file.slice(music.length + 1), code]),
  );
  t.match(refused, {
    'pipe.wav': 'NOT_A_FILE',
    'cover.png': 'NOT_A_FILE',
    'sparse.wav': 'TOO_LARGE',
    'zeros.mp3': 'NOT_MUSIC',
    'claims.mp3': 'NOT_MUSIC',
  });
  if (process.platform === 'linux') t.equal(refused['caf\ufffd.wav'], 'UNREADABLE');
  t.equal(taken.refused.length, process.platform === 'linux' ? 6 : 5);
  t.equal(taken.released, 4);
  t.same(await readdir(join(settings.dataDir, 'tmp')), []);
});

t.test('what a file says of itself is cut to size', async (t) => {
  const { ask, signUp } = await run(t, settings);
  const { accessToken: token } = await signUp('listener');
  const { text } = await ask('GET', '/api/songs', { token });
  const songs = JSON.parse(text).items as { songId: string; title: string; genres: string[] }[];
  t.equal(songs.length, 4);
  t.ok(text.length < 40_000, `${text.length} characters for four songs`);
  t.notOk(text.includes('\\u001b'), 'no name commands a terminal');
  const long = songs.find(({ title }) => title.startsWith('Long x'));
  t.ok(long, 'the song with huge tags is there');
  for (const { songId } of songs) t.equal((await ask('GET', `/api/songs/${songId}`, { token })).status, 200);
});
