/**
 * Goal: a song that was never packaged plays at the addresses that its package will have, and goes on playing
 * when the package comes, and when it goes. Method: a real file, real encoders, an edge behind HTTP.
 */
import { createDecipheriv } from 'node:crypto';
import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Rung } from '../../actors/catalog/contract.ts';
import { MEDIA_TOKEN_TTL_MS } from '../../config/limits.ts';
import { enginesOf } from '../../test/doubles/engines.ts';
import { ManualClock } from '../../test/gateway/doubles.ts';
import { createCovers } from '../covers/covers.ts';
import { findFfmpeg } from '../ingest/ffmpeg.ts';
import { deleteAll, storePackage } from '../ingest/package.ts';
import { FolderObjects } from '../ingest/testing/engines.ts';
import { transcode } from '../ingest/transcode.ts';
import { createJit } from '../jit/jit.ts';
import type { AudioFile } from '../jit/ports.ts';
import { decode, makeFile, planOf, soundOf } from '../jit/testing.ts';
import { trackKeys } from '../package/names.ts';
import { createEdge } from './edge.ts';
import { createLibrary } from './library.ts';
import { signToken, type TokenClaims } from './token.ts';

const ffmpeg = await findFfmpeg();
const songId = 'S'.repeat(22);
const SECONDS = 40;
const RATE = 44_100;

async function openWorld(t: Test, file: AudioFile, folder: string) {
  const { tables } = await enginesOf(t);
  const objects = new FolderObjects(join(folder, 'objects'));
  const clock = new ManualClock();
  const tempFolder = join(folder, 'tmp');
  await mkdir(tempFolder, { recursive: true });
  const files = new Map([[songId, file]]);
  const jit = createJit({
    files: { bestFile: async (id) => files.get(id) },
    ...{ tables, objects, ffmpeg: async () => ffmpeg, clock, tempFolder, runsMax: 2 },
  });
  t.teardown(() => jit[Symbol.asyncDispose]());
  const served: string[] = [];
  const key = { kid: 'k', secret: Buffer.alloc(32, 1) };
  const edge = createEdge({
    library: createLibrary({
      objects,
      jit,
      covers: createCovers({ objects }),
      masterSecret: Buffer.alloc(32, 2),
      // Each answer is asked for anew.
      cacheBytesMax: 0,
    }),
    keys: [key],
    clock,
    report: { served: (_playId, _songId, rung, index) => served.push(`${rung}/${index}`) },
  });
  const server = createServer((req, res) => void edge(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const claims = (maxRung: Rung): TokenClaims => ({
    ...{ playId: 'P'.repeat(22), userId: 'U'.repeat(22), maxRung, region: 'DE' },
    expiresAtMs: clock.nowMs() + MEDIA_TOKEN_TTL_MS,
  });
  const ask = (name: string, { maxRung = 320, ...init }: RequestInit & { maxRung?: Rung } = {}) =>
    fetch(
      name.startsWith('/')
        ? `http://127.0.0.1:${port}${name}`
        : `http://127.0.0.1:${port}/m/${signToken(key, songId, claims(maxRung))}/${songId}/${name}`,
      init,
    );
  const bytes = async (name: string): Promise<Buffer> => {
    const answer = await ask(name);
    if (answer.status !== 200) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
    return Buffer.from(await answer.arrayBuffer());
  };
  const playlist = async (rung: Rung) => {
    const text = String(await bytes(`${rung}/index.m3u8`));
    const iv = Buffer.from(/IV=0x([0-9A-F]+)/.exec(text)?.[1] ?? '', 'hex');
    const names = text.split('\n').filter((line) => line.endsWith('.m4s'));
    return { text, names, open: opener(await bytes(`${rung}/key`), iv) };
  };
  return { jit, objects, clock, files, served, ask, bytes, playlist, tempFolder };
}

const opener = (key: Buffer, iv: Buffer) => (body: Buffer) => {
  const decipher = createDecipheriv('aes-128-cbc', key, iv);
  return Buffer.concat([decipher.update(body), decipher.final()]);
};

const music = t.testdir({});
const tone = { samples: SECONDS * RATE + 321, beats: true };
const flac = await makeFile(ffmpeg, music, 'song.flac', tone);

t.test('all but sound is told before there is any, and sound comes from wherever it is asked', async (t) => {
  const folder = t.testdir({});
  const world = await openWorld(t, flac, folder);
  t.match(String(await world.bytes('master.m3u8')), /^96\/index\.m3u8$/m);
  t.match(String(await world.bytes('manifest.mpd')), 'init.enc.mp4');
  const { names, open } = await world.playlist(160);
  t.equal(names.length, 8);
  await world.bytes('160/init.mp4');
  t.equal(world.jit.runs.busy, false, 'nothing was encoded for any of it');
  const order = [5, 0, 1, 7, 2, 3, 4, 6];
  const segments: Buffer[] = [];
  for (const i of order) segments[i] = open(await world.bytes(`160/${i}.m4s`));
  const plan = planOf(flac, songId);
  const sound = await soundOf(plan, 160, segments, ffmpeg, folder);
  const source = await decode(ffmpeg, ['-i', flac.path], RATE, folder);
  t.equal(sound.length, source.length);
  const worst = sound.reduce((most, value, i) => Math.max(most, Math.abs(value - (source[i] ?? 9))), 0);
  t.ok(worst < 0.2, `the same sound: off by ${worst.toFixed(3)} at most`);
  t.same(
    world.served,
    order.map((i) => `160/${i}`),
    'it counts as evidence',
  );
  t.equal((await world.ask('160/8.m4s')).status, 404);
});

t.test('a package takes over in the middle, and may go again', async (t) => {
  const folder = t.testdir({ work: {} });
  const world = await openWorld(t, flac, folder);
  const before = await world.playlist(320);
  const init = await world.bytes('320/init.mp4');
  const first = before.open(await world.bytes('320/0.m4s'));
  const plan = planOf(flac, songId);
  const source = { ...flac, outputSamples: plan.layout.samples };
  const transcoded = await transcode(source, ffmpeg, join(folder, 'work'));
  await storePackage(songId, transcoded, flac.durationMs, world.objects, 'encoding');
  const after = await world.playlist(320);
  t.equal(after.text, before.text, 'the same playlist');
  t.same(await world.bytes('320/init.mp4'), init, 'the same init section');
  const stored = await world.objects.get(trackKeys.rendition(songId, 320, 'encoding'));
  const segments = [first];
  for (const name of after.names.slice(1)) segments.push(after.open(await world.bytes(`320/${name}`)));
  t.ok(stored?.includes(segments[1] ?? ''), 'served from the package');
  const sound = await soundOf(plan, 320, segments, ffmpeg, folder);
  const heard = await decode(ffmpeg, ['-i', flac.path], RATE, folder);
  const worst = sound.reduce((most, value, i) => Math.max(most, Math.abs(value - (heard[i] ?? 9))), 0);
  t.ok(worst < 0.05, `the same sound over the seam: off by ${worst.toFixed(3)} at most`);
  await deleteAll(trackKeys.prefix(songId), world.objects);
  t.equal(after.open(await world.bytes('320/2.m4s')).toString('latin1', 4, 8), 'moof', 'it is cut again');
});

t.test('outline, preview and progressive file are made when asked for', async (t) => {
  const folder = t.testdir({});
  const world = await openWorld(t, flac, folder);
  const waveform = JSON.parse(String(await world.bytes('waveform.json')));
  t.match(waveform, { version: 1, durationMs: 40_007 });
  t.equal(waveform.peaks.length, 800);
  const [least, most] = [Math.min(...waveform.peaks), Math.max(...waveform.peaks)];
  t.ok(least > 10 && most <= 100, `peaks of ${least} to ${most}`);
  await writeFile(join(folder, 'preview.m4a'), await world.bytes(`/p/${songId}.m4a`));
  const excerpt = await decode(ffmpeg, ['-i', join(folder, 'preview.m4a')], RATE, folder);
  t.ok(Math.abs(excerpt.length / RATE - 30) < 0.1, '30 s');
  await writeFile(join(folder, 'whole.m4a'), await world.bytes('96.m4a'));
  const whole = await decode(ffmpeg, ['-i', join(folder, 'whole.m4a')], RATE, folder);
  t.ok(Math.abs(whole.length - tone.samples) < 1024, `${whole.length} samples`);
  const part = await world.ask('96.m4a', { headers: { range: 'bytes=100000-100099' } });
  t.equal(part.status, 206);
  t.same(
    Buffer.from(await part.arrayBuffer()),
    (await readFile(join(folder, 'whole.m4a'))).subarray(100_000, 100_100),
  );
  await world.jit[Symbol.asyncDispose]();
  t.same(await readdir(world.tempFolder), [], 'nothing is left behind');
});

t.test('the original goes to whom the best is allowed, in ranges, as evidence', async (t) => {
  const world = await openWorld(t, flac, t.testdir({}));
  const content = await readFile(flac.path);
  t.equal((await world.ask('original', { maxRung: 160 })).status, 403);
  const whole = await world.ask('original');
  t.equal(whole.headers.get('content-type'), 'audio/flac');
  t.same(Buffer.from(await whole.arrayBuffer()), content);
  t.same(
    world.served,
    [0, 1, 2, 3, 4, 5, 6, 7].map((i) => `320/${i}`),
  );
  world.served.length = 0;
  const etag = whole.headers.get('etag') ?? '';
  const range = `bytes=${content.length - 1000}-`;
  const end = await world.ask('original', { headers: { range, 'if-range': etag } });
  t.equal(end.status, 206);
  t.same(Buffer.from(await end.arrayBuffer()), content.subarray(-1000));
  t.same(world.served, ['320/7'], 'only what was served');
  t.equal((await world.ask('original', { headers: { range, 'if-range': '"other"' } })).status, 200);
  t.equal((await world.ask('original', { headers: { 'if-none-match': etag } })).status, 304);
  t.equal((await world.ask('original', { headers: { range: 'bytes=99999999-' } })).status, 416);
  const head = await world.ask('original', { method: 'HEAD' });
  t.equal(head.headers.get('content-length'), String(content.length));
});

t.test('a file that vanishes is told, and nothing hangs', async (t) => {
  const folder = t.testdir({});
  const file = await makeFile(ffmpeg, folder, 'song.wav', tone);
  const world = await openWorld(t, file, folder);
  await world.bytes('96/0.m4s');
  await truncate(file.path, 1000);
  t.equal((await world.ask('original')).status, 404);
  await rm(file.path);
  t.match(await (await world.ask('original')).json(), { code: 'ORIGINAL_GONE', status: 404 });
  const busy = await world.ask('320/3.m4s');
  t.equal(busy.status, 503);
  t.equal(busy.headers.get('retry-after'), '2');
  world.files.delete(songId);
  for (const name of ['96/0.m4s', 'master.m3u8', 'waveform.json', '96.m4a', 'original', `/p/${songId}.m4a`]) {
    t.match(await (await world.ask(name)).json(), { code: 'NO_SUCH_MEDIA', status: 404 }, name);
  }
});

t.test(
  'a file that holds less than it says plays to its said end once, and has its true length then',
  async (t) => {
    const world = await openWorld(
      t,
      { ...flac, samples: tone.samples + 20 * RATE, durationMs: 60_000 },
      t.testdir({}),
    );
    const { names } = await world.playlist(96);
    t.equal(names.length, 11);
    for (const name of names) await world.bytes(`96/${name}`);
    t.same((await world.playlist(96)).names, names, 'who plays it now goes on');
    world.clock.advance(MEDIA_TOKEN_TTL_MS);
    t.equal((await world.playlist(96)).names.length, 8);
  },
);

t.test('a length that headers do not tell is counted once', async (t) => {
  const { samples: _untold, ...untold } = flac;
  const world = await openWorld(t, untold, t.testdir({}));
  t.equal((await world.jit.layout(songId))?.samples, tone.samples);
});
